"""Figures as people read them: cores, Mi and Gi, plain numbers, moments, ages."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from rlagents.structs.pods import CPU, MEMORY
from rlagents.structs.quantities import to_milli

NONE = "-"
"""For what is not there."""

_DIGITS = 3
_SIZES = (("Ti", 2**40), ("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10))
_AGES = ((2 * 86400, 86400, "d"), (2 * 3600, 3600, "h"), (120, 60, "min"))


def amount(quantity: str | None, resource: str | None = None) -> str:
    """A quantity in the unit of its resource; a plain number for what is no resource."""
    if quantity is None:
        return NONE
    figure = to_milli(quantity) / 1000
    if resource == CPU:
        return f"{number(figure)} core{'' if figure == 1 else 's'}"
    if resource == MEMORY:
        return _memory(figure)
    return number(figure)


def number(figure: float) -> str:
    """Three digits, and all before the point: 0.482, 1.93, 12345."""
    whole = math.floor(math.log10(abs(figure))) + 1 if figure else 1
    places = max(0, min(_DIGITS, _DIGITS - whole))
    text = f"{round(figure, places) + 0.0:.{places}f}"  # the zero makes -0 a 0
    return text.rstrip("0").rstrip(".") if "." in text else text


def ratio(figure: float | None) -> str:
    """Three places; ratios are compared with 1."""
    return NONE if figure is None else f"{figure:.3f}"


def moment(at: float, now: float) -> str:
    """The time of day in UTC, with the date where that is not the day of `now`."""
    then, today = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(now, UTC)
    return then.strftime("%H:%M:%S" if then.date() == today.date() else "%Y-%m-%d %H:%M:%S")


def age(seconds: float) -> str:
    """One figure is enough: `8 s`, `5 min`, `3 h`, `4 d`."""
    for least, unit, name in _AGES:
        if seconds >= least:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


def _memory(size: float) -> str:
    for name, unit in _SIZES:
        if abs(size) >= unit:
            return f"{number(size / unit)} {name}"
    return f"{number(size)} bytes"

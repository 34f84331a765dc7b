"""A row of numbers as a row of bars."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_BARS = " ▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], *, top: float) -> str:
    """One bar for each value; `top` is a full bar, and so is what is above it."""
    return "".join(_bar(value / top if top > 0 else 0.0) for value in values)


def squeezed(values: Sequence[float], width: int) -> list[float]:
    """At most `width` values, each the largest of its neighbours: peaks are what matters."""
    if len(values) <= width:
        return list(values)
    edges = [round(index * len(values) / width) for index in range(width + 1)]
    return [max(values[low:high]) for low, high in pairwise(edges)]


def _bar(share: float) -> str:
    if share <= 0:
        return _BARS[0]
    return _BARS[min(len(_BARS) - 1, max(1, round(share * (len(_BARS) - 1))))]

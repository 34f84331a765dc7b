"""Quantities as Kubernetes writes them, as text or as a bare number: `250m`, `4`, `"1.5"`, `512Mi`."""

from __future__ import annotations

from rlagents.structs.quantities import to_milli
from rlautoscaler.resources.rules import Text

_DECIMAL = r"[0-9]{1,15}(\.[0-9]{1,9})?"


def between(lowest: str, highest: str, *, usual: str) -> Text:
    """A quantity within bounds, both allowed; `usual` is the example that the message gives."""
    low, high = to_milli(lowest), to_milli(highest)
    return Text(
        pattern=f"^{_DECIMAL}(m|k|M|G|T|Ki|Mi|Gi|Ti)?$",
        longest=30,
        cel=f"{_compared(lowest)} >= 0 && {_compared(highest)} <= 0",
        holds=lambda text: low <= to_milli(text) <= high,
        message=f"must be a quantity from {lowest} to {highest}, such as {usual}",
        or_integer=True,
    )


def ordered(low: str, high: str) -> str:
    """CEL: the field `low` of an object is not above its field `high`."""
    return f"quantity(string(self.{low})).compareTo(quantity(string(self.{high}))) <= 0"


def _compared(bound: str) -> str:
    return f"quantity(string(self)).compareTo(quantity('{bound}'))"


CPU = between("1m", "1024", usual="500m")
MEMORY = between("1Mi", "32Ti", usual="512Mi")

POSITIVE = Text(
    pattern=f"^{_DECIMAL}(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][0-9]{{1,2}})?$",
    longest=30,
    cel=f"{_compared('0')} > 0",
    holds=lambda text: to_milli(text) > 0,
    message="must be a quantity above 0, such as 500m or 100",
    or_integer=True,
)
TOLERANCE = Text(
    pattern=f"^{_DECIMAL}m?$",
    longest=30,
    message="must be a quantity of at least 0, such as 0.1",
    or_integer=True,
)

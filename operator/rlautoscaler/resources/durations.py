"""Durations as Go and Kubernetes write them: `15s`, `5m`, `1h30m`, `250ms`.

Units from the largest to the smallest, each at most once; a finer form than Go's, which takes any order.
Amounts have at most six digits before and three behind the point: so every sum is exact in a double and fits
Go's 64 bits of nanoseconds.
"""

from __future__ import annotations

import re
from decimal import Decimal

from rlautoscaler.resources.rules import Text

_UNITS = {"h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
_AMOUNT = r"[0-9]{1,6}(\.[0-9]{1,3})?"
PATTERN = "^" + "".join(f"({_AMOUNT}{unit})?" for unit in _UNITS) + "$"
AUTO = "auto"
LONGEST = 40


def seconds(text: str) -> float:
    """Seconds of a duration; ValueError for any other text."""
    if not text or re.fullmatch(PATTERN, text) is None:
        raise ValueError(f"{text!r} is not a duration; write it like 15s, 5m, 1h30m or 250ms")
    parts = re.findall(r"([0-9.]+)([hms]+)", text)
    return float(sum(Decimal(amount) * _UNITS[unit] for amount, unit in parts))


def written(amount: float) -> str:
    """The shortest text of a duration in seconds, to the millisecond: 5400 is `1h30m`.

    ValueError for what no duration can say: negative, infinite, or above 999999h.
    """
    if not 0 <= amount < 3.6e9:
        raise ValueError(f"{amount} seconds cannot be written as a duration")
    rest, text = round(amount * 1000), ""
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def between(lowest: str, highest: str, *, usual: str) -> Text:
    """A duration within bounds, both allowed; `usual` is the example that the message gives."""
    low, high = seconds(lowest), seconds(highest)
    return Text(
        pattern=PATTERN,
        shortest=2,
        longest=LONGEST,
        cel=_within(lowest, highest),
        holds=lambda text: low <= seconds(text) <= high,
        message=f"must be a duration from {lowest} to {highest}, such as {usual}",
    )


def auto_or_between(lowest: str, highest: str, *, usual: str) -> Text:
    """`auto`, or a duration within bounds; `usual` is the example that the message gives."""
    low, high = seconds(lowest), seconds(highest)
    return Text(
        pattern=f"^{AUTO}$|{PATTERN}",
        shortest=2,
        longest=LONGEST,
        cel=f"(self == '{AUTO}' || {_within(lowest, highest)})",
        holds=lambda text: text == AUTO or low <= seconds(text) <= high,
        message=f"must be auto or a duration from {lowest} to {highest}, such as {usual}",
    )


def _within(lowest: str, highest: str) -> str:
    return f"duration(self) >= duration('{lowest}') && duration(self) <= duration('{highest}')"

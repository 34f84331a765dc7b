"""The HPA's arithmetic: whole numbers truncate toward zero, ratios are doubles, counts have 32 bits.

Where Go leaves the result to the machine (a double beyond the integers, a division by zero), they saturate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

LARGEST_COUNT: Final = 2**31 - 1
LARGEST_FIGURE: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a ratio may be from 1, upwards and downwards, without a change of size."""

    up: float
    down: float

    def contains(self, ratio: float) -> bool:
        """Whether the ratio is near enough to 1; both ends are."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


def quotient(dividend: int, divisor: int) -> int:
    """The whole quotient, truncated toward zero (Python's own `//` rounds down)."""
    whole = abs(dividend) // abs(divisor)
    return whole if (dividend < 0) == (divisor < 0) else -whole


def ratio(figure: float, target: float) -> float:
    """The quotient in doubles, also by zero.

    Both are doubles before the division: Python divides great integers more exactly than the HPA does.
    """
    figure, target = float(figure), float(target)
    if target == 0.0:
        return math.nan if figure == 0.0 else math.copysign(math.inf, figure)
    return figure / target


def ceiling(figure: float, largest: int = LARGEST_COUNT) -> int:
    """A count, rounded up and kept in range; 0 for what is no number."""
    if math.isnan(figure):
        return 0
    return math.ceil(min(max(figure, -largest - 1), largest))


def truncation(figure: float, largest: int = LARGEST_COUNT) -> int:
    """A count, rounded toward zero and kept in range; 0 for what is no number."""
    if math.isnan(figure):
        return 0
    return math.trunc(min(max(figure, -largest - 1), largest))


def count(figure: int) -> int:
    """A count kept in range."""
    return min(max(figure, -LARGEST_COUNT - 1), LARGEST_COUNT)

"""`hpa.counts` over arrays: truncation toward zero, ratios in doubles, counts of 32 bits.

Where the scalar form has whole numbers without bounds, here are 64 bits, and numpy wraps without a word:
`LARGEST_TOTAL` tells how far figures may go.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rlagents.policies.hpa.counts import LARGEST_COUNT, LARGEST_FIGURE

Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int16]

LARGEST_TOTAL: Final = LARGEST_FIGURE // 100
"""What all pods of a service may use, or be taken to use, for one metric, in milli-units; about 9.2e16.

A percentage is taken of it times 100, which has to fit.
"""


def quotient(dividend: Ints, divisor: Ints) -> Ints:
    """The whole quotient, truncated toward zero; 0 where the divisor is 0, which callers have to exclude."""
    safe = np.where(divisor == 0, 1, np.abs(divisor))
    whole = np.abs(dividend) // safe
    signed = np.where((dividend < 0) == (divisor < 0), whole, -whole)
    return np.where(divisor == 0, 0, signed)


def ratio(figure: NDArray[np.generic], target: NDArray[np.generic]) -> Floats:
    """The quotient in doubles, also by zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(figure.astype(np.float64) / target.astype(np.float64))


def ceiling(figure: Floats) -> Ints:
    """A count, rounded up and kept in range; 0 for what is no number."""
    return np.ceil(_clipped(figure)).astype(np.int64)


def scaled(ratio: Floats, pods: Ints) -> Ints:
    """A ratio times so many pods, rounded up; 0 where that is no number (an infinite ratio, no pods)."""
    with np.errstate(invalid="ignore"):
        return ceiling(ratio * pods)


def truncation(figure: Floats) -> Ints:
    """A count, rounded toward zero and kept in range; 0 for what is no number."""
    return np.trunc(_clipped(figure)).astype(np.int64)


def figure_ceiling(figure: Floats) -> Ints:
    """A figure, rounded up and kept within 64 bits; 0 for what is no number."""
    whole = np.ceil(np.nan_to_num(figure, nan=0.0, posinf=np.inf, neginf=-np.inf))
    inside = np.abs(whole) < 2.0**63
    edge = np.where(whole > 0, LARGEST_FIGURE, -LARGEST_FIGURE - 1)
    return np.where(inside, np.where(inside, whole, 0.0).astype(np.int64), edge)


def count(figure: Ints) -> Ints:
    """A count kept in range."""
    return np.clip(figure, -LARGEST_COUNT - 1, LARGEST_COUNT)


def _clipped(figure: Floats) -> Floats:
    kept = np.clip(figure, -LARGEST_COUNT - 1, LARGEST_COUNT)
    return np.where(np.isnan(figure), 0.0, kept)

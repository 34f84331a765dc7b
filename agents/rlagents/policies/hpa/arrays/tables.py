"""Rows of unequal length as one array."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Row = TypeVar("Row")


def table(rows: Sequence[Sequence[Row]], slots: int, of: Callable[[Row], Any], empty: Any) -> NDArray[Any]:
    """One figure of each entry, shape [services, slots]; `empty` fills up and gives the type."""
    filled: NDArray[Any] = np.full((len(rows), slots), empty)
    for service, row in enumerate(rows):
        for slot, entry in enumerate(row):
            filled[service, slot] = of(entry)
    return filled


def widest(rows: Sequence[Sequence[Row]]) -> int:
    """How many slots hold the longest of the rows."""
    return max((len(row) for row in rows), default=0)

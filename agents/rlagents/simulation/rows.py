"""Rows of structures of arrays: every array in a (nested) dataclass has one row for each service."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


def merge(old: T, new: T, rows: NDArray[np.int64]) -> T:
    """`old` with its `rows` replaced by those of `new`, which has just so many."""
    merged: T = _merge(old, new, rows)
    return merged


def _merge(old: Any, new: Any, rows: NDArray[np.int64]) -> Any:
    if is_dataclass(old) and not isinstance(old, type):
        changes = {
            field.name: _merge(getattr(old, field.name), getattr(new, field.name), rows)
            for field in fields(old)
        }
        return replace(old, **changes)
    merged = np.array(old)
    merged[rows] = new
    return merged

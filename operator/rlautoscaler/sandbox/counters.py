"""What pods have counted since they started, one row a pod.

The service model deals in fractions of requests; counters go up by whole ones. Each row is shown as its sum
rounded down, from a start of its own between 0 and 1: so nothing gets lost, buckets of a histogram stay
ordered, and the pods of a service do not all step at the same moment.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BOUNDS = (
    0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0,
)  # fmt: skip
"""Seconds; upper bounds of Istio's latency buckets, which those of the client libraries are a part of."""


class Figure(IntEnum):
    """Columns that are summed up; the buckets follow them."""

    COMPLETED = 0
    FAILED = 1
    COMPLETED_SECONDS = 2
    """Durations of completed requests, added up."""
    FAILED_SECONDS = 3
    CPU_SECONDS = 4
    CFS_PERIODS = 5
    THROTTLED_PERIODS = 6
    RECEIVED = 7
    """Bytes."""
    SENT = 8
    READ = 9
    WRITTEN = 10


COMPLETED_BUCKETS = slice(len(Figure), len(Figure) + len(BOUNDS))
FAILED_BUCKETS = slice(COMPLETED_BUCKETS.stop, COMPLETED_BUCKETS.stop + len(BOUNDS))
WIDTH = FAILED_BUCKETS.stop


class Counters:
    """Rows of sums, by key."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._rows: dict[Hashable, int] = {}
        self._free: list[int] = []
        self._sums: FloatArray = np.zeros((0, WIDTH))
        self._starts: FloatArray = np.zeros(0)

    def keep(self, keys: Iterable[Hashable]) -> None:
        """Have a row for exactly these keys: new ones begin at 0, others are forgotten."""
        wanted = dict.fromkeys(keys)
        self._free += [self._rows.pop(key) for key in [key for key in self._rows if key not in wanted]]
        new = [key for key in wanted if key not in self._rows]
        self._make_room(len(new))
        for key in new:
            row = self._rows[key] = self._free.pop()
            self._sums[row] = 0.0
            self._starts[row] = self._generator.random()

    def add(self, keys: Sequence[Hashable], amounts: FloatArray) -> None:
        """Add a row of amounts, `[keys, WIDTH]`, to each key's sums."""
        self._sums[self._indices(keys)] += amounts

    def sums(self, keys: Sequence[Hashable]) -> FloatArray:
        """Exact sums, `[keys, WIDTH]`."""
        return np.asarray(self._sums[self._indices(keys)])

    def shown(self, keys: Sequence[Hashable]) -> FloatArray:
        """Sums as counters show them, `[keys, WIDTH]`: whole but for seconds."""
        rows = self._indices(keys)
        exact = self._sums[rows]
        whole = np.floor(exact + self._starts[rows][:, None])
        seconds = [Figure.COMPLETED_SECONDS, Figure.FAILED_SECONDS, Figure.CPU_SECONDS]
        whole[:, seconds] = exact[:, seconds]
        return np.asarray(whole)

    def _indices(self, keys: Sequence[Hashable]) -> NDArray[np.intp]:
        return np.fromiter((self._rows[key] for key in keys), dtype=np.intp, count=len(keys))

    def _make_room(self, count: int) -> None:
        missing = count - len(self._free)
        if missing <= 0:
            return
        size = len(self._starts)
        more = max(missing, size)
        self._sums = np.vstack([self._sums, np.zeros((more, WIDTH))])
        self._starts = np.append(self._starts, np.zeros(more))
        self._free += range(size, size + more)

"""Pods that take time to start: what was asked for and what serves are two things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

LONGEST_START = 8
"""Ticks; a start-up that takes longer is taken to be this long."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Pods of N services."""

    ready: FloatArray
    """Shape [N]: pods that serve."""
    starting: FloatArray
    """Shape [N, LONGEST_START]: column d holds the pods that serve from d+1 ticks on."""

    @property
    def replicas(self) -> FloatArray:
        """Pods asked for, shape [N]."""
        return np.asarray(self.ready + self.starting.sum(axis=-1))


def of_ready(ready: ArrayLike) -> Fleet:
    """A fleet whose pods all serve."""
    pods = np.asarray(ready, dtype=np.float64)
    return Fleet(pods, np.zeros((*pods.shape, LONGEST_START)))


def resized(fleet: Fleet, replicas: ArrayLike, start_ticks: ArrayLike) -> Fleet:
    """Ask for another size: new pods serve after `start_ticks`; removal takes effect at once.

    As a ReplicaSet does, pods that do not serve yet go first, the youngest of them before the older.
    """
    wanted = np.asarray(replicas, dtype=np.float64)
    excess = np.maximum(fleet.replicas - wanted, 0.0)
    added = np.maximum(wanted - fleet.replicas, 0.0)
    starting = fleet.starting.copy()
    for column in reversed(range(LONGEST_START)):
        removed = np.minimum(starting[..., column], excess)
        starting[..., column] -= removed
        excess = excess - removed
    columns = np.clip(np.asarray(start_ticks, dtype=np.int64), 1, LONGEST_START) - 1
    starting += added[..., None] * (columns[..., None] == np.arange(LONGEST_START))
    return Fleet(fleet.ready - excess, starting)


def advanced(fleet: Fleet) -> Fleet:
    """One tick later."""
    later = np.concatenate([fleet.starting[..., 1:], np.zeros((*fleet.ready.shape, 1))], axis=-1)
    return Fleet(fleet.ready + fleet.starting[..., 0], later)


def start_ticks(mean: FloatArray, generator: np.random.Generator) -> NDArray[np.int64]:
    """Whole ticks of one launch each: scattered by 15 % and rounded at random, so that means are kept."""
    scattered = mean * generator.uniform(0.85, 1.15, np.shape(mean))
    return np.maximum(np.floor(scattered + generator.random(np.shape(mean))), 1.0).astype(np.int64)

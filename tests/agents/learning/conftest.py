"""A task so small that it is known what the best policy is."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray

from rlagents.encoding.schemas import EncodedState

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]
SIZES = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """What the task shows."""

    encoded: EncodedState
    mask: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Transition:
    """What a step of it comes to."""

    seen: Seen
    reward: NDArray[np.float64]
    resources: NDArray[np.float64]
    violation: NDArray[np.float64]
    truncated: NDArray[np.bool_]
    last_seen: EncodedState


class CueTask:
    """One feature is 1, the others 0; the action of that number earns 1 with the *next* step, others nothing.

    One action is barred in each state: where it would be the right one, nothing can be earned. Episodes are cut
    every seven steps.
    """

    def __init__(self, seed: int, count: int = 32) -> None:
        self._generator = np.random.default_rng(seed)
        self._count = count
        self._steps = 0
        self._earned = np.zeros(count)
        self._draw()

    def reset(self) -> Seen:
        """Draw new cues."""
        self._draw()
        return self._seen()

    def step(self, chosen: NDArray[np.int64]) -> Transition:
        """Pay for the step before, and note what this one earned."""
        assert self._mask[np.arange(self._count), chosen].all(), "a barred action was taken"
        reward, self._earned = self._earned, (chosen == self._cue).astype(np.float64)
        self._draw()
        self._steps += 1
        last = self._seen().encoded
        truncated = np.full(self._count, self._steps % 7 == 0)
        if truncated.all():
            self._draw()
        nothing = np.zeros(self._count)
        return Transition(self._seen(), reward, nothing, nothing, truncated, last)

    def _draw(self) -> None:
        self._cue = self._generator.integers(SIZES, size=self._count)
        self._mask = np.ones((self._count, SIZES), dtype=np.bool_)
        self._mask[np.arange(self._count), self._generator.integers(SIZES, size=self._count)] = False

    def _seen(self) -> Seen:
        features = np.eye(SIZES, dtype=np.float32)[self._cue]
        return Seen(EncodedState(features, np.ones_like(features, dtype=np.bool_), "cue/1"), self._mask)


@pytest.fixture
def make_task() -> type[CueTask]:
    return CueTask

"""Generalised advantage estimation for tasks that never end.

Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage Estimation" (2016),
equation 16, with one difference to most implementations: there is no terminal state. An episode that is cut
is bootstrapped with the value of the state it would have gone on from, and nothing of the next episode leaks
over the cut.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


def generalized_advantages(
    *,
    rewards: FloatArray,
    values: FloatArray,
    next_values: FloatArray,
    truncated: NDArray[np.bool_],
    gamma: float,
    gae_lambda: float,
) -> FloatArray:
    """Advantages of a rollout, all arrays [ticks, environments].

    `next_values[t]` is the value of the state after step t *before* any replacement, so where nothing was
    cut it equals `values[t + 1]`.
    """
    deltas = rewards + gamma * next_values - values
    advantages = np.zeros_like(deltas)
    following = np.zeros_like(deltas[0])
    for tick in reversed(range(len(deltas))):
        following = deltas[tick] + gamma * gae_lambda * np.where(truncated[tick], 0.0, following)
        advantages[tick] = following
    return advantages

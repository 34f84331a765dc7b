"""The production's action mask over arrays: which actions the guards of `rlagents.safety` leave untouched.

Those guards read one `WorkloadState` at a time, which is right for a cluster and hundreds of times too slow
for learning. A test holds both to the same answer, state by state.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlagents.encoding.classical import ClassicalInputs
from rlagents.safety import evidence, guards
from rlagents.simulation.populations import OPTIONAL_SIGNALS

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

CPU_SATURATION = evidence.DEFAULT_CPU_SATURATION
_OBJECTING = ("latency", "errors", "queue")
"""Optional signals whose absence, though configured, forbids shrinking."""


def mask(
    inputs: ClassicalInputs,
    deltas: FloatArray,
    *,
    limit_actions: BoolArray,
    min_replicas: FloatArray,
    error_target: FloatArray,
    complete: BoolArray,
) -> BoolArray:
    """Shape [N, actions]: True where no guard would change the action.

    `deltas` [actions] are changes of replicas; `complete` [N, 6] is False where a signal that exists is
    missing at this moment.
    """
    wanted = inputs.replicas[:, None] + deltas
    within = (wanted >= min_replicas[:, None]) & (wanted <= inputs.max_replicas[:, None])
    objected = ~complete[:, [OPTIONAL_SIGNALS.index(name) for name in _OBJECTING]].all(axis=-1)
    held = _saturated(inputs, error_target) | objected
    may_shrink = ~held[:, None] & (wanted >= _needed(inputs)[:, None])
    return within & ((deltas >= 0) | may_shrink) & ~limit_actions


def _saturated(inputs: ClassicalInputs, error_target: FloatArray) -> BoolArray:
    """Whether demand exceeds what the ready pods serve, as far as anything says so."""
    use = inputs.cpu / (inputs.ready * inputs.cpu_limit)
    return np.asarray(
        (use >= CPU_SATURATION)
        # Unknown and not asked for are NaN here, and say nothing.
        | (inputs.latency_p99 > inputs.latency_target)
        | (inputs.error_rate > error_target)
    )


def _needed(inputs: ClassicalInputs) -> FloatArray:
    """Fewest pods that keep the measured CPU under the guards' ceiling."""
    ceiling = guards.DEFAULTS.utilization_ceiling
    return np.ceil(inputs.cpu / (inputs.cpu_limit * ceiling) - 1e-9)

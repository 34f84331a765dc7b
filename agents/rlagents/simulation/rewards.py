"""What a tick is worth. Two readings of the same figures; resources and violations also travel by themselves.

`cost_and_violation` is the clean one: what was asked for, relative to what the service needs on average, plus
a price on every tick that missed the objective. `weighted_sum` is the textbook's: five terms in absolute
units under fixed weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

USUAL_UTILIZATION = 0.7
"""At which CPU use a service is taken to be of its usual size."""


@dataclass(frozen=True, slots=True)
class TickFigures:
    """The true figures of one tick, arrays [N], before monitoring blurs them."""

    replicas: FloatArray
    """Asked for, also those that still start: what is paid."""
    usual_replicas: FloatArray
    """What the service needs on average, at least 1: the unit in which cost is counted."""
    max_replicas: FloatArray
    violation: FloatArray
    """1 where the objective was missed, else 0."""
    latency_p99: FloatArray
    """Seconds; NaN without traffic."""
    latency_target: FloatArray
    """Seconds; NaN where none was asked for."""
    error_rate: FloatArray
    utilization: FloatArray
    resized: FloatArray
    """1 where the size changed, else 0."""


Reward: TypeAlias = Callable[[TickFigures], FloatArray]


def resources(figures: TickFigures) -> FloatArray:
    """Pods asked for, in units of what the service needs on average."""
    return figures.replicas / figures.usual_replicas


def cost_and_violation(violation_price: float) -> Reward:
    """`-(resources + violation_price * violation)`.

    Turning the price up buys fewer violations with more pods; it is the one knob.
    """

    def reward(figures: TickFigures) -> FloatArray:
        return -(resources(figures) + violation_price * figures.violation)

    return reward


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the textbook's terms. Their sum is 1, so that each is the share of attention its term gets."""

    latency: float = 0.4
    """Room under the latency target: 1 for an instant answer, 0 at the target, -1 at twice the target."""
    errors: float = 0.2
    """-1 at 1 % errors or more."""
    utilization: float = 0.2
    """1 at 70 % CPU, falling on both sides."""
    cost: float = 0.15
    """-1 at maxReplicas."""
    stability: float = 0.05
    """-1 for every change of size."""


def weighted_sum(weights: Weights = Weights()) -> Reward:
    """The textbook's reward: its units are absolute, so a large service dominates a small one."""

    def reward(figures: TickFigures) -> FloatArray:
        room = np.nan_to_num(1.0 - figures.latency_p99 / figures.latency_target, nan=0.0)
        terms = (
            (weights.latency, np.clip(room, -1.0, 1.0)),
            (weights.errors, -np.clip(figures.error_rate / 0.01, 0.0, 1.0)),
            (weights.utilization, 1.0 - np.abs(figures.utilization - 0.7) / 0.7),
            (weights.cost, -figures.replicas / figures.max_replicas),
            (weights.stability, -figures.resized),
        )
        return np.asarray(sum(weight * term for weight, term in terms))

    return reward

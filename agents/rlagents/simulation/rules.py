"""Rules that learn nothing, over arrays: what a trained policy must be seen beside.

Each is a function of what monitoring shows to a size, or a small object where the rule remembers. They act
without the guards that bind a learned policy, as the baseline does in production.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rlagents.encoding.classical import ClassicalInputs
from rlagents.simulation.populations import Services

FloatArray = NDArray[np.float64]

Rule: TypeAlias = Callable[[ClassicalInputs], FloatArray]
"""Sizes wanted, shape [N]."""


def no_op(inputs: ClassicalInputs) -> FloatArray:
    """Whatever size the service happens to have."""
    return inputs.replicas


def static(population: Services, utilization: float = 0.7) -> Rule:
    """One size for ever, such that the peak of the traffic runs at `utilization`.

    It is told the peak, which nobody who sizes a service by hand knows so well.
    """
    peak = population.pods_at_full_use(np.asarray(population.traffic.high))
    size = np.ceil(peak / utilization)

    def rule(_: ClassicalInputs) -> FloatArray:
        return size

    return rule


def threshold(low: float = 0.4, high: float = 0.7, highest: float = 0.9) -> Rule:
    """One pod more above `high` CPU, two above `highest`, one less below `low`."""

    def rule(inputs: ClassicalInputs) -> FloatArray:
        use = _use(inputs)
        change = np.select([use > highest, use > high, use < low], [2.0, 1.0, -1.0], 0.0)
        return np.asarray(inputs.replicas + change)

    return rule


class HpaLike:
    """The proportional rule of the HPA with its defaults, for N services at once.

    Tolerance 0.1, growth of at most +100 % or +4 pods a step, shrinking to the highest recommendation of the
    last 20 steps. The exact HPA, which also weighs pods that are not ready and samples that are missing, is
    `rlagents.policies.hpa`; it reads one workload at a time.
    """

    WINDOW = 20

    def __init__(self, target: float) -> None:
        self._target = target
        self._recommended: list[FloatArray] = []

    def __call__(self, inputs: ClassicalInputs) -> FloatArray:
        """Sizes wanted now; remembers what it recommended."""
        ratio = _use(inputs) / self._target
        proportional = np.ceil(ratio * inputs.ready - 1e-9)
        wanted = np.where(np.abs(ratio - 1.0) <= 0.1, inputs.replicas, proportional)
        self._recommended = [*self._recommended[-(self.WINDOW - 1) :], wanted]
        stabilized = np.max(self._recommended, axis=0)
        shrunk = np.minimum(inputs.replicas, stabilized)
        cap = np.maximum(inputs.replicas + 4.0, 2.0 * inputs.replicas)
        return np.where(wanted > inputs.replicas, np.minimum(wanted, cap), np.maximum(wanted, shrunk))


def square_root_staffing(beta: float) -> Rule:
    """Offered load R in pods and `beta` square roots of it on top (Halfin and Whitt, 1981): R + beta √R.

    Large pools need relatively less room than small ones, which a fixed utilisation target cannot say.
    """

    def rule(inputs: ClassicalInputs) -> FloatArray:
        load = np.maximum(inputs.cpu / inputs.cpu_limit, 0.0)
        return np.asarray(np.maximum(np.ceil(load + beta * np.sqrt(load)), 1.0))

    return rule


def _use(inputs: ClassicalInputs) -> FloatArray:
    """CPU in use as a share of the ready pods' limits; infinite without any."""
    full = inputs.ready * inputs.cpu_limit
    return np.asarray(np.divide(inputs.cpu, full, out=np.full(full.shape, math.inf), where=full > 0))

"""From a proposal to the size wanted: stabilise, note the raw proposal, limit.

Two ways that differ in more than numbers: the older one without `behavior`, and the one with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from rlagents.policies.hpa import behaviors, limits, stabilizing
from rlagents.policies.hpa.behaviors import Behavior
from rlagents.policies.hpa.limits import Limited
from rlagents.policies.hpa.logs import HpaLogs, recommended, retention
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.policies.hpa.specs import HpaSpec
from rlagents.policies.hpa.stabilizing import Stabilized


@dataclass(frozen=True, slots=True)
class Normalized:
    """Both steps' results, and the logs with the proposal in them."""

    proposal: int
    stabilized: Stabilized
    limited: Limited
    logs: HpaLogs

    @property
    def replicas(self) -> int:
        """The size wanted."""
        return self.limited.replicas

    @property
    def is_limited(self) -> bool:
        """Whether a bound or a rate changed the stabilised size."""
        return self.limited.replicas != self.stabilized.replicas


def normalize(
    proposal: int, current: int, spec: HpaSpec, parameters: HpaParameters, logs: HpaLogs, now: float
) -> Normalized:
    """The size wanted; `logs` are those before this pass."""
    if spec.behavior is None:
        stabilized, limited = _by_window(proposal, current, spec, parameters, logs, now)
    else:
        stabilized, limited = _by_behavior(proposal, current, spec, spec.behavior, parameters, logs, now)
    noted = recommended(logs, proposal, now, retention(spec, parameters))
    return Normalized(proposal, stabilized, limited, noted)


def _by_window(
    proposal: int, current: int, spec: HpaSpec, parameters: HpaParameters, logs: HpaLogs, now: float
) -> tuple[Stabilized, Limited]:
    past = logs.recommendations or ()
    stabilized = stabilizing.by_window(proposal, past, parameters.downscale_window, now)
    low, high = spec.min_replicas, spec.max_replicas
    return stabilized, limits.per_pass(stabilized.replicas, current, low, high, parameters)


def _by_behavior(
    proposal: int,
    current: int,
    spec: HpaSpec,
    behavior: Behavior,
    parameters: HpaParameters,
    logs: HpaLogs,
    now: float,
) -> tuple[Stabilized, Limited]:
    past = logs.recommendations or ()
    up, down = behaviors.up_rules(behavior), behaviors.down_rules(behavior, parameters)
    stabilized = stabilizing.by_rules(proposal, current, past, up, down, now)
    low, high = spec.min_replicas, spec.max_replicas
    return stabilized, limits.by_events(stabilized.replicas, current, low, high, up, down, logs, now)

"""Hard limits on what the learned policy may ask for: an ordered pipeline, one reason for each change.

The outermost has the last word, so bounds come last. None of it is learned, and none of it applies to the
baseline, which is the HPA to the last replica.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from rlagents.safety import evidence
from rlagents.structs.decisions import Limitation
from rlagents.structs.reasons import Reason
from rlagents.structs.states import WorkloadState

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """How tightly the learned policy is held."""

    scale_up_pods: int = 4
    """Pods that may always be added at once; higher reacts faster and wastes more on a wrong proposal."""
    scale_up_factor: float = 2.0
    """The size may grow to this multiple at once; with `scale_up_pods` the rule of the HPA's defaults."""
    scale_down_percent_per_minute: float = 100.0
    """Share of the last minute's largest size that may be removed within it; lower shrinks more calmly."""
    utilization_ceiling: float = 0.9
    """CPU use of the remaining pods' limits that shrinking may lead to at most; lower keeps more room."""


DEFAULTS = GuardSettings()


@dataclass(frozen=True, slots=True)
class Guarded:
    """A size after all guards, and what each of them changed, in order."""

    replicas: int
    limitations: tuple[Limitation, ...]


def guard(
    state: WorkloadState, replicas: int, *, baseline: int | None, settings: GuardSettings = DEFAULTS
) -> Guarded:
    """Pass a proposed size through every guard.

    `baseline` is what the HPA proposes now, None where it has no valid metric.
    """
    limitations: list[Limitation] = []
    for one in _PIPELINE:
        limitation = one(state, replicas, baseline, settings)
        if limitation is not None and limitation.after != replicas:
            limitations.append(limitation)
            replicas = limitation.after
    return Guarded(replicas, tuple(limitations))


_Guard = Callable[[WorkloadState, int, int | None, GuardSettings], Limitation | None]


def _unknown(state: WorkloadState, replicas: int, _: int | None, __: GuardSettings) -> Limitation | None:
    missing = evidence.against_shrinking(state)
    if replicas >= state.current_replicas or not missing:
        return None
    names = ", ".join(missing)
    return Limitation(
        Reason.UNKNOWN_BLOCKS_SHRINKING, replicas, state.current_replicas, f"no trustworthy value of {names}"
    )


def _saturated(state: WorkloadState, replicas: int, _: int | None, __: GuardSettings) -> Limitation | None:
    cause = evidence.saturation(state)
    if replicas >= state.current_replicas or cause is None:
        return None
    return Limitation(Reason.SATURATED_BLOCKS_SHRINKING, replicas, state.current_replicas, cause)


def _capacity(
    state: WorkloadState, replicas: int, _: int | None, settings: GuardSettings
) -> Limitation | None:
    """Shrinking must leave the measured demand below the ceiling; it never forces growth."""
    needed = evidence.pods_needed(state, settings.utilization_ceiling)
    floor = state.current_replicas if needed is None else min(needed, state.current_replicas)
    if replicas >= floor:
        return None
    message = (
        "CPU use per pod limit is not known"
        if needed is None
        else f"{needed} pods keep CPU under {settings.utilization_ceiling:.0%} of the limit"
    )
    return Limitation(Reason.CAPACITY_MARGIN, replicas, floor, message)


def _down_rate(
    state: WorkloadState, replicas: int, _: int | None, settings: GuardSettings
) -> Limitation | None:
    recent = [change.before for change in state.changes if state.now - change.at < MINUTE]
    peak = max([state.current_replicas, *recent])
    removable = max(1, math.floor(peak * settings.scale_down_percent_per_minute / 100))
    floor = min(state.current_replicas, peak - removable)
    if replicas >= floor:
        return None
    message = f"{settings.scale_down_percent_per_minute:g} % of {peak} pods a minute"
    return Limitation(Reason.SCALE_DOWN_RATE, replicas, floor, message)


def _up_rate(
    state: WorkloadState, replicas: int, _: int | None, settings: GuardSettings
) -> Limitation | None:
    current = state.current_replicas
    cap = max(current + settings.scale_up_pods, math.floor(current * settings.scale_up_factor))
    if replicas <= cap:
        return None
    message = f"at most +{settings.scale_up_pods} pods or x{settings.scale_up_factor:g} at once"
    return Limitation(Reason.SCALE_UP_RATE, replicas, cap, message)


def _baseline_growth(
    state: WorkloadState, replicas: int, baseline: int | None, _: GuardSettings
) -> Limitation | None:
    cause = evidence.saturation(state)
    if baseline is None or cause is None or baseline <= max(replicas, state.current_replicas):
        return None
    return Limitation(Reason.BASELINE_GROWTH, replicas, baseline, cause)


def _quota(state: WorkloadState, replicas: int, _: int | None, __: GuardSettings) -> Limitation | None:
    if state.quota_room is None:
        return None
    cap = state.current_replicas + max(0, state.quota_room)
    if replicas <= cap:
        return None
    return Limitation(Reason.QUOTA, replicas, cap, f"the ResourceQuota admits {state.quota_room} more pods")


def _bounds(state: WorkloadState, replicas: int, _: int | None, __: GuardSettings) -> Limitation | None:
    within = max(1, state.bounds.clip(replicas))
    if within == replicas:
        return None
    if within > state.bounds.clip(replicas):
        # Only the baseline knows the way back from 0, by metrics that need no pods.
        return Limitation(Reason.TOO_FEW_REPLICAS, replicas, within, "only the baseline scales to zero")
    if within < replicas:
        return Limitation(Reason.TOO_MANY_REPLICAS, replicas, within, f"maxReplicas is {within}")
    return Limitation(Reason.TOO_FEW_REPLICAS, replicas, within, f"minReplicas is {within}")


_PIPELINE: tuple[_Guard, ...] = (
    _unknown,
    _saturated,
    _capacity,
    _down_rate,
    _up_rate,
    _baseline_growth,
    _quota,
    _bounds,
)

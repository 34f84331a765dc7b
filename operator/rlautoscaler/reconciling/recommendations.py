"""What the learned policy would do with the pods' limits: shown, never applied."""

from __future__ import annotations

from collections.abc import Callable

from rlagents.structs.decisions import Action, Decision
from rlagents.structs.pods import CPU, MEMORY
from rlagents.structs.quantities import to_milli
from rlautoscaler.reconciling.subjects import Subject
from rlautoscaler.resources.containers import Container, CpuBounds, MemoryBounds
from rlautoscaler.resources.statuses import ContainerRecommendation, LimitTarget, VerticalStatus


def vertical(subject: Subject, decision: Decision, *, now: float) -> VerticalStatus | None:
    """The recommendation, on the first container that the spec lists; None where the policy said nothing.

    The classical actions name no container, and a pod's first is by custom the one that works.
    """
    if decision.policy is None:
        return None
    containers, preference = subject.spec.resources.containers, decision.policy.preference
    if not containers or preference is None:
        return VerticalStatus()
    recommended = _recommended(subject, containers[0], preference)
    return VerticalStatus(recommendations=recommended, generatedAt=float(int(now)))


def _recommended(subject: Subject, container: Container, preference: Action) -> list[ContainerRecommendation]:
    running = (one for pod in subject.workload.pods if pod.is_living for one in pod.containers)
    limits = next((one.limits for one in running if one.name == container.name), {})
    cpu = _target(limits.get(CPU), round(preference.cpu * 1000), container.cpu, _cores)
    memory = _target(limits.get(MEMORY), round(preference.memory * 1000), container.memory, _bytes)
    if cpu is None and memory is None:
        return []
    return [ContainerRecommendation(name=container.name, cpu=cpu, memory=memory)]


def _target(
    present: int | None, delta: int, bounds: CpuBounds | MemoryBounds | None, written: Callable[[int], str]
) -> LimitTarget | None:
    """All in milli-units. None where there is no limit, or the user gave no room to move it."""
    if present is None or bounds is None or delta == 0:
        return None
    wanted = present + delta
    clipped = min(max(wanted, to_milli(str(bounds.min))), to_milli(str(bounds.max)))
    limited = None if clipped == wanted else _BOUNDED
    return LimitTarget(policy=written(clipped), applied=written(present), limitedReason=limited)


_BOUNDED = "OutsideBounds"
"""The container's `min` or `max` in the spec had the last word."""


def _cores(milli: int) -> str:
    return f"{milli}m" if milli % 1000 else str(milli // 1000)


def _bytes(milli: int) -> str:
    size = milli // 1000
    return f"{size // 2**20}Mi" if size % 2**20 == 0 else str(size)

"""Whose figures count, and how: pods behind the selector are ready, unready, missing or ignored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.policies.hpa.samples import Sample
from rlagents.structs.pods import CPU, ConditionStatus, Pod, PodPhase


class Group(StrEnum):
    """What a pod is to one metric."""

    READY = "ready"
    """Its sample counts. For every resource but CPU, this says nothing of its readiness."""
    UNREADY = "unready"
    """Its sample does not count; on the way up it counts as using nothing, on the way down not at all."""
    MISSING = "missing"
    """It has no sample; on the way up it counts as using nothing, on the way down as on target."""
    IGNORED = "ignored"
    """It is ending, and counts for nothing."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Names of pods, by group."""

    ready: frozenset[str]
    unready: frozenset[str]
    missing: frozenset[str]
    ignored: frozenset[str]

    def usable(self, samples: Mapping[str, Sample]) -> dict[str, Sample]:
        """The samples without those of ignored and unready pods; strays, behind no selector, stay."""
        dropped = self.ignored | self.unready
        return {pod: sample for pod, sample in samples.items() if pod not in dropped}


def group(
    pods: Iterable[Pod], samples: Mapping[str, Sample], resource: str, now: float, parameters: HpaParameters
) -> Groups:
    """Sort the pods for one metric; `resource` is empty for pods metrics."""
    members: dict[Group, set[str]] = {one: set() for one in Group}
    for pod in pods:
        members[group_of(pod, samples.get(pod.name), resource, now, parameters)].add(pod.name)
    return Groups(**{one.value: frozenset(names) for one, names in members.items()})


def group_of(pod: Pod, sample: Sample | None, resource: str, now: float, parameters: HpaParameters) -> Group:
    """The first group that fits."""
    if pod.deleting or pod.phase is PodPhase.FAILED:
        return Group.IGNORED
    if pod.phase is PodPhase.PENDING:
        return Group.UNREADY
    if sample is None:
        return Group.MISSING
    if resource == CPU and not is_usable_cpu(pod, sample, now, parameters):
        return Group.UNREADY
    return Group.READY


def is_usable_cpu(pod: Pod, sample: Sample, now: float, parameters: HpaParameters) -> bool:
    """Whether the CPU sample tells of serving rather than of starting up.

    Past the initialisation period only a pod that never was ready is left out: one that stopped being ready
    may have stopped for its load.
    """
    if pod.readiness is None or pod.started_at is None:
        return False
    unready = pod.readiness is ConditionStatus.FALSE
    # A condition that never tells when it changed counts as having changed long ago.
    changed_at = float("-inf") if pod.readiness_changed_at is None else pod.readiness_changed_at
    if now - pod.started_at < parameters.cpu_initialization_period:
        return not unready and sample.taken_at >= changed_at + sample.window
    return not (unready and changed_at - pod.started_at < parameters.initial_readiness_delay)

"""CPU and memory per pod and container, as the HPA reads them from `metrics.k8s.io`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rlagents.structs.pods import CPU, MEMORY, Pod, PodSample
from rlagents.structs.signals import SignalName
from rlautoscaler.observing.fleets import Fleet, Gathered, container_names, gather
from rlautoscaler.observing.signals import LARGEST
from rlautoscaler.observing.tables import Parts, Table

_NANO = 10**9
_NANO_PER_MILLI = 10**6

Dated = tuple[Table, Table]
"""Values and their ages, by pod and container."""


def of_fleet(fleet: Fleet, cpu: Dated, memory: Dated, *, window: float) -> tuple[PodSample, ...] | None:
    """A sample of each living pod that has one; None where neither resource could be read.

    As metrics-server does, a pod of which one container lacks a figure has none of that resource: a sum over
    the other containers would look like an idle pod.

    Args:
        fleet: whose pods.
        cpu: in cores.
        memory: in bytes.
        window: seconds that the CPU figures average over.

    """
    tables = {
        resource: dated
        for resource, dated in ((CPU, cpu), (MEMORY, memory))
        if dated[0].failure is None and dated[1].failure is None
    }
    if not tables:
        return None
    gathered = {
        resource: gather(fleet, values, ages, by_container=True)
        for resource, (values, ages) in tables.items()
    }
    samples = (_sample(fleet, pod, gathered, window) for pod in fleet.pods)
    return tuple(sample for sample in samples if sample is not None)


def _sample(fleet: Fleet, pod: Pod, gathered: Mapping[str, Gathered], window: float) -> PodSample | None:
    figures = {
        resource: found.by_pod[pod.name]
        for resource, found in gathered.items()
        if pod.name in found.ages and _is_whole(pod, found.by_pod[pod.name], LARGEST[SignalName(resource)])
    }
    if not figures:
        return None
    first = next(iter(figures))  # CPU where there is any: its age is what the HPA's start-up rule asks for
    return PodSample(pod.name, _usage(figures), fleet.moment.now - gathered[first].ages[pod.name], window)


def _is_whole(pod: Pod, parts: Parts, largest: float) -> bool:
    return container_names(pod) <= parts.keys() and all(0 <= figure <= largest for figure in parts.values())


def _usage(figures: Mapping[str, Parts]) -> dict[str, dict[str, int]]:
    """By container and resource, in milli-units."""
    usage: dict[str, dict[str, int]] = {}
    for resource, parts in figures.items():
        for container, figure in parts.items():
            usage.setdefault(container, {})[resource] = milli(figure)
    return usage


def milli(figure: float) -> int:
    """Milli-units, rounded up as Kubernetes does, after rounding to the metrics API's nano-units."""
    return math.ceil(round(figure * _NANO) / _NANO_PER_MILLI)

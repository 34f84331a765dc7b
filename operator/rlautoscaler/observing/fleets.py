"""The living pods of one workload, and what their own series add up to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rlagents.structs.pods import Pod, PodPhase
from rlagents.structs.reasons import UnknownReason
from rlautoscaler.observing.signals import EARLIEST_AGE, Moment, Reading
from rlautoscaler.observing.tables import Parts, Table


@dataclass(frozen=True, slots=True)
class Fleet:
    """The pods that are read for, at one moment."""

    namespace: str
    pods: tuple[Pod, ...]
    """Those that live: series of deleted pods linger for minutes and are not looked at."""
    settled: frozenset[str]
    """Names of the running pods that are old enough to have been scraped twice since they started."""
    moment: Moment


@dataclass(frozen=True, slots=True)
class Gathered:
    """One table's figures of a fleet."""

    by_pod: Mapping[str, Parts]
    """Fresh ones, by name of the pod."""
    ages: Mapping[str, float]
    """Seconds, by name of the pod; empty where no age could be read, or it says nothing of missing parts."""
    stale: int
    """Living pods with figures too old to count, or of no age, or so old that no rate is left of them."""


def fleet(namespace: str, pods: Iterable[Pod], moment: Moment, interval: float | None) -> Fleet:
    """The fleet of a workload.

    A pod that began to run less than three scrape intervals ago (`stale_after` where the interval is
    unknown) is not missed yet: a rate needs two scrapes, and cAdvisor may hand out the second late.
    """
    living = tuple(pod for pod in pods if pod.is_living)
    patience = moment.stale_after if interval is None else 3 * interval
    settled = frozenset(
        pod.name
        for pod in living
        if pod.phase is PodPhase.RUNNING and moment.now - (pod.started_at or pod.created_at) >= patience
    )
    return Fleet(namespace, living, settled, moment)


def gather(fleet: Fleet, values: Table, ages: Table, *, by_container: bool = False) -> Gathered:
    """The fresh figures of living pods. Where ages cannot be read at all, figures count without one.

    With `by_container`, only of the containers that run as long as the pod: series of init and debugging
    containers that have ended linger like those of pods.
    """
    by_pod: dict[str, Parts] = {}
    ages_by_pod: dict[str, float] = {}
    stale = 0
    for pod in fleet.pods:
        row = values.rows.get((fleet.namespace, pod.name), {})
        parts = {part: row[part] for part in row if not by_container or part in container_names(pod)}
        if not parts:
            stale += _is_outdated(fleet, pod, ages, by_container=by_container)
            continue
        if ages.failure is None:
            age = _age(parts, ages.rows.get((fleet.namespace, pod.name), {}))
            if not EARLIEST_AGE <= age <= fleet.moment.stale_after:
                stale += 1
                continue
            ages_by_pod[pod.name] = age
        by_pod[pod.name] = parts
    is_dated = not values.degraded and not ages.degraded
    return Gathered(by_pod, ages_by_pod if is_dated else {}, stale)


def total(
    fleet: Fleet,
    values: Table,
    ages: Table,
    *,
    window: float,
    by_container: bool = False,
    of_all: bool = False,
) -> Reading:
    """A sum over the fleet.

    Args:
        fleet: whose pods.
        values: figures by pod and part.
        ages: seconds by pod and, where they have them, the same parts.
        window: seconds that the figures average over.
        by_container: whether the parts are containers.
        of_all: whether every container of every settled pod must have a figure (CPU, memory), or a pod
            without any adds nothing (a counter that begins with the first request).

    """
    if values.failure is not None:
        return Reading(missing=values.failure, window=window)
    gathered = gather(fleet, values, ages, by_container=by_container)
    taken_at = fleet.moment.now - max(gathered.ages.values()) if gathered.ages else None
    if not gathered.by_pod:
        reason = UnknownReason.STALE if gathered.stale else UnknownReason.NO_SERIES
        return Reading(missing=reason, window=window)
    if gathered.stale or (of_all and _is_any_missing(fleet, gathered)):
        return Reading(missing=UnknownReason.PARTIAL, taken_at=taken_at, window=window)
    figures = [figure for parts in gathered.by_pod.values() for figure in parts.values()]
    lowest = min(figures)
    # A negative figure must not vanish in the sum: left alone, it is found out.
    return Reading(lowest if lowest < 0 else sum(figures), taken_at=taken_at, window=window)


def container_names(pod: Pod) -> set[str]:
    """Containers that run as long as the pod does."""
    return {container.name for container in pod.containers + pod.sidecars}


def _age(parts: Parts, ages: Parts) -> float:
    """Seconds since the oldest figure's sample; infinite where one has none."""
    if not ages.keys() & parts.keys():
        return max(ages.values(), default=math.inf)
    return max(ages.get(part, math.inf) for part in parts)


def _is_outdated(fleet: Fleet, pod: Pod, ages: Table, *, by_container: bool) -> bool:
    """Whether the pod's raw series are still known, and all too old: its rates are gone, its load is not."""
    if ages.failure is not None:
        return False
    row = ages.rows.get((fleet.namespace, pod.name), {})
    known = [age for part, age in row.items() if not by_container or part in container_names(pod)]
    return bool(known) and min(known) > fleet.moment.stale_after


def _is_any_missing(fleet: Fleet, gathered: Gathered) -> bool:
    return any(
        not container_names(pod) <= gathered.by_pod.get(pod.name, {}).keys()
        for pod in fleet.pods
        if pod.name in fleet.settled
    )

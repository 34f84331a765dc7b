"""All that a tick reads from outside: the signals, the baseline's own metrics, and usage where Prometheus has
none."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rlagents.policies import hpa
from rlagents.structs.pods import Pod, PodSample
from rlagents.structs.states import WorkloadKey
from rlautoscaler.errors import MetricsApiError
from rlautoscaler.observing.figures import FigureReader, Figures, FiguresWanted
from rlautoscaler.observing.measurements import Measured
from rlautoscaler.observing.snapshots import SnapshotReader, Statistics
from rlautoscaler.reconciling import cases
from rlautoscaler.reconciling.subjects import Subject
from rlautoscaler.resources import conversions
from rlautoscaler.resources.baselines import ResourceMetrics

Usage = Mapping[WorkloadKey, tuple[PodSample, ...] | MetricsApiError]

_FALLBACK_SHARE = 0.25
"""Of the time for reading, kept for the metrics API where Prometheus has used up the rest."""

_NO_FIGURES = Figures(hpa.NOTHING_READ, {})


@dataclass(frozen=True, slots=True)
class Read:
    """What was read for one subject."""

    measured: Measured
    readings: hpa.Readings = hpa.NOTHING_READ
    notes: tuple[str, ...] = ()
    """Sentences on what could not be read as it should, and what stood in for it."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read at one tick."""

    by_key: Mapping[WorkloadKey, Read]
    statistics: Statistics


class Reader:
    """Reads for all subjects of a tick, and raises nothing that Prometheus or the cluster could cause."""

    def __init__(self, snapshots: SnapshotReader, figures: FigureReader) -> None:
        self._snapshots = snapshots
        self._figures = figures

    async def read(self, found: Sequence[Subject], *, now: float, reading_time: float) -> Readings:
        """Everything. `reading_time`: seconds within which it has to be there."""
        end = asyncio.get_running_loop().time() + reading_time
        early = end - reading_time * _FALLBACK_SHARE
        direct = [one for one in found if _source(one) is ResourceMetrics.METRICS_API and _has_resources(one)]
        snapshots, figures, usage = await asyncio.gather(
            self._snapshots.read(
                [cases.wanted(one) for one in found],
                {one.key: one.workload.pods for one in found},
                selected={one.key: one.selected for one in found},
                now=now,
                deadline=early,
            ),
            self._read_figures(found, now, early),
            self._figures.usage(_pods(direct), deadline=early),
        )
        lacking = [one for one in found if _lacks_usage(one, snapshots.by_key.get(one.key))]
        instead = await self._figures.usage(_pods(lacking), deadline=end) if lacking else {}
        by_key = {
            one.key: _read(one, snapshots.by_key[one.key], figures.get(one.key, _NO_FIGURES), usage, instead)
            for one in found
            if one.key in snapshots.by_key
        }
        return Readings(by_key, snapshots.statistics)

    async def _read_figures(
        self, found: Sequence[Subject], now: float, deadline: float
    ) -> Mapping[WorkloadKey, Figures]:
        wanted = [figures_wanted(one) for one in found if _has_others(one)]
        if not wanted:
            return {}
        pods = {one.key: one.selected for one in found}
        return await self._figures.read(wanted, pods, now=now, deadline=deadline)


def figures_wanted(subject: Subject) -> FiguresWanted:
    """The baseline's metrics other than resources."""
    metrics = tuple(one for one in subject.baseline.metrics if one.kind not in _RESOURCES)
    return FiguresWanted(
        subject.key, subject.workload.selector, metrics, conversions.baseline_queries(subject.spec)
    )


_RESOURCES = (hpa.MetricKind.RESOURCE, hpa.MetricKind.CONTAINER_RESOURCE)


def _source(subject: Subject) -> ResourceMetrics:
    return conversions.resource_metrics(subject.spec)


def _has_resources(subject: Subject) -> bool:
    return any(one.kind in _RESOURCES for one in subject.baseline.metrics)


def _has_others(subject: Subject) -> bool:
    return any(one.kind not in _RESOURCES for one in subject.baseline.metrics)


def _pods(subjects: Sequence[Subject]) -> dict[WorkloadKey, Sequence[Pod]]:
    return {one.key: one.selected for one in subjects}


def _lacks_usage(subject: Subject, measured: Measured | None) -> bool:
    """Whether Prometheus said nothing of any pod, although the baseline asks and pods are there."""
    if measured is None or _source(subject) is not ResourceMetrics.PROMETHEUS:
        return False
    return _has_resources(subject) and not measured.samples and any(pod.is_ready for pod in subject.selected)


def _read(subject: Subject, measured: Measured, figures: Figures, usage: Usage, instead: Usage) -> Read:
    notes = [f"{metric}: {why}" for metric, why in figures.failures.items()]
    answer = usage.get(subject.key)
    if answer is not None:
        samples = None if isinstance(answer, MetricsApiError) else answer
        notes += [str(answer)] if isinstance(answer, MetricsApiError) else []
        return Read(replace(measured, samples=samples), figures.readings, tuple(notes))
    substitute = instead.get(subject.key)
    if substitute and not isinstance(substitute, MetricsApiError):
        notes.append("Prometheus has no figures of the pods; CPU and memory come from metrics.k8s.io instead")
        measured = replace(measured, samples=substitute)
    return Read(measured, figures.readings, tuple(notes))

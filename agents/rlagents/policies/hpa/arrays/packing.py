"""From specs, pods and samples, one by one, to a batch of arrays, and the logs back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rlagents.policies.hpa import behaviors, requests, samples
from rlagents.policies.hpa.arrays import normalizing, pods
from rlagents.policies.hpa.arrays.logs import LogArrays, unseen
from rlagents.policies.hpa.arrays.metrics import (
    AverageMetric,
    MetricArrays,
    SharedMetric,
    UtilizationMetric,
    WholeMetric,
)
from rlagents.policies.hpa.arrays.normalizing import BehaviorArrays, RuleArrays
from rlagents.policies.hpa.arrays.passes import SELECTORS, ScaleArrays, SpecArrays
from rlagents.policies.hpa.arrays.pods import PodArrays, SampleArrays
from rlagents.policies.hpa.behaviors import PolicyKind, Rules
from rlagents.policies.hpa.evaluations import FAILURE_REASONS
from rlagents.policies.hpa.failures import MetricError
from rlagents.policies.hpa.logs import HpaLogs, Recommendation, ScaleEvent
from rlagents.policies.hpa.metrics import MetricKind, MetricSpec
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.policies.hpa.passes import ScaleObservation
from rlagents.policies.hpa.samples import NOTHING_READ, Readings, Sample
from rlagents.policies.hpa.specs import HpaSpec
from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.pods import CPU, Pod, PodSample

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Observed:
    """One service as the scalar pass gets it."""

    spec: HpaSpec
    pods: Sequence[Pod]
    samples: Sequence[PodSample] | None = None
    readings: Readings = NOTHING_READ


def specs(given: Sequence[HpaSpec], parameters: HpaParameters) -> SpecArrays:
    """The HPAs. `InvalidSpecError` where their structure differs, which no batch can hold."""
    first = given[0]
    if any(_structure(spec) != _structure(first) for spec in given):
        raise InvalidSpecError(
            "a batch holds HPAs of one structure: the same kinds of metrics and targets in the same order, "
            "and all or none with a behavior; put the others into a batch of their own."
        )
    tolerances = [behaviors.tolerance(spec.behavior, parameters) for spec in given]
    return SpecArrays(
        low=np.array([spec.min_replicas for spec in given]),
        high=np.array([spec.max_replicas for spec in given]),
        tolerance_up=np.array([one.up for one in tolerances]),
        tolerance_down=np.array([one.down for one in tolerances]),
        behavior=_behavior(given, parameters),
        can_wake=first.can_wake,
        failure_reasons=tuple(FAILURE_REASONS[MetricKind(metric.kind)] for metric in first.metrics),
    )


def scales(given: Sequence[ScaleObservation]) -> ScaleArrays:
    """The sizes."""
    return ScaleArrays(
        np.array([one.current for one in given]),
        np.array([one.observed for one in given]),
        np.array([SELECTORS.index(one.selector) for one in given], np.int16),
    )


def metrics(
    given: Sequence[Observed], parameters: HpaParameters
) -> tuple[PodArrays, tuple[MetricArrays, ...]]:
    """The pods, and each metric with its targets and what was read for it."""
    names = [_names(one) for one in given]
    slots = max((len(each) for each in names), default=0)
    places = [{name: place for place, name in enumerate(each)} for each in names]
    packed = tuple(
        _metric([one.spec.metrics[index] for one in given], given, places, slots, parameters)
        for index in range(len(given[0].spec.metrics))
    )
    return _pods(given, slots), packed


def logs(of: LogArrays, service: int) -> HpaLogs:
    """One service's logs in the scalar form."""
    noted, ups, downs = of.recommendations, of.scale_ups, of.scale_downs
    recommendations = tuple(
        Recommendation(int(noted.replicas[service, slot]), float(noted.at[service, slot]))
        for slot in range(noted.length[service])
    )
    up, down = (
        tuple(
            ScaleEvent(
                int(log.change[service, slot]),
                float(log.at[service, slot]),
                bool(log.outdated[service, slot]),
            )
            for slot in range(log.length[service])
        )
        for log in (ups, downs)
    )
    return HpaLogs(recommendations if of.seen[service] else None, up, down)


def first_logs(services: int) -> LogArrays:
    """Of HPAs that never ran."""
    return unseen(services)


def _structure(spec: HpaSpec) -> tuple[object, ...]:
    parts = [(metric.kind, metric.name == CPU, _is_average(metric)) for metric in spec.metrics]
    return spec.behavior is None, *parts


def _is_average(metric: MetricSpec) -> bool:
    """Whether the target is per pod; of an object metric a value goes before, elsewhere an average value."""
    if metric.kind == MetricKind.OBJECT:
        return metric.target.value is None
    return metric.target.average_value is not None


def _behavior(given: Sequence[HpaSpec], parameters: HpaParameters) -> BehaviorArrays | None:
    filled = [spec.behavior for spec in given if spec.behavior is not None]
    if not filled:
        return None
    return BehaviorArrays(
        _rules([behaviors.up_rules(one) for one in filled]),
        _rules([behaviors.down_rules(one, parameters) for one in filled]),
    )


def _rules(given: Sequence[Rules]) -> RuleArrays:
    policies = [one.policies for one in given]
    slots = max(len(each) for each in policies)
    return RuleArrays(
        window=np.array([one.window for one in given], np.float64),
        select=np.array([normalizing.SELECTS.index(one.select) for one in given], np.int16),
        exists=_table(policies, slots, lambda _: True, False),
        is_percent=_table(policies, slots, lambda one: one.kind is PolicyKind.PERCENT, False),
        value=_table(policies, slots, lambda one: one.value, np.int64(0)),
        period=_table(policies, slots, lambda one: one.period, 0.0),
    )


def _names(one: Observed) -> list[str]:
    """The pods in their order, and behind them all strays: pods with a sample that are behind no selector."""
    known = [pod.name for pod in one.pods]
    rows = [row.pod for row in one.samples or ()]
    rows += [figure.pod for figures in one.readings.pods.values() for figure in figures]
    return [*known, *sorted(set(rows) - set(known))]


def _pods(given: Sequence[Observed], slots: int) -> PodArrays:
    rows = [one.pods for one in given]
    nan, never = np.nan, -np.inf
    return PodArrays(
        exists=_table(rows, slots, lambda _: True, False),
        deleting=_table(rows, slots, lambda pod: pod.deleting, False),
        phase=_table(rows, slots, lambda pod: np.int16(pods.PHASES.index(pod.phase)), np.int16(0)),
        readiness=_table(rows, slots, lambda pod: np.int16(pods.READINESS.index(pod.readiness)), np.int16(0)),
        readiness_changed_at=_table(
            rows,
            slots,
            lambda pod: never if pod.readiness_changed_at is None else pod.readiness_changed_at,
            never,
        ),
        started_at=_table(rows, slots, lambda pod: nan if pod.started_at is None else pod.started_at, nan),
    )


def _metric(
    of: Sequence[MetricSpec],
    given: Sequence[Observed],
    places: Sequence[Mapping[str, int]],
    slots: int,
    parameters: HpaParameters,
) -> MetricArrays:
    kind, is_average = of[0].kind, _is_average(of[0])
    if kind in (MetricKind.OBJECT, MetricKind.EXTERNAL):
        return _single(of, given, is_average=is_average)
    read = [_collected(metric, one) for metric, one in zip(of, given, strict=True)]
    found = _samples(read, places, slots)
    is_cpu = kind != MetricKind.PODS and of[0].name == CPU
    if is_average:
        return AverageMetric(_targets([one.target.average_value for one in of]), found, is_cpu)
    asked = [_requests(metric, one.pods, parameters) for metric, one in zip(of, given, strict=True)]
    rows = [
        [(each or {}).get(pod.name, 0) for pod in one.pods] for each, one in zip(asked, given, strict=True)
    ]
    return UtilizationMetric(
        _targets([one.target.utilization for one in of]),
        found,
        _table(rows, slots, lambda request: request, np.int64(0)),
        np.array([each is not None for each in asked]),
        is_cpu,
    )


def _single(of: Sequence[MetricSpec], given: Sequence[Observed], *, is_average: bool) -> MetricArrays:
    figures = [_figure(metric, one, is_average) for metric, one in zip(of, given, strict=True)]
    figure = np.array([0 if one is None else one for one in figures], np.int64)
    known = np.array([one is not None for one in figures])
    if is_average:
        targets = _targets([one.target.average_value for one in of])
        return SharedMetric(targets, figure, known, of[0].kind == MetricKind.EXTERNAL)
    return WholeMetric(_targets([one.target.value for one in of]), figure, known)


def _figure(metric: MetricSpec, one: Observed, is_average: bool) -> int | None:
    if metric.kind == MetricKind.OBJECT:
        return one.readings.objects.get(metric)
    series = one.readings.external.get(metric)
    if not series:
        return None
    return samples.running_total(series) if is_average else samples.capped_total(series)


def _collected(metric: MetricSpec, one: Observed) -> Mapping[str, Sample] | None:
    """By pod; None for an answer without any row."""
    try:
        match metric.kind:
            case MetricKind.RESOURCE:
                return samples.of_pods(one.samples, metric.name)
            case MetricKind.CONTAINER_RESOURCE:
                return samples.of_containers(one.samples, metric.name, metric.container)
            case _:
                return samples.of_figures(one.readings.pods.get(metric))
    except MetricError:
        return None


def _requests(metric: MetricSpec, of: Sequence[Pod], parameters: HpaParameters) -> Mapping[str, int] | None:
    """By pod; None where one pod's is not known."""
    try:
        return requests.by_pod(of, metric.name, metric.container, pod_level=parameters.pod_level_resources)
    except MetricError:
        return None


def _samples(
    read: Sequence[Mapping[str, Sample] | None], places: Sequence[Mapping[str, int]], slots: int
) -> SampleArrays:
    shape = (len(read), slots)
    known, value = np.zeros(shape, np.bool_), np.zeros(shape, np.int64)
    taken_at, window = np.zeros(shape), np.zeros(shape)
    for service, (found, place) in enumerate(zip(read, places, strict=True)):
        for pod, sample in (found or {}).items():
            at = service, place[pod]
            known[at], value[at], taken_at[at], window[at] = (
                True,
                sample.value,
                sample.taken_at,
                sample.window,
            )
    return SampleArrays(known, value, taken_at, window, np.array([one is not None for one in read]))


def _targets(given: Sequence[int | None]) -> NDArray[np.int64]:
    return np.array([one or 0 for one in given], np.int64)


def _table(rows: Sequence[Sequence[Row]], slots: int, of: Callable[[Row], Any], empty: Any) -> NDArray[Any]:
    """One figure of each entry, shape [services, slots]; `empty` behind the last and for the type."""
    table: NDArray[Any] = np.full((len(rows), slots), empty)
    for service, row in enumerate(rows):
        for slot, entry in enumerate(row):
            table[service, slot] = of(entry)
    return table

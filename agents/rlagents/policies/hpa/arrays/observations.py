"""What scalar passes read, pods, samples and figures, as arrays.

What does not fit into 64 bits is refused here; figures that a caller makes himself are his to keep in range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rlagents.policies.hpa import requests, samples
from rlagents.policies.hpa.arrays import pods
from rlagents.policies.hpa.arrays.counts import LARGEST_TOTAL, Codes, Ints
from rlagents.policies.hpa.arrays.metrics import (
    AverageMetric,
    FailingMetric,
    SharedMetric,
    UtilizationMetric,
    WholeMetric,
)
from rlagents.policies.hpa.arrays.pods import PodArrays, SampleArrays
from rlagents.policies.hpa.arrays.proposals import MetricArrays, failure_code
from rlagents.policies.hpa.arrays.tables import table, widest
from rlagents.policies.hpa.counts import LARGEST_FIGURE
from rlagents.policies.hpa.evaluations import FAILURE_REASONS, has_target
from rlagents.policies.hpa.failures import Failure, MetricError
from rlagents.policies.hpa.metrics import MetricKind, MetricSpec
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.policies.hpa.samples import NOTHING_READ, Readings, Sample
from rlagents.policies.hpa.specs import HpaSpec
from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.pods import CPU, Pod, PodSample


@dataclass(frozen=True, slots=True)
class Observed:
    """One service as the scalar pass gets it."""

    spec: HpaSpec
    pods: Sequence[Pod]
    """Of different names."""
    samples: Sequence[PodSample] | None = None
    readings: Readings = NOTHING_READ


@dataclass(frozen=True, slots=True)
class _Slots:
    """Whose slot is which: each service's pods, and behind them its strays."""

    names: Sequence[Sequence[str]]
    width: int


def metrics(
    given: Sequence[Observed], parameters: HpaParameters
) -> tuple[PodArrays, tuple[MetricArrays, ...]]:
    """The pods, and each metric with its targets and what was read for it.

    The specs have one structure, which `packing.specs` tries. Raises `InvalidSpecError` for figures that
    64 bits do not hold.
    """
    names = [_names(one) for one in given]
    slots = _Slots(names, widest(names))
    packed = tuple(
        _metric([one.spec.metrics[index] for one in given], given, slots, parameters)
        for index in range(len(given[0].spec.metrics))
    )
    return _pods([one.pods for one in given], slots.width), packed


def is_average(metric: MetricSpec) -> bool:
    """Whether the target is per pod; of an object metric a value goes before, elsewhere an average value."""
    if metric.kind == MetricKind.OBJECT:
        return metric.target.value is None
    return metric.target.average_value is not None


def _names(one: Observed) -> list[str]:
    """The pods in their order, and behind them all strays: pods with a sample that are behind no selector."""
    known = [pod.name for pod in one.pods]
    rows = [row.pod for row in one.samples or ()]
    rows += [figure.pod for figures in one.readings.pods.values() for figure in figures]
    return [*known, *sorted(set(rows) - set(known))]


def _pods(rows: Sequence[Sequence[Pod]], slots: int) -> PodArrays:
    nan, never = np.nan, -np.inf
    return PodArrays(
        exists=table(rows, slots, lambda _: True, False),
        deleting=table(rows, slots, lambda pod: pod.deleting, False),
        phase=table(rows, slots, lambda pod: pods.PHASES.index(pod.phase), np.int16(0)),
        readiness=table(rows, slots, lambda pod: pods.READINESS.index(pod.readiness), np.int16(0)),
        readiness_changed_at=table(rows, slots, lambda pod: _or(pod.readiness_changed_at, never), never),
        started_at=table(rows, slots, lambda pod: _or(pod.started_at, nan), nan),
    )


def _or(moment: float | None, absent: float) -> float:
    return absent if moment is None else moment


def _metric(
    of: Sequence[MetricSpec], given: Sequence[Observed], slots: _Slots, parameters: HpaParameters
) -> MetricArrays:
    kind = of[0].kind
    if kind not in FAILURE_REASONS:
        return FailingMetric(Failure.UNKNOWN_SOURCE)
    if not has_target(of[0]):
        return FailingMetric(Failure.NO_TARGET)
    if kind in (MetricKind.OBJECT, MetricKind.EXTERNAL):
        return _single(of, given)
    read = [_collected(metric, one) for metric, one in zip(of, given, strict=True)]
    found = _samples(read, slots)
    is_cpu = kind != MetricKind.PODS and of[0].name == CPU
    if is_average(of[0]):
        targets = _figures([one.target.average_value for one in of])
        for each, one, target in zip(read, given, targets, strict=True):
            _check(each, [int(target)] * len(one.pods))
        return AverageMetric(targets, found, is_cpu)
    return _utilization(of, given, read, found, parameters, is_cpu=is_cpu)


def _utilization(
    of: Sequence[MetricSpec],
    given: Sequence[Observed],
    read: Sequence[Mapping[str, Sample] | None],
    found: SampleArrays,
    parameters: HpaParameters,
    *,
    is_cpu: bool,
) -> UtilizationMetric:
    targets = _figures([one.target.utilization for one in of])
    asked = [_requests(metric, one.pods, parameters) for metric, one in zip(of, given, strict=True)]
    for each, (row, _), target in zip(read, asked, targets, strict=True):
        _check(each, [abs(request) * max(100, int(target)) // 100 for request in row])
    failures: Codes = np.array([failure_code(failure) for _, failure in asked], np.int16)
    rows = [row for row, _ in asked]
    requested = table(rows, found.value.shape[1], lambda request: request, np.int64(0))
    return UtilizationMetric(targets, found, requested, is_cpu, failures)


def _single(of: Sequence[MetricSpec], given: Sequence[Observed]) -> MetricArrays:
    shared = is_average(of[0])
    read = [_figure(metric, one, shared=shared) for metric, one in zip(of, given, strict=True)]
    figure, known = _figures(read), np.array([one is not None for one in read], np.bool_)
    if shared:
        targets = _figures([one.target.average_value for one in of])
        return SharedMetric(targets, figure, known, of[0].kind == MetricKind.EXTERNAL)
    return WholeMetric(_figures([one.target.value for one in of]), figure, known)


def _figure(metric: MetricSpec, one: Observed, *, shared: bool) -> int | None:
    if metric.kind == MetricKind.OBJECT:
        return one.readings.objects.get(metric)
    series = one.readings.external.get(metric)
    if not series:
        return None
    return samples.running_total(series) if shared else samples.capped_total(series)


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


def _requests(
    metric: MetricSpec, of: Sequence[Pod], parameters: HpaParameters
) -> tuple[Sequence[int], Failure | None]:
    """In the pods' order; none, and why, where one pod's is not known."""
    pod_level = parameters.pod_level_resources
    try:
        asked = requests.by_pod(of, metric.name, metric.container, pod_level=pod_level)
    except MetricError as error:
        return (), error.failure
    return [asked[pod.name] for pod in of], None


def _samples(read: Sequence[Mapping[str, Sample] | None], slots: _Slots) -> SampleArrays:
    answered = np.array([one is not None for one in read], np.bool_)
    rows = [
        [(found or {}).get(name) for name in names] for found, names in zip(read, slots.names, strict=True)
    ]
    return SampleArrays(
        known=table(rows, slots.width, lambda one: one is not None, False),
        value=table(rows, slots.width, lambda one: 0 if one is None else _fitting(one.value), np.int64(0)),
        taken_at=table(rows, slots.width, lambda one: 0.0 if one is None else one.taken_at, 0.0),
        window=table(rows, slots.width, lambda one: 0.0 if one is None else one.window, 0.0),
        answered=answered,
    )


def _figures(given: Sequence[int | None]) -> Ints:
    return np.array([_fitting(one or 0) for one in given], np.int64)


def _fitting(figure: int) -> int:
    if abs(figure) > LARGEST_FIGURE:
        raise _too_large(figure)
    return figure


def _check(found: Mapping[str, Sample] | None, on_target: Sequence[int]) -> None:
    """The most that the second pass may add up for one service, however the pods are grouped."""
    total = sum(abs(sample.value) for sample in (found or {}).values())
    total += sum(abs(figure) for figure in on_target)
    if total >= LARGEST_TOTAL:
        raise _too_large(total)


def _too_large(figure: int) -> InvalidSpecError:
    return InvalidSpecError(
        f"a figure of {figure} milli-units is beyond what arrays of 64 bits can work with; take the scalar "
        "form, hpa.reconcile, for this service."
    )

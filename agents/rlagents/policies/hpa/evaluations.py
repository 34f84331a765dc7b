"""All metrics of one HPA: each gives a proposal or fails, and the largest proposal counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rlagents.policies.hpa import proposals, requests, samples
from rlagents.policies.hpa.counts import LARGEST_FIGURE
from rlagents.policies.hpa.failures import Failure, MetricError
from rlagents.policies.hpa.metrics import MetricKind, MetricSpec, MetricTarget
from rlagents.policies.hpa.proposals import MetricProposal, Situation
from rlagents.policies.hpa.ratios import NO_FIGURES, Average, Figures, Utilization, Yardstick
from rlagents.policies.hpa.samples import Sample
from rlagents.policies.hpa.workings import Working
from rlagents.structs.pods import MEMORY
from rlagents.structs.reasons import Reason

FAILURE_REASONS: Final[dict[str, Reason]] = {
    MetricKind.RESOURCE: Reason.FAILED_GET_RESOURCE_METRIC,
    MetricKind.CONTAINER_RESOURCE: Reason.FAILED_GET_CONTAINER_RESOURCE_METRIC,
    MetricKind.PODS: Reason.FAILED_GET_PODS_METRIC,
    MetricKind.OBJECT: Reason.FAILED_GET_OBJECT_METRIC,
    MetricKind.EXTERNAL: Reason.FAILED_GET_EXTERNAL_METRIC,
}
"""The condition's reason by kind of the metric that failed first; other kinds are invalid sources."""


@dataclass(frozen=True, slots=True)
class MetricStatus:
    """What came of one metric."""

    spec: MetricSpec
    message: str
    """One sentence: above, below or on target, or what is missing."""
    proposal: int | None = None
    """None where the metric failed."""
    figures: Figures = NO_FIGURES
    """What the status reports; empty where the metric failed."""
    failure: Failure | None = None
    working: Working | None = None
    """How the proposal came about; None where the metric failed."""

    @property
    def name(self) -> str:
        """The metric's name in messages."""
        return str(self.spec)

    @property
    def current(self) -> dict[str, int | str]:
        """The figures as `current` in an `autoscaling/v2` status."""
        is_resource = self.spec.kind in (MetricKind.RESOURCE, MetricKind.CONTAINER_RESOURCE)
        return self.figures.to_plain(binary=is_resource and self.spec.name == MEMORY)

    @property
    def failure_reason(self) -> Reason:
        """The condition's reason where this metric fails."""
        return FAILURE_REASONS.get(self.spec.kind, Reason.INVALID_METRIC_SOURCE_TYPE)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of all metrics together."""

    statuses: tuple[MetricStatus, ...]
    proposal: int | None
    """None where the failures leave none."""
    largest: MetricStatus | None
    """Whose proposal it is; the first of equals."""
    first_failed: MetricStatus | None


def evaluate(metrics: Sequence[MetricSpec], situation: Situation) -> Evaluation:
    """Ask every metric. None of them can stop the others."""
    return combine([status_of(metric, situation) for metric in metrics], situation.current)


def combine(statuses: Sequence[MetricStatus], current: int) -> Evaluation:
    """The largest proposal, unless all failed, or some did and it would shrink.

    So a failing metric never prevents growing or staying, and always prevents shrinking. `current` are the
    requested replicas.
    """
    failed = next((status for status in statuses if status.proposal is None), None)
    largest = largest_of(statuses)
    proposal = None if largest is None else largest.proposal
    if proposal is not None and failed is not None and proposal < current:
        proposal, largest = None, None
    return Evaluation(tuple(statuses), proposal, largest, failed)


def largest_of(statuses: Sequence[MetricStatus]) -> MetricStatus | None:
    """Who proposes most, the first of equals; None where nobody proposes anything."""
    sized = [status for status in statuses if status.proposal is not None]
    return max(sized, key=lambda status: status.proposal or 0, default=None)


def status_of(metric: MetricSpec, situation: Situation) -> MetricStatus:
    """Ask one metric; what it lacks becomes a status, not an exception."""
    try:
        proposal = propose(metric, situation)
    except MetricError as error:
        return MetricStatus(metric, f"unable to get {metric}: {error}", failure=error.failure)
    where = "on"
    if proposal.replicas != situation.current:
        where = "above" if proposal.replicas > situation.current else "below"
    return MetricStatus(
        metric, f"{metric} {where} target", proposal.replicas, proposal.figures, working=proposal.working
    )


def propose(metric: MetricSpec, situation: Situation) -> MetricProposal:
    """The size that one metric proposes. Raises `MetricError`."""
    readings = situation.readings
    if metric.kind in FAILURE_REASONS and not has_target(metric):
        raise MetricError(Failure.NO_TARGET, "no target is set")
    match metric.kind:
        case MetricKind.RESOURCE:
            return _per_pod(metric, situation, samples.of_pods(situation.samples, metric.name))
        case MetricKind.CONTAINER_RESOURCE:
            collected = samples.of_containers(situation.samples, metric.name, metric.container)
            return _per_pod(metric, situation, collected)
        case MetricKind.PODS:
            return _per_pod(metric, situation, samples.of_figures(readings.pods.get(metric)))
        case MetricKind.OBJECT:
            return _of_object(metric.target, situation, readings.objects.get(metric))
        case MetricKind.EXTERNAL:
            return _of_series(metric.target, situation, samples.answered(readings.external.get(metric)))
    raise MetricError(Failure.UNKNOWN_SOURCE, f"metrics of type {metric.kind} are not known")


def has_target(metric: MetricSpec) -> bool:
    """Whether there is a target of a sort that the metric's kind can have."""
    target = metric.target
    match metric.kind:
        case MetricKind.RESOURCE | MetricKind.CONTAINER_RESOURCE:
            return target.average_value is not None or target.utilization is not None
        case MetricKind.PODS:
            return target.average_value is not None
        case _:
            return target.average_value is not None or target.value is not None


def _per_pod(metric: MetricSpec, situation: Situation, collected: Mapping[str, Sample]) -> MetricProposal:
    # A pods metric may be called "cpu" without being one: only resources know of start-up.
    resource = "" if metric.kind == MetricKind.PODS else metric.name
    surveyed = proposals.survey(situation, collected, resource)
    return proposals.per_pod(situation, surveyed, _yardstick(metric, situation))


def _yardstick(metric: MetricSpec, situation: Situation) -> Yardstick:
    """An average value wins over a utilisation. Raises `MetricError` where a request is missing."""
    if metric.target.average_value is not None:
        return Average(metric.target.average_value)
    pod_level = situation.parameters.pod_level_resources
    requested = requests.by_pod(situation.pods, metric.name, metric.container, pod_level=pod_level)
    return Utilization(metric.target.utilization or 0, requested)


def _of_object(target: MetricTarget, situation: Situation, figure: int | None) -> MetricProposal:
    if figure is None:
        raise MetricError(Failure.METRICS_UNAVAILABLE, "the metrics API gave no figure")
    if target.value is not None:
        return proposals.whole(situation, figure, target.value)
    return proposals.shared(situation, figure, target.average_value or 0)


def _of_series(target: MetricTarget, situation: Situation, series: Sequence[int]) -> MetricProposal:
    """An average value wins over a value."""
    if target.average_value is None:
        return proposals.whole(situation, samples.capped_total(series), target.value or 0)
    total = samples.running_total(series)
    proposal = proposals.shared(situation, total, target.average_value)
    if total == LARGEST_FIGURE:
        # A sum that was cut is reported as it is, not as a share.
        return replace(proposal, figures=Figures(average_value=total))
    return proposal

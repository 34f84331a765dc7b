"""The size that one metric proposes: from samples per pod, or from one figure for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rlagents.policies.hpa import counts, grouping
from rlagents.policies.hpa.counts import LARGEST_FIGURE, Tolerance
from rlagents.policies.hpa.failures import Failure, MetricError
from rlagents.policies.hpa.grouping import Groups
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.policies.hpa.ratios import Figures, Yardstick
from rlagents.policies.hpa.samples import NOTHING_READ, Readings, Sample
from rlagents.policies.hpa.workings import Rule, Working, counted
from rlagents.structs.pods import ConditionStatus, Pod, PodPhase, PodSample


@dataclass(frozen=True, slots=True)
class Situation:
    """What one pass knows, whatever the metric."""

    pods: Sequence[Pod]
    """Every pod behind the selector."""
    current: int
    """Requested replicas: `spec.replicas` of the scale."""
    observed: int
    """Observed replicas: `status.replicas` of the scale."""
    tolerance: Tolerance
    parameters: HpaParameters
    now: float
    samples: Sequence[PodSample] | None = None
    """Resource usage; None where it could not be read."""
    readings: Readings = NOTHING_READ
    """What was read for the other kinds of metrics."""


@dataclass(frozen=True, slots=True)
class MetricProposal:
    """A size, and the figures that the status reports with it."""

    replicas: int
    figures: Figures
    working: Working | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """The pods sorted for one metric, and the samples that are left."""

    groups: Groups
    usage: Mapping[str, int]
    """Milli-units, by pod; strays included."""


def survey(situation: Situation, samples: Mapping[str, Sample], resource: str) -> Survey:
    """Sort the pods and drop the samples that do not count; `resource` is empty for pods metrics.

    Raises `MetricError` where there are no pods, or no samples are left.
    """
    if not situation.pods:
        raise MetricError(Failure.NO_PODS, "no pods are behind the selector")
    groups = grouping.group(situation.pods, samples, resource, situation.now, situation.parameters)
    usable = groups.usable(samples)
    if not usable:
        raise MetricError(Failure.NO_USABLE_METRICS, "no figures are left without those of unready pods")
    return Survey(groups, {pod: sample.value for pod, sample in usable.items()})


def per_pod(situation: Situation, surveyed: Survey, yardstick: Yardstick) -> MetricProposal:
    """The size at which the pods would be on target, counting from those whose samples count.

    A first pass over the samples alone gives the direction. Where pods are missing, or unready while it
    points up, a second pass counts them against it: they may damp a change of size, never turn it.
    """
    groups, current = surveyed.groups, situation.current
    first = yardstick.measure(surveyed.usage)
    counts_unready = bool(groups.unready) and first.ratio > 1.0
    if not counts_unready and not groups.missing:
        # Times the ready pods, not the replicas, and without the second pass's guards.
        proposed = counts.ceiling(first.ratio * len(groups.ready))
        kept = situation.tolerance.contains(first.ratio)
        rule = Rule.WITHIN_TOLERANCE if kept else Rule.MULTIPLIED
        working = Working(
            rule,
            first.ratio,
            situation.tolerance,
            len(groups.ready),
            pods=counted(groups),
            first=first,
        )
        return MetricProposal(current if kept else proposed, first.figures, working)
    usage = dict(surveyed.usage)
    if first.ratio < 1.0:
        usage |= {pod: yardstick.on_target(pod) for pod in groups.missing}
    elif first.ratio > 1.0:
        usage |= dict.fromkeys(groups.missing, 0)
    if counts_unready:
        usage |= dict.fromkeys(groups.unready, 0)
    second = yardstick.measure(usage)
    replicas, rule = _damped(situation, first.ratio, second.ratio, len(usage))
    working = Working(
        rule,
        first.ratio,
        situation.tolerance,
        len(usage),
        pods=counted(groups),
        first=first,
        second=second,
    )
    return MetricProposal(replicas, first.figures, working)


def whole(situation: Situation, figure: int, target: int) -> MetricProposal:
    """The size for a figure that the running and ready pods share; both in milli-units.

    Raises `MetricError` where a size is needed and there are no pods.
    """
    ratio = counts.ratio(figure, target)
    reported = Figures(value=figure)
    working = Working(Rule.MULTIPLIED, ratio, situation.tolerance, figure=figure)
    if situation.current == 0:
        return MetricProposal(counts.ceiling(ratio), reported, working)
    if situation.tolerance.contains(ratio):
        working = replace(working, rule=Rule.WITHIN_TOLERANCE)
        return MetricProposal(situation.current, reported, working)
    if not situation.pods:
        raise MetricError(Failure.NO_PODS, "no pods are behind the selector")
    serving = _serving(situation.pods)
    return MetricProposal(counts.ceiling(ratio * serving), reported, replace(working, multiplier=serving))


def shared(situation: Situation, figure: int, target: int) -> MetricProposal:
    """The size at which each replica's share of the figure is the target; both in milli-units.

    Counts from the observed replicas, and looks at no pods.
    """
    observed = situation.observed
    ratio = counts.ratio(figure, float(target) * float(observed))
    proposed = counts.ceiling(counts.ratio(figure, target))
    share = counts.ceiling(counts.ratio(figure, observed), LARGEST_FIGURE)
    kept = situation.tolerance.contains(ratio)
    rule = Rule.WITHIN_TOLERANCE if kept else Rule.DIVIDED
    working = Working(rule, ratio, situation.tolerance, sharers=observed, figure=figure)
    return MetricProposal(observed if kept else proposed, Figures(average_value=share), working)


def _damped(situation: Situation, first: float, second: float, samples: int) -> tuple[int, Rule]:
    current = situation.current
    if situation.tolerance.contains(second):
        return current, Rule.WITHIN_TOLERANCE
    if first < 1.0 < second or second < 1.0 < first:
        return current, Rule.TURNED
    proposed = counts.ceiling(second * samples)
    if (second < 1.0 and proposed > current) or (second > 1.0 and proposed < current):
        return current, Rule.AGAINST_DIRECTION
    return proposed, Rule.MULTIPLIED


def _serving(pods: Sequence[Pod]) -> int:
    """Running and ready; pods being deleted serve too, and no start-up is allowed for."""
    return sum(pod.phase is PodPhase.RUNNING and pod.readiness is ConditionStatus.TRUE for pod in pods)

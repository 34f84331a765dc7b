"""The baseline's arithmetic, from the pass to the status."""

from __future__ import annotations

import math

from rlagents.policies import hpa
from rlagents.policies.hpa import counts, explanations
from rlagents.policies.hpa.counts import Tolerance
from rlagents.policies.hpa.evaluations import MetricStatus
from rlagents.policies.hpa.limits import Limited, Rate
from rlagents.policies.hpa.ratios import Measured
from rlagents.policies.hpa.stabilizing import Hold, Stabilized
from rlagents.policies.hpa.workings import PodCounts
from rlagents.structs import quantities
from rlagents.structs.pods import MEMORY
from rlautoscaler.resources import explanations as resources
from rlautoscaler.resources.behaviors import PolicyType

_RESOURCES = (hpa.MetricKind.RESOURCE, hpa.MetricKind.CONTAINER_RESOURCE)


def explanation(result: hpa.HpaResult) -> resources.Explanation:
    """The explanation of a pass, as it was before its size was written."""
    told = explanations.explain(result)
    workings = [metric.working for metric in told.metrics if metric.working is not None]
    tolerance = workings[0].tolerance if workings else None
    return resources.Explanation(
        course=told.course,
        current=told.current,
        tolerance=None if tolerance is None else _tolerance(tolerance),
        metrics=[_metric(metric) for metric in told.metrics[: resources.MOST_METRICS]],
        largest=None if told.largest is None else told.largest.name,
        proposal=told.proposal,
        stabilized=None if told.stabilized is None else _stabilized(told.stabilized),
        limited=None if told.limited is None else _limited(told.limited),
        desired=told.desired,
        reason=told.reason,
        message=told.message,
    )


def _tolerance(tolerance: Tolerance) -> resources.ToleranceExplanation:
    return resources.ToleranceExplanation(up=tolerance.up, down=tolerance.down)


def _metric(metric: MetricStatus) -> resources.MetricExplanation:
    spec, working = metric.spec, metric.working
    is_resource = spec.kind in _RESOURCES
    known = resources.MetricExplanation(
        name=metric.name,
        type=str(spec.kind),
        resource=spec.name if is_resource else None,
        target=_target(spec),
        proposal=metric.proposal,
        failure=metric.failure,
        message=None if metric.failure is None else metric.message,
    )
    if working is None:
        return known
    binary = _is_binary(spec)
    share = None if working.sharers is None else metric.figures.average_value
    return known.model_copy(
        update={
            "pods": None if working.pods is None else _pods(working.pods),
            "first": None if working.first is None else _measured(working.first, binary),
            "second": None if working.second is None else _measured(working.second, binary),
            "value": _quantity(working.figure),
            "sharers": working.sharers,
            "averageValue": _quantity(share),
            "ratio": _number(working.ratio),
            "multiplier": working.multiplier,
            "rule": working.rule.value,
        }
    )


def _is_binary(spec: hpa.MetricSpec) -> bool:
    return spec.kind in _RESOURCES and spec.name == MEMORY


def _target(spec: hpa.MetricSpec) -> resources.TargetExplanation:
    target, binary = spec.target, _is_binary(spec)
    return resources.TargetExplanation(
        utilization=target.utilization,
        averageValue=_quantity(target.average_value, binary=binary),
        value=_quantity(target.value),
    )


def _measured(measured: Measured, binary: bool) -> resources.Measurement:
    utilization = measured.figures.utilization
    return resources.Measurement(
        used=_quantity(measured.used, binary=binary),
        requested=_quantity(measured.requested, binary=binary),
        samples=measured.samples,
        utilization=None if utilization is None else counts.count(utilization),
        averageValue=_quantity(measured.figures.average_value, binary=binary),
        ratio=_number(measured.ratio),
    )


def _pods(pods: PodCounts) -> resources.PodsExplanation:
    return resources.PodsExplanation(
        ready=pods.ready, unready=pods.unready, missing=pods.missing, ignored=pods.ignored
    )


def _stabilized(stabilized: Stabilized) -> resources.Stabilization:
    return resources.Stabilization(
        replicas=stabilized.replicas,
        reason=stabilized.reason,
        scaleUp=None if stabilized.up is None else _hold(stabilized.up),
        scaleDown=None if stabilized.down is None else _hold(stabilized.down),
    )


def _hold(hold: Hold) -> resources.Hold:
    return resources.Hold(windowSeconds=hold.window, replicas=hold.replicas, time=hold.at)


def _limited(limited: Limited) -> resources.Limits:
    pace = limited.pace
    known = resources.Limits(replicas=limited.replicas, reason=limited.reason)
    if pace is None:
        return known
    policies = [_policy(rate) for rate in pace.rates[: resources.MOST_POLICIES]]
    select = None if pace.select is None else pace.select.value
    return known.model_copy(update={"limit": pace.limit, "selectPolicy": select, "policies": policies})


def _policy(rate: Rate) -> resources.PolicyExplanation:
    policy = rate.policy
    return resources.PolicyExplanation(
        type=PolicyType(policy.kind.value),
        value=policy.value,
        periodSeconds=policy.period,
        start=counts.count(rate.start),
        limit=rate.limit,
    )


def _quantity(milli: int | None, *, binary: bool = False) -> str | None:
    return None if milli is None else quantities.from_milli(_kept(milli), binary=binary)


def _kept(figure: int) -> int:
    """Within what the API server's integers hold; sums of absurd usage may leave it."""
    return min(max(figure, -quantities.LARGEST), quantities.LARGEST)


def _number(ratio: float) -> float | None:
    """JSON has no infinity: a share among no replicas is no number."""
    return ratio if math.isfinite(ratio) else None

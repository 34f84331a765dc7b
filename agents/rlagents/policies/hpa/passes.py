"""One pass of the HPA over one target.

Read the scale, choose the branch, ask the metrics, normalise. Nothing is written here: `reconcile` tells what
the status shall say and whether a size shall be written; `outcomes` goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rlagents.policies.hpa import behaviors
from rlagents.policies.hpa.conditions import Condition, ConditionType, is_true, merged, state, without
from rlagents.policies.hpa.evaluations import Evaluation, MetricStatus, evaluate
from rlagents.policies.hpa.limits import Limited
from rlagents.policies.hpa.logs import HpaLogs, begun
from rlagents.policies.hpa.normalizing import Normalized, normalize
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.policies.hpa.proposals import Situation
from rlagents.policies.hpa.samples import NOTHING_READ, Readings
from rlagents.policies.hpa.specs import HpaSpec
from rlagents.policies.hpa.stabilizing import Stabilized
from rlagents.structs.pods import Pod, PodSample
from rlagents.structs.reasons import Reason


class Selector(StrEnum):
    """What is known of the scale's pod selector."""

    VALID = "valid"
    INVALID = "invalid"
    """Absent, or not to be understood."""
    AMBIGUOUS = "ambiguous"
    """It takes pods that another HPA's target takes, too."""


@dataclass(frozen=True, slots=True)
class ScaleObservation:
    """The scale subresource of the target."""

    current: int
    """Requested replicas, `spec.replicas`."""
    observed: int
    """Observed replicas, `status.replicas`."""
    selector: Selector = Selector.VALID


@dataclass(frozen=True, slots=True)
class HpaResult:
    """What one pass came to."""

    current: int | None
    """Requested replicas; None where the scale could not be read."""
    desired: int | None
    """What the status takes as desired; None where the pass ended early and the status keeps what it has."""
    conditions: tuple[Condition, ...]
    """All of them, those that this pass did not touch too."""
    logs: HpaLogs | None
    """To be kept until the next pass; None only where the HPA was never seen and the scale was not read."""
    proposal: int | None = None
    """Of the metrics together; None where none was read or the failures left none."""
    metrics: tuple[MetricStatus, ...] = ()
    """In the spec's order; empty where none was read."""
    error: str | None = None
    """Why the pass counts as failed. A size may be written nevertheless."""
    message: str = ""
    """Why the size should change, as an event would say it."""
    stabilized: Stabilized | None = None
    """The proposal held by recent ones; None where there was no proposal."""
    limited: Limited | None = None
    """That size within bounds and rates; None where there was no proposal."""

    @property
    def may_write(self) -> bool:
        """Whether there is a size to write."""
        return self.desired is not None and self.desired != self.current


_SELECTORS = {
    Selector.INVALID: (Reason.INVALID_SELECTOR, "the target's scale has no usable pod selector"),
    Selector.AMBIGUOUS: (Reason.AMBIGUOUS_SELECTOR, "another HPA's target selects some of these pods"),
}


def reconcile(
    spec: HpaSpec,
    parameters: HpaParameters,
    scale: ScaleObservation | None,
    pods: Sequence[Pod],
    samples: Sequence[PodSample] | None,
    logs: HpaLogs | None,
    now: float,
    readings: Readings = NOTHING_READ,
    conditions: Sequence[Condition] = (),
) -> HpaResult:
    """One pass.

    scale: None where it could not be read.
    pods: every pod behind the scale's selector, ended and pending ones too.
    samples: the answer of the resource metrics API, None where there was none.
    logs: of the pass before, None for an HPA never seen.
    now: seconds since the epoch.
    readings: what was read for metrics other than resources.
    conditions: those of the status; they carry the mark of an HPA that scaled to zero.
    """
    if scale is None:
        lost = state(
            ConditionType.ABLE_TO_SCALE, False, Reason.FAILED_GET_SCALE, "the target's scale was not readable"
        )
        return HpaResult(None, None, merged(conditions, lost), logs, error=lost.message)
    current, low, high = scale.current, spec.min_replicas, spec.max_replicas
    able = state(
        ConditionType.ABLE_TO_SCALE, True, Reason.SUCCEEDED_GET_SCALE, "the target's scale was readable"
    )
    memory = begun(logs, current, now)
    result = HpaResult(current, None, merged(conditions, able), memory)
    if current == 0:
        if not _may_wake(spec, parameters, conditions):
            return _disabled(result, parameters)
    elif current > high:
        return replace(result, desired=high, message="the present size is above the maximum")
    elif current < low:
        return replace(result, desired=low, message="the present size is below the minimum")
    tolerance = behaviors.tolerance(spec.behavior, parameters)
    situation = Situation(pods, current, scale.observed, tolerance, parameters, now, samples, readings)
    return _measured(result, spec, situation, scale.selector, memory)


def _may_wake(spec: HpaSpec, parameters: HpaParameters, conditions: Sequence[Condition]) -> bool:
    """Whether a size of 0 is this HPA's own doing, and there is a way back."""
    marked = parameters.scale_to_zero and is_true(conditions, ConditionType.SCALED_TO_ZERO)
    return marked and (spec.min_replicas > 0 or spec.can_wake)


def _disabled(result: HpaResult, parameters: HpaParameters) -> HpaResult:
    """Somebody set the size to 0, which turns the HPA off."""
    off = state(
        ConditionType.SCALING_ACTIVE, False, Reason.SCALING_DISABLED, "the size is 0, so scaling is off"
    )
    conditions = merged(result.conditions, off)
    if not parameters.scale_to_zero:
        conditions = without(conditions, ConditionType.SCALED_TO_ZERO)
    return replace(result, desired=0, conditions=conditions)


def _measured(
    result: HpaResult, spec: HpaSpec, situation: Situation, selector: Selector, logs: HpaLogs
) -> HpaResult:
    """The branch in which the metrics are read."""
    if selector is not Selector.VALID:
        return _inactive(result, *_SELECTORS[selector])
    evaluation = evaluate(spec.metrics, situation)
    result = replace(result, metrics=evaluation.statuses)
    if evaluation.proposal is None or evaluation.largest is None:
        failed = evaluation.first_failed
        if failed is None:
            return _inactive(result, Reason.INVALID_METRIC_SOURCE_TYPE, "there are no metrics")
        return _inactive(result, failed.failure_reason, failed.message)
    proposal = max(0, evaluation.proposal)
    normalized = normalize(proposal, situation.current, spec, situation.parameters, logs, situation.now)
    desired = normalized.replicas
    if situation.current == 0:
        # On waking, the minimum holds whatever the rates allow.
        desired = max(desired, spec.min_replicas)
    return replace(
        result,
        desired=desired,
        proposal=proposal,
        conditions=merged(result.conditions, *_told(evaluation.largest, normalized)),
        logs=normalized.logs,
        error=_complaint(evaluation),
        message=_cause(evaluation.largest, normalized, situation.current),
        stabilized=normalized.stabilized,
        limited=normalized.limited,
    )


def _inactive(result: HpaResult, reason: Reason, message: str) -> HpaResult:
    inactive = state(ConditionType.SCALING_ACTIVE, False, reason, message)
    return replace(result, conditions=merged(result.conditions, inactive), error=message)


def _told(largest: MetricStatus, normalized: Normalized) -> tuple[Condition, ...]:
    stabilized, limited = normalized.stabilized, normalized.limited
    return (
        state(
            ConditionType.SCALING_ACTIVE, True, Reason.VALID_METRIC_FOUND, f"the size follows {largest.name}"
        ),
        state(ConditionType.ABLE_TO_SCALE, True, stabilized.reason, stabilized.message),
        state(ConditionType.SCALING_LIMITED, normalized.is_limited, limited.reason, limited.message),
    )


def _complaint(evaluation: Evaluation) -> str | None:
    failed = [status for status in evaluation.statuses if status.proposal is None]
    if not failed:
        return None
    return f"{len(failed)} of {len(evaluation.statuses)} metrics failed; the first: {failed[0].message}"


def _cause(largest: MetricStatus, normalized: Normalized, current: int) -> str:
    if normalized.proposal > current:
        return f"{largest.name} above target"
    if normalized.proposal < current:
        return "all metrics below target"
    return normalized.stabilized.message if normalized.replicas != current else ""

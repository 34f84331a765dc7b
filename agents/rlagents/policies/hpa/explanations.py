"""One pass of the HPA told afterwards: which way it took, each metric's arithmetic, what changed the size.

Everything is taken from the result as it was worked out; nothing is computed anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rlagents.policies.hpa import evaluations
from rlagents.policies.hpa.conditions import ConditionType
from rlagents.policies.hpa.evaluations import MetricStatus
from rlagents.policies.hpa.limits import Limited
from rlagents.policies.hpa.passes import HpaResult
from rlagents.policies.hpa.stabilizing import Stabilized
from rlagents.structs.reasons import Reason


class Course(StrEnum):
    """Which way a pass took."""

    MEASURED = "Measured"
    """The metrics gave a proposal, which was stabilised and limited."""
    ABOVE_MAXIMUM = "AboveMaximum"
    """The present size was above the maximum: corrected without a look at the metrics, at once."""
    BELOW_MINIMUM = "BelowMinimum"
    """The present size was below the minimum: likewise."""
    DISABLED = "Disabled"
    """Somebody set the size to 0, which turns the HPA off."""
    NO_METRICS = "NoMetrics"
    """No metric gave a proposal: the size stays."""
    SHRINKING_BLOCKED = "ShrinkingBlocked"
    """Some metric failed and the others propose less than the present size: the size stays."""
    UNMEASURED = "Unmeasured"
    """It cannot be told whose metrics to read: the size stays."""
    NO_SCALE = "NoScale"
    """The target's size could not be read: nothing is known."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a pass came to its size."""

    course: Course
    current: int | None
    """Requested replicas that it started from."""
    metrics: tuple[MetricStatus, ...]
    """In the spec's order; empty where none was read."""
    largest: MetricStatus | None
    """Who proposes most, whether or not it counts."""
    proposal: int | None
    """Of the metrics together, not below 0; None where there is none that counts."""
    stabilized: Stabilized | None
    limited: Limited | None
    desired: int | None
    """The size wanted; None where the size stays for lack of one."""
    reason: Reason
    """What had the last word."""
    message: str
    """The same as part of a sentence."""


def explain(result: HpaResult) -> Explanation:
    """The explanation of a pass; the result is the one before its size was written."""
    course = _course(result)
    reason, message = _last_word(result, course)
    return Explanation(
        course=course,
        current=result.current,
        metrics=result.metrics,
        largest=evaluations.largest_of(result.metrics),
        proposal=result.proposal,
        stabilized=result.stabilized,
        limited=result.limited,
        desired=result.desired,
        reason=reason,
        message=message,
    )


def _course(result: HpaResult) -> Course:
    if result.current is None:
        return Course.NO_SCALE
    if result.limited is not None:
        return Course.MEASURED
    if result.desired is not None:
        return _course_without_metrics(result.current, result.desired)
    if not result.metrics:
        return Course.UNMEASURED
    proposes = any(metric.proposal is not None for metric in result.metrics)
    return Course.SHRINKING_BLOCKED if proposes else Course.NO_METRICS


def _course_without_metrics(current: int, desired: int) -> Course:
    if desired == current:
        return Course.DISABLED
    return Course.ABOVE_MAXIMUM if desired < current else Course.BELOW_MINIMUM


def _last_word(result: HpaResult, course: Course) -> tuple[Reason, str]:
    stabilized, limited = result.stabilized, result.limited
    if stabilized is not None and limited is not None:
        if result.desired not in (None, limited.replicas):
            return Reason.TOO_FEW_REPLICAS, "on waking, the minimum holds whatever the rates allow"
        held = limited.replicas == stabilized.replicas and stabilized.reason is not Reason.READY_FOR_NEW_SCALE
        return (stabilized.reason, stabilized.message) if held else (limited.reason, limited.message)
    match course:
        case Course.ABOVE_MAXIMUM:
            return Reason.TOO_MANY_REPLICAS, result.message
        case Course.BELOW_MINIMUM:
            return Reason.TOO_FEW_REPLICAS, result.message
        case Course.NO_SCALE:
            return _told(result, ConditionType.ABLE_TO_SCALE)
        case _:
            return _told(result, ConditionType.SCALING_ACTIVE)


def _told(result: HpaResult, kind: ConditionType) -> tuple[Reason, str]:
    """In the pass's own condition, which it has put there in every such case."""
    condition = next(one for one in result.conditions if one.type is kind)
    return condition.reason, condition.message

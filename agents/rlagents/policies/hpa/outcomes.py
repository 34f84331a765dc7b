"""What follows from writing the size that a pass came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rlagents.policies.hpa.conditions import SCALED_TO_ZERO, Condition, ConditionType, merged, state, without
from rlagents.policies.hpa.logs import rescaled
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.policies.hpa.passes import HpaResult
from rlagents.policies.hpa.specs import HpaSpec
from rlagents.structs.reasons import Reason


def written(result: HpaResult, spec: HpaSpec, parameters: HpaParameters, now: float) -> HpaResult:
    """The result after its size was written: the event is stored, the mark set."""
    if result.current is None or result.desired is None or result.logs is None:
        return result
    message = f"the size was changed from {result.current} to {result.desired}"
    done = state(ConditionType.ABLE_TO_SCALE, True, Reason.SUCCEEDED_RESCALE, message)
    return replace(
        result,
        conditions=_marked(merged(result.conditions, done), spec, parameters, result.desired),
        logs=rescaled(result.logs, spec, result.current, result.desired, now),
    )


def refused(result: HpaResult, cause: str) -> HpaResult:
    """The result after its size could not be written; status and events stay as they were."""
    failed = state(ConditionType.ABLE_TO_SCALE, False, Reason.FAILED_UPDATE_SCALE, cause)
    return replace(result, desired=None, conditions=merged(result.conditions, failed), error=cause)


def _marked(
    conditions: Sequence[Condition], spec: HpaSpec, parameters: HpaParameters, desired: int
) -> tuple[Condition, ...]:
    if not parameters.scale_to_zero:
        return without(conditions, ConditionType.SCALED_TO_ZERO)
    if desired == 0 and spec.min_replicas == 0 and spec.can_wake:
        mark = SCALED_TO_ZERO
    else:
        mark = state(ConditionType.SCALED_TO_ZERO, False, Reason.NOT_SCALED_TO_ZERO, "there are pods")
    return merged(conditions, mark)

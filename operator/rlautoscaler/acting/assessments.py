"""From one tick to its conditions: what is so now, in the words of `ConditionType`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rlagents.deciding.cases import Mode, Overrides
from rlagents.policies.hpa import conditions as hpa
from rlagents.structs.reasons import Reason, Source
from rlagents.structs.signals import SignalName
from rlautoscaler.acting.conditions import Condition, ConditionType, state
from rlautoscaler.acting.ticks import Failure, Success, Tick

NEEDED = (ConditionType.ABLE_TO_SCALE, ConditionType.SCALING_ACTIVE)
"""What `Ready` asks for. Not the learned policy: without it the baseline does the work."""

MANY_DISPUTES = 3
"""Changes by others within `DISPUTE_WINDOW` from which on somebody should look who else scales."""

DISPUTE_WINDOW = 3600.0
"""Seconds."""

_AT_WILL = (None, Reason.BASELINE_MODE, Reason.SHADOW_MODE, Reason.FORCED_BASELINE, Reason.SCALING_DISABLED)
"""Why the learned policy does not act although nothing is wrong: it does, or the user wants it so."""


def assess(tick: Tick, *, disputes: int) -> list[Condition]:
    """All conditions but `Ready`, which looks back at how long these have stood.

    disputes: changes of the size by others within `DISPUTE_WINDOW`.
    """
    if isinstance(tick.result, Failure):
        return list(_of_failure(tick.result))
    return [
        _able_to_scale(tick.result),
        *_of_baseline(tick.result),
        _vertical(),
        _policy_ready(tick.mode, tick.result),
        _fallback(tick.mode, tick.result),
        _paused(tick.overrides),
        _degraded(tick.result, tick.problems, disputes),
    ]


def needed(tick: Tick) -> tuple[ConditionType, ...]:
    """What `Ready` asks for at this tick. In Shadow a target that somebody else scales is as it should be."""
    result = tick.result
    beside = isinstance(result, Success) and result.decision.reason is Reason.MANAGED_ELSEWHERE
    if tick.mode is Mode.SHADOW and beside:
        return tuple(kind for kind in NEEDED if kind is not ConditionType.ABLE_TO_SCALE)
    return NEEDED


def refusal(result: Success | Failure) -> Condition | None:
    """`Ready` where waiting would be pointless: a spec that cannot be obeyed does not flap."""
    if isinstance(result, Success) or result.reason is Reason.FAILED_GET_SCALE:
        return None
    return state(ConditionType.READY, False, result.reason, result.message)


def _of_failure(failure: Failure) -> Iterator[Condition]:
    """Of all conditions, a failure is news about this one alone; the others keep what they had."""
    if failure.reason is Reason.FAILED_GET_SCALE:
        yield state(ConditionType.ABLE_TO_SCALE, False, failure.reason, failure.message)


def _able_to_scale(result: Success) -> Condition:
    kind, outcome = ConditionType.ABLE_TO_SCALE, result.outcome
    if result.decision.reason is Reason.MANAGED_ELSEWHERE:
        message = f"{result.decision.message}; proposals are shown, and nothing is written to it."
        return state(kind, False, Reason.MANAGED_ELSEWHERE, message)
    if outcome.reason is not Reason.SUCCEEDED_GET_SCALE:
        able = outcome.reason not in (Reason.FAILED_GET_SCALE, Reason.FAILED_UPDATE_SCALE)
        return state(kind, able, outcome.reason, outcome.message)
    told = _told(result, hpa.ConditionType.ABLE_TO_SCALE)
    if told is not None and result.decision.source is Source.BASELINE:
        return Condition(kind, told.status, told.reason, told.message)
    return state(kind, True, outcome.reason, "The target's size can be read and written.")


def _of_baseline(result: Success) -> Iterator[Condition]:
    active = _told(result, hpa.ConditionType.SCALING_ACTIVE)
    if active is not None:
        message = "; ".join([active.message + _unread(result, active), *result.notes])
        yield Condition(ConditionType.SCALING_ACTIVE, active.status, active.reason, message)
    yield _scaling_limited(result)


def _unread(result: Success, active: hpa.Condition) -> str:
    """Why the metrics are missing: the HPA knows no more than that they are."""
    if active.reason not in _OF_RESOURCES:
        return ""
    signals = [(name, result.state.snapshot[name]) for name in (SignalName.CPU, SignalName.MEMORY)]
    causes = [f"{name}: {signal.reason}" for name, signal in signals if signal.is_unknown]
    return f" ({', '.join(causes)})" if causes else ""


_OF_RESOURCES = (Reason.FAILED_GET_RESOURCE_METRIC, Reason.FAILED_GET_CONTAINER_RESOURCE_METRIC)


def _scaling_limited(result: Success) -> Condition:
    kind, limitation = ConditionType.SCALING_LIMITED, result.limitation
    if limitation is not None:
        return state(kind, True, limitation.reason, str(limitation))
    told = _told(result, hpa.ConditionType.SCALING_LIMITED)
    if told is not None and result.decision.source is Source.BASELINE:
        return Condition(kind, told.status, told.reason, told.message)
    return state(kind, False, Reason.DESIRED_WITHIN_RANGE, "The size is as proposed.")


def _vertical() -> Condition:
    message = "spec.resources.mode is Recommend: limits are recommended and not changed."
    return state(ConditionType.VERTICAL_ABLE_TO_APPLY, False, Reason.RECOMMEND_ONLY, message)


def _policy_ready(mode: Mode, result: Success) -> Condition:
    kind, decision = ConditionType.POLICY_READY, result.decision
    if mode is Mode.BASELINE:
        return state(kind, None, Reason.BASELINE_MODE, "spec.rollout.mode is Baseline: it is not asked.")
    if decision.policy is not None:
        return state(kind, True, "Ready", "The learned policy gives proposals.")
    if decision.policy_reason is Reason.SCALING_DISABLED:
        return state(kind, None, Reason.SCALING_DISABLED, "There are no pods: it is not asked.")
    reason = decision.policy_reason or Reason.POLICY_NOT_READY
    return state(kind, False, reason, f"The learned policy gave no proposal: {result.refusal or reason}.")


def _fallback(mode: Mode, result: Success) -> Condition:
    kind, reason = ConditionType.FALLBACK, result.decision.policy_reason
    if mode is Mode.AUTO and reason is not None and reason not in _AT_WILL:
        return state(kind, True, reason, f"The baseline decides in the learned policy's place: {reason}.")
    if mode is not Mode.AUTO:
        reason = Reason.BASELINE_MODE if mode is Mode.BASELINE else Reason.SHADOW_MODE
    return state(kind, False, reason or Reason.POLICY_ACTS, "Who decides is who should.")


def _paused(overrides: Overrides) -> Condition:
    kind = ConditionType.PAUSED
    if overrides.paused_replicas is not None:
        message = f"The size is pinned to {overrides.paused_replicas} by annotation."
        return state(kind, True, Reason.PAUSED_REPLICAS, message)
    if overrides.paused or (overrides.paused_scale_in and overrides.paused_scale_out):
        return state(kind, True, Reason.PAUSED, "Growing and shrinking are stopped by annotation.")
    if overrides.paused_scale_in:
        return state(kind, True, Reason.PAUSED_SCALE_IN, "Shrinking is stopped by annotation.")
    if overrides.paused_scale_out:
        return state(kind, True, Reason.PAUSED_SCALE_OUT, "Growing is stopped by annotation.")
    return state(kind, False, "NotPaused", "No annotation stops it.")


def _degraded(result: Success, problems: Sequence[str], disputes: int) -> Condition:
    kind = ConditionType.DEGRADED
    if problems:
        return state(kind, True, Reason.INVALID_ANNOTATION, " ".join(problems))
    if result.decision.writes and disputes >= MANY_DISPUTES:
        message = (
            f"Somebody else changed the size {disputes} times within the hour. Look for another autoscaler, "
            "or for a deployment tool that sets replicas, and let it leave the field out."
        )
        return state(kind, True, Reason.SCALED_EXTERNALLY, message)
    return state(kind, False, "AsExpected", "Nothing needs your attention.")


def _told(result: Success, kind: hpa.ConditionType) -> hpa.Condition | None:
    return next((one for one in result.baseline if one.type is kind), None)

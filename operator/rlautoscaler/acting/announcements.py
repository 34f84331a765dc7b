"""Which events a tick is worth: what has become different, told once.

Conditions tell what is so for as long as it is so; an event tells that it began or ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlagents.structs.reasons import Reason, Source
from rlautoscaler.acting import conditions
from rlautoscaler.acting.conditions import ConditionType
from rlautoscaler.acting.events import EventReason, EventType, Notice
from rlautoscaler.acting.ticks import PAUSES, Success, Tick

Status = Mapping[str, Any]


def notices(old: Status, new: Status, tick: Tick) -> list[Notice]:
    """The events of a tick, between the status before and after it."""
    told = [*_of_scale(old, new), *_of_conditions(old, new), *_of_rollout(old, new)]
    if isinstance(tick.result, Success):
        told += _of_outcome(tick.result)
        told += _of_guards(old, new)
        # Where another autoscaler owns the target, its changes are its own to tell.
        told += _of_others(old, new) if tick.result.decision.writes else ()
    return told


def _of_outcome(result: Success) -> Iterator[Notice]:
    decision, outcome = result.decision, result.outcome
    if result.has_rescaled:
        message = f"New size: {result.replicas}; source: {decision.source}; reason: {decision.message}"
        yield Notice(EventType.NORMAL, EventReason.SUCCESSFUL_RESCALE, message)
    elif outcome.reason is Reason.FAILED_UPDATE_SCALE:
        message = f"New size: {outcome.requested}; source: {decision.source}; error: {outcome.message}"
        yield Notice(EventType.WARNING, EventReason.FAILED_RESCALE, message)


def _of_guards(old: Status, new: Status) -> Iterator[Notice]:
    """Without figures: those change at every tick, and an event that repeats is only counted up."""
    guard = _guard(new)
    if guard is not None and guard != _guard(old):
        message = f"A guard changed the learned policy's size: {guard}. ScalingLimited has the figures."
        yield Notice(EventType.NORMAL, EventReason.ACTION_VETOED, message)


def _guard(status: Status) -> str | None:
    """What had the last word on the learned policy's size where that was applied, the user's pauses apart."""
    target = (status.get("horizontal") or {}).get("target") or {}
    reason = target.get("limitedReason") if target.get("source") == Source.POLICY else None
    return None if reason in PAUSES else reason


def _of_others(old: Status, new: Status) -> Iterator[Notice]:
    known = old.get("history") or []
    for change in new["history"]:
        if change["source"] == Source.EXTERNAL and change not in known:
            message = f"Size changed by others: {change['fromReplicas']} to {change['toReplicas']}."
            yield Notice(EventType.NORMAL, EventReason.SCALED_EXTERNALLY, message)


def _of_scale(old: Status, new: Status) -> Iterator[Notice]:
    able = _turned(old, new, ConditionType.ABLE_TO_SCALE, to="False")
    if able is not None and able["reason"] == Reason.FAILED_GET_SCALE:
        yield Notice(EventType.WARNING, EventReason.FAILED_GET_SCALE, able["message"])


def _of_conditions(old: Status, new: Status) -> Iterator[Notice]:
    for kind, status, event_type, reason in _TURNS:
        turned = _turned(old, new, kind, to=status)
        if turned is not None and turned["reason"] != Reason.SCALING_DISABLED:
            yield Notice(event_type, reason, turned["message"])


_TURNS = (
    (ConditionType.SCALING_ACTIVE, "False", EventType.WARNING, EventReason.METRICS_STALE),
    (ConditionType.POLICY_READY, "False", EventType.WARNING, EventReason.POLICY_NOT_READY),
    (ConditionType.FALLBACK, "True", EventType.WARNING, EventReason.FALLBACK_ACTIVATED),
    (ConditionType.FALLBACK, "False", EventType.NORMAL, EventReason.FALLBACK_DEACTIVATED),
    (ConditionType.PAUSED, "True", EventType.NORMAL, EventReason.PAUSED),
    (ConditionType.PAUSED, "False", EventType.NORMAL, EventReason.UNPAUSED),
)


def _turned(old: Status, new: Status, kind: ConditionType, *, to: str) -> Mapping[str, Any] | None:
    """The condition where it has just come to a status.

    `Fallback` and `Paused` that are False from the beginning have not ended: nothing ended.
    """
    after = conditions.find(new.get("conditions") or (), kind)
    before = conditions.find(old.get("conditions") or (), kind)
    if after is None or after["status"] != to or (before is not None and before.get("status") == to):
        return None
    ended = kind in (ConditionType.FALLBACK, ConditionType.PAUSED) and to == "False"
    return None if ended and before is None else after


def _of_rollout(old: Status, new: Status) -> Iterator[Notice]:
    before, after = (old.get("rollout") or {}).get("ratio"), (new.get("rollout") or {}).get("ratio")
    if before is None or after is None or before == after:
        return
    message = f"Share of the time that the learned policy owns: {before:.0%} to {after:.0%}."
    if after > before:
        yield Notice(EventType.NORMAL, EventReason.ROLLOUT_ADVANCED, message)
    else:
        yield Notice(EventType.WARNING, EventReason.ROLLOUT_ROLLED_BACK, message)

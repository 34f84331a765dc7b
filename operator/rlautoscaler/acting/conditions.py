"""Conditions as Kubernetes writes them (`metav1.Condition`): pure functions over a list of manifests.

A condition tells what is so, not what just happened: `lastTransitionTime` moves with the status alone, so
that a reader sees for how long it has been so.

Hysteresis. `Ready` must not flap with one missing sample (KEDA issue 7649), yet `ScalingActive` must tell
at once that a metric is gone. Both hold when `Ready` looks at the others *once they have settled*: a
condition counts when it has kept its status for `patience`; until then `Ready` stays what it was. The
transition times that this needs are in the status already, so it survives a restart, costs no second
memory, and is the same in both directions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rlagents.structs.pods import ConditionStatus
from rlautoscaler.acting import texts, times


class ConditionType(StrEnum):
    """The conditions of an `RLAutoscaler`, in the order in which they are written."""

    READY = "Ready"
    """The autoscaler does its work: configuration, target and metrics have been in order for a while."""
    ABLE_TO_SCALE = "AbleToScale"
    """The target's size can be read and written (a stabilisation window that holds it is no obstacle)."""
    SCALING_ACTIVE = "ScalingActive"
    """At least one metric gives the baseline a size."""
    SCALING_LIMITED = "ScalingLimited"
    """A bound, a rate or a guard changed what was wanted."""
    VERTICAL_ABLE_TO_APPLY = "VerticalAbleToApply"
    """Limits can be changed on running pods."""
    POLICY_READY = "PolicyReady"
    """The learned policy gave a proposal."""
    FALLBACK = "Fallback"
    """It is the learned policy's turn, and the baseline decides in its place."""
    PAUSED = "Paused"
    """The user stopped one or both directions."""
    DEGRADED = "Degraded"
    """It works, and something needs a person's attention."""


_ORDER = {kind.value: place for place, kind in enumerate(ConditionType)}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as it should be now. Differs from its manifest by having no times."""

    type: ConditionType
    status: ConditionStatus
    reason: str
    """CamelCase, from `rlagents.structs.reasons` wherever that has the word."""
    message: str

    @property
    def is_true(self) -> bool:
        """Whether the status is `True`."""
        return self.status is ConditionStatus.TRUE


def state(kind: ConditionType, value: bool | None, reason: str, message: str) -> Condition:
    """A condition from a truth value, None for `Unknown`."""
    names = {True: ConditionStatus.TRUE, False: ConditionStatus.FALSE, None: ConditionStatus.UNKNOWN}
    return Condition(kind, names[value], reason, message)


def merge(
    old: Sequence[Mapping[str, Any]], new: Iterable[Condition], *, generation: int, now: float
) -> list[dict[str, Any]]:
    """The old list with the new conditions put in: ours in their order, then those of others as they came.

    A type that is not among the new ones keeps what it had, as the HPA does it.
    """
    merged = {str(condition.get("type")): dict(condition) for condition in old}
    for condition in new:
        before = merged.get(condition.type)
        merged[condition.type] = _manifest(condition, before, generation, now)
    return sorted(merged.values(), key=lambda condition: _ORDER.get(condition["type"], len(_ORDER)))


def find(conditions: Iterable[Mapping[str, Any]], kind: ConditionType) -> Mapping[str, Any] | None:
    """The manifest of one type, None where it is not there."""
    return next((condition for condition in conditions if condition.get("type") == kind), None)


def is_true(conditions: Iterable[Mapping[str, Any]], kind: ConditionType) -> bool:
    """Whether a condition is there and `True`."""
    found = find(conditions, kind)
    return found is not None and found.get("status") == ConditionStatus.TRUE


def settled(condition: Mapping[str, Any], *, now: float, patience: float) -> bool:
    """Whether a condition has kept its status for `patience` seconds; an unreadable time counts as long."""
    since = times.parse(condition.get("lastTransitionTime"))
    return since is None or now - since >= patience


def summary(
    merged: Sequence[Mapping[str, Any]],
    needed: Iterable[ConditionType],
    *,
    generation: int,
    now: float,
    patience: float,
) -> Condition:
    """`Ready`, from conditions that must all be True, with the hysteresis told above.

    merged: the conditions of this tick, and `Ready` as it was. A first answer, and the answer to a changed
    spec, are given at once: only what stood for this generation already can flap.
    """
    needs = [found for kind in needed if (found := find(merged, kind)) is not None]
    before = find(merged, ConditionType.READY)
    fresh = before is None or before.get("observedGeneration") != generation or not _is_valid(before)
    counting = needs if fresh else [need for need in needs if settled(need, now=now, patience=patience)]
    failing = next((need for need in counting if need.get("status") != ConditionStatus.TRUE), None)
    if failing is not None:
        message = f"{failing['type']}: {failing.get('message', '')}"
        return state(ConditionType.READY, False, str(failing.get("reason")), message)
    if before is not None and not fresh and len(counting) < len(needs):
        return _kept(before)
    return state(ConditionType.READY, True, "Ready", "Target, metrics and configuration are in order.")


def _kept(before: Mapping[str, Any]) -> Condition:
    reason, message = str(before.get("reason")), str(before.get("message"))
    return Condition(ConditionType.READY, ConditionStatus(before["status"]), reason, message)


def _is_valid(condition: Mapping[str, Any]) -> bool:
    return condition.get("status") in tuple(ConditionStatus)


def _manifest(
    condition: Condition, before: Mapping[str, Any] | None, generation: int, now: float
) -> dict[str, Any]:
    same = before is not None and before.get("status") == condition.status
    since = before.get("lastTransitionTime") if before is not None and same else None
    return {
        "type": condition.type.value,
        "status": condition.status.value,
        "observedGeneration": generation,
        "lastTransitionTime": since or times.second(now),
        "reason": condition.reason,
        "message": texts.fitted(condition.message),
    }

"""The last changes of size in the status: ours, and those of others as far as they can be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rlagents.structs.reasons import Reason, Source
from rlautoscaler.acting import texts, times
from rlautoscaler.acting.ticks import Success
from rlautoscaler.resources.entries import LONGEST_HISTORY, Change

STALE_FOR = 60.0
"""Seconds after a change of ours during which the size before it may still be read: caches lag behind. After
that, or with our next write (which a stale size would not survive), it is somebody else's doing."""


def believed(history: Sequence[Mapping[str, Any]], known: object, result: Success, now: float) -> int:
    """The size that the target asks for, as far as it can be told: what was read, unless that is old.

    known: `currentReplicas` of the last status.
    """
    found = result.state.current_replicas
    lags = not result.has_rescaled and _lags_behind(history, found, now)
    return known if lags and isinstance(known, int) else result.replicas


def extended(
    history: Sequence[Mapping[str, Any]], known: object, result: Success, now: float
) -> list[dict[str, Any]]:
    """The history, oldest first, with what happened since the last status.

    A size that is neither the one known from there nor ours, is somebody else's.
    """
    changes = [dict(change) for change in history]
    ours = _ours(result) if result.has_rescaled else None
    if ours is not None and changes and changes[-1] == ours:
        return changes  # the same tick, told twice
    found = result.state.current_replicas
    if isinstance(known, int) and known != found and (ours or not _lags_behind(changes, found, now)):
        changes.append(_others(known, found, now))
    if ours is not None:
        changes.append(ours)
    return changes[-LONGEST_HISTORY:]


def disputes(history: Iterable[Mapping[str, Any]], since: float) -> int:
    """Changes by others since a moment."""
    return sum(
        change.get("source") == Source.EXTERNAL and (times.parse(change.get("time")) or 0.0) >= since
        for change in history
    )


def _ours(result: Success) -> dict[str, Any]:
    decision, limitation = result.decision, result.limitation
    return Change(
        time=float(int(result.outcome.at)),
        fromReplicas=decision.replicas_from,
        toReplicas=result.replicas,
        source=decision.source,
        reason=decision.reason,
        limitedReason=None if limitation is None else limitation.reason,
        baseline=None if decision.baseline is None else decision.baseline.replicas,
        policy=decision.policy_replicas,
        message=texts.fitted(decision.message),
    ).document()


def _others(before: int, after: int, now: float) -> dict[str, Any]:
    return Change(
        time=float(int(now)),
        fromReplicas=before,
        toReplicas=after,
        source=Source.EXTERNAL,
        reason=Reason.SCALED_EXTERNALLY,
        message="Somebody else set the size.",
    ).document()


def _lags_behind(changes: Sequence[Mapping[str, Any]], found: int, now: float) -> bool:
    """Whether a size is the one before our last change, soon after it."""
    if not changes or changes[-1]["source"] == Source.EXTERNAL:
        return False
    since = times.parse(changes[-1]["time"]) or 0.0
    return bool(changes[-1]["fromReplicas"] == found and now - since < STALE_FOR)

"""What is remembered of one autoscaler from tick to tick, and found again in its status after a restart.

Frozen: a tick makes the next memory out of the last one, so a tick that failed half-way has changed nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rlagents.policies import hpa
from rlagents.safety import violations
from rlagents.structs.decisions import Decision, Outcome
from rlagents.structs.reasons import Reason, Source
from rlagents.structs.states import Observation, SizeChange, WorkloadState
from rlautoscaler.resources import logs
from rlautoscaler.resources.statuses import Status

OBSERVED = violations.WIDENED
"""Seconds for which ticks are kept: the farthest that any verdict looks back."""
FEWEST_OBSERVATIONS = 8
"""Ticks that are kept however long ago they were; trends look back four."""
REMEMBERED = 3600.0
"""Seconds for which changes of size are kept."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One autoscaler's past."""

    uid: str
    """Of the object: another of the same name begins anew."""
    logs: hpa.HpaLogs
    """The baseline's recommendations and events; kept warm whoever decides."""
    observations: tuple[Observation, ...] = ()
    """Oldest first."""
    changes: tuple[SizeChange, ...] = ()
    """Oldest first."""
    conditions: tuple[hpa.Condition, ...] = ()
    """The baseline's."""
    current: int | None = None
    """The target's size after the last tick; None before the first."""
    asked: int = 0
    """Proposals of the learned policy since this process knows the autoscaler."""


def restored(
    uid: str, status: Status, spec: hpa.HpaSpec, parameters: hpa.HpaParameters, *, current: int, now: float
) -> Memory:
    """The memory of an autoscaler that this process sees for the first time.

    What its status lacks of the baseline's logs becomes the present size, so a restart is never less
    protective than none.
    """
    stored = logs.from_status(status.baseline)
    changes = tuple(
        SizeChange(one.time, one.fromReplicas, one.toReplicas, one.source)
        for one in status.history
        if 0 <= now - one.time <= REMEMBERED
    )
    scaled_to_zero = status.baseline is not None and status.baseline.scaledToZero
    return Memory(
        uid,
        hpa.resumed(stored, spec, parameters, current, now),
        changes=changes,
        conditions=(hpa.SCALED_TO_ZERO,) if scaled_to_zero else (),
    )


def remembered(
    memory: Memory, state: WorkloadState, decision: Decision, outcome: Outcome, baseline: hpa.HpaResult
) -> Memory:
    """The memory after a tick. `baseline`: the HPA's pass, after acting."""
    return replace(
        memory,
        logs=baseline.logs or memory.logs,
        conditions=baseline.conditions,
        current=state.current_replicas if outcome.accepted is None else outcome.accepted,
        observations=_observations(memory, state),
        changes=_changes(memory, decision, outcome),
        asked=memory.asked + (decision.policy is not None),
    )


def baseline_logs(
    result: hpa.HpaResult,
    spec: hpa.HpaSpec,
    parameters: hpa.HpaParameters,
    decision: Decision,
    outcome: Outcome,
    known: int | None = None,
) -> hpa.HpaResult:
    """The baseline's pass after acting: an event is noted only where its own size was written.

    While another autoscaler owns the target, that one's changes count as the baseline's own: when it takes
    over, its rates go on from what the other has just added or removed. `known`: the size at the tick before.
    """
    if decision.reason is Reason.MANAGED_ELSEWHERE and known is not None and result.logs is not None:
        logs = hpa.rescaled(result.logs, spec, known, decision.replicas_from, outcome.at)
        return replace(result, logs=logs)
    if decision.source is Source.BASELINE and outcome.reason is Reason.SUCCEEDED_RESCALE:
        return hpa.written(result, spec, parameters, outcome.at)
    if decision.source is Source.BASELINE and outcome.reason is Reason.FAILED_UPDATE_SCALE:
        return hpa.refused(result, outcome.message)
    return result


def _observations(memory: Memory, state: WorkloadState) -> tuple[Observation, ...]:
    everything = (*memory.observations, state.observation())
    recent = sum(state.now - one.at <= OBSERVED for one in everything)
    return everything[-max(recent, FEWEST_OBSERVATIONS) :]


def _changes(memory: Memory, decision: Decision, outcome: Outcome) -> tuple[SizeChange, ...]:
    kept = tuple(one for one in memory.changes if outcome.at - one.at <= REMEMBERED)
    if outcome.reason is not Reason.SUCCEEDED_RESCALE or outcome.accepted is None:
        return kept
    return (*kept, SizeChange(outcome.at, decision.replicas_from, outcome.accepted, decision.source))

"""What a tick tells of one autoscaler: its status, its events, its metrics, one line in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass

from rlagents.deciding.cases import Case, Decided
from rlagents.policies import hpa
from rlagents.policies.learned import LearnedPolicy
from rlagents.safety import violations
from rlagents.structs.decisions import Outcome
from rlagents.structs.states import WorkloadKey
from rlautoscaler.acting import announcements, conditions, statuses
from rlautoscaler.acting.conditions import ConditionType
from rlautoscaler.acting.events import Recorder
from rlautoscaler.acting.ticks import Failure, Success, Tick
from rlautoscaler.acting.writers import Status, StatusWriter
from rlautoscaler.reconciling.sections import sections
from rlautoscaler.reconciling.stores import Stored
from rlautoscaler.reconciling.subjects import Subject
from rlautoscaler.remembering.memories import Memory
from rlautoscaler.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Acted:
    """One autoscaler after its decision was carried out."""

    subject: Subject
    case: Case
    decided: Decided
    outcome: Outcome
    baseline: hpa.HpaResult
    """The HPA's pass, after acting."""
    memory: Memory
    notes: tuple[str, ...] = ()
    """What its reading has to tell."""


class Reporter:
    """Tells people and machines what happened. `clock`: seconds since the epoch."""

    def __init__(
        self, writer: StatusWriter, recorder: Recorder, metrics: Metrics, *, clock: Callable[[], float]
    ) -> None:
        self._writer = writer
        self._recorder = recorder
        self._metrics = metrics
        self._clock = clock
        self._known: set[WorkloadKey] = set()

    async def acted(self, acted: Acted, policy: LearnedPolicy | None, parameters: hpa.HpaParameters) -> None:
        """A decision, carried out."""
        case, decision = acted.case, acted.decided.decision
        result = Success(
            case.state,
            decision,
            acted.outcome,
            acted.baseline.conditions,
            acted.decided.refusal,
            acted.notes,
        )
        tick = Tick(
            now=case.state.now,
            generation=acted.subject.stored.autoscaler.generation,
            result=result,
            mode=case.mode,
            overrides=case.overrides,
            problems=acted.subject.stored.autoscaler.annotations.problems,
            sections=sections(
                self._writer.newest(acted.subject.stored.manifest),
                acted.subject,
                case.mode,
                acted.decided,
                acted.memory,
                policy,
                parameters,
                case.baseline,
                now=case.state.now,
            ),
        )
        self._measure(acted)
        if result.has_rescaled:
            logger.info("%s", decision)
        status = await self._tell(acted.subject.stored, tick)
        self._flag(decision.key, status)

    async def failed(self, stored: Stored, failure: Failure) -> None:
        """Nothing could be decided."""
        tick = Tick(self._clock(), stored.autoscaler.generation, failure)
        self._known.add(stored.autoscaler.key)
        self._metrics.reconcile_errors_total.labels(*_labels(stored.autoscaler.key)).inc()
        await self._tell(stored, tick)

    def broken(self, key: WorkloadKey) -> None:
        """A fault of ours, to be called while it is being handled: told in full, and the others go on."""
        self._known.add(key)
        self._metrics.reconcile_errors_total.labels(*_labels(key)).inc()
        logger.exception("%s could not be decided at this tick; please report this.", key)

    def retain(self, existing: Collection[WorkloadKey]) -> None:
        """Free what is held of autoscalers that are no more; their metrics end with them."""
        for key in self._known - set(existing):
            self._writer.forget(key)
            self._recorder.forget(key)
            self._metrics.forget(key)
            self._known.discard(key)

    async def _tell(self, stored: Stored, tick: Tick) -> Status:
        old = self._writer.newest(stored.manifest)
        new = statuses.build(old, tick)
        await self._writer.write(stored.manifest, new)
        for notice in announcements.notices(old, new, tick):
            await self._recorder.post(stored.autoscaler.key, stored.autoscaler.uid, notice)
        return new

    def _measure(self, acted: Acted) -> None:
        decision = acted.decided.decision
        self._known.add(decision.key)
        self._metrics.observe_state(acted.case.state)
        self._metrics.observe_objective(acted.case.state, violations.missed(acted.case.state))
        self._metrics.observe_decision(decision)
        self._metrics.observe_outcome(decision, acted.outcome)

    def _flag(self, key: WorkloadKey, status: Status) -> None:
        found = status["conditions"]
        self._metrics.observe_flags(
            key,
            fallback=conditions.is_true(found, ConditionType.FALLBACK),
            paused=conditions.is_true(found, ConditionType.PAUSED),
            ratio=float((status.get("rollout") or {}).get("ratio") or 0.0),
        )


def _labels(key: WorkloadKey) -> tuple[str, str]:
    return key.namespace, key.name

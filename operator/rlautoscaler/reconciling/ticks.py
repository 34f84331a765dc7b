"""One tick over all that is due: observe, decide in one batch, act on what changed, remember."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rlagents.deciding.cases import Case, Decided
from rlagents.deciding.deciders import decide
from rlagents.policies import hpa
from rlagents.policies.learned import LearnedPolicy
from rlagents.structs.objectives import Prices
from rlagents.structs.states import WorkloadKey
from rlautoscaler.acting import scales
from rlautoscaler.acting.ticks import Failure
from rlautoscaler.clients.discoveries import Discoveries
from rlautoscaler.clients.protocols import KubeApi
from rlautoscaler.observing import quotas
from rlautoscaler.observing.caches import Caches
from rlautoscaler.observing.snapshots import Statistics
from rlautoscaler.reconciling import cases, subjects
from rlautoscaler.reconciling.baselines import Baselines
from rlautoscaler.reconciling.readings import Read, Reader, Readings
from rlautoscaler.reconciling.reports import Acted, Reporter
from rlautoscaler.reconciling.stores import Stored
from rlautoscaler.reconciling.subjects import Subject
from rlautoscaler.reconciling.switches import Switches
from rlautoscaler.remembering import memories
from rlautoscaler.remembering.memories import Memory

logger = logging.getLogger(__name__)

WRITES_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Brain:
    """What decides."""

    policy: LearnedPolicy | None
    """None where no model could be loaded."""
    parameters: hpa.HpaParameters
    prices: Prices


@dataclass(frozen=True, slots=True)
class TickStatistics:
    """What one tick came to."""

    due: int
    decided: int
    rescaled: int
    reading: Statistics | None
    """None where nothing was read."""
    deciding_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is known of one autoscaler before it is decided."""

    subject: Subject
    case: Case
    notes: tuple[str, ...]
    """What its reading has to tell."""


class Ticker:
    """Carries out ticks, and holds what they leave to each other."""

    def __init__(
        self,
        api: KubeApi,
        caches: Caches,
        reader: Reader,
        discoveries: Discoveries,
        reporter: Reporter,
        switches: Switches,
        brain: Brain,
        may_act: Callable[[], bool],
    ) -> None:
        self._api = api
        self._caches = caches
        self._reader = reader
        self._discoveries = discoveries
        self._reporter = reporter
        self._switches = switches
        self._brain = brain
        self._may_act = may_act
        self._memories: dict[WorkloadKey, Memory] = {}
        self._baselines = Baselines(brain.parameters)

    async def tick(
        self, due: Sequence[Stored], everybody: Sequence[Stored], *, now: float, reading_time: float
    ) -> TickStatistics:
        """Decide about everything due. What fails for one autoscaler fails for that one only.

        everybody: all autoscalers there are, to see who claims a target first.
        now: seconds since the epoch.
        reading_time: seconds within which Prometheus has to answer.
        """
        began = time.monotonic()
        await self._switches.refresh()
        found = await self._subjects(due, everybody)
        read = await self._reader.read(found, now=now, reading_time=reading_time) if found else None
        prepared = self._prepared(found, read, now)
        deciding = time.monotonic()
        decided = self._decide([known.case for known in prepared])
        deciding_seconds = time.monotonic() - deciding
        acted = await _limited(
            self._act(known, one)
            for known, one in zip(prepared, decided, strict=True)
            # Reading takes seconds, in which the Lease may have been lost.
            if one is not None and self._may_act()
        )
        return TickStatistics(
            due=len(due),
            decided=sum(one is not None for one in decided),
            rescaled=sum(bool(one) for one in acted),
            reading=None if read is None else read.statistics,
            deciding_seconds=deciding_seconds,
            seconds=time.monotonic() - began,
        )

    def forget_all_but(self, everybody: Sequence[Stored]) -> None:
        """Free what is held of autoscalers that are no more; their metrics end."""
        existing = {stored.autoscaler.key for stored in everybody}
        for key in self._memories.keys() - existing:
            del self._memories[key]
        self._baselines.retain(existing)
        self._reporter.retain(existing)

    async def _subjects(self, due: Sequence[Stored], everybody: Sequence[Stored]) -> list[Subject]:
        """Those that can be decided about; the others are told why not."""
        rivals = subjects.rivals(everybody)
        found: list[Subject] = []
        for stored in due:
            subject = await self._subject(stored)
            if isinstance(subject, Failure):
                await self._reporter.failed(stored, subject)
            else:
                found.append(
                    replace(subject, rival=rivals.get(subject.key, ""), quota_room=self._room(subject))
                )
        return subjects.selecting(self._caches, found, everybody)

    async def _subject(self, stored: Stored) -> Subject | Failure:
        baseline = self._baselines.of(stored)
        if isinstance(baseline, Failure):
            return baseline
        return await subjects.find(self._api, self._discoveries, self._caches, stored, baseline)

    def _room(self, subject: Subject) -> int | None:
        living = next((pod for pod in subject.workload.pods if pod.is_living), None)
        return quotas.room(self._caches.resourcequotas.find(subject.key.namespace), living)

    def _prepared(self, found: Sequence[Subject], read: Readings | None, now: float) -> list[Prepared]:
        prepared: list[Prepared] = []
        for subject in found:
            if read is None:
                break
            try:
                one = read.by_key[subject.key]
                prepared.append(Prepared(subject, self._case(subject, one, now), one.notes))
            except Exception:
                self._reporter.broken(subject.key)
        return prepared

    def _case(self, subject: Subject, read: Read, now: float) -> Case:
        memory = self._memories.get(subject.key)
        uid, status = subject.stored.autoscaler.uid, subject.stored.autoscaler.status
        if memory is None or memory.uid != uid:
            memory = memories.restored(
                uid, status, subject.baseline, self._brain.parameters, current=subject.current, now=now
            )
            self._memories[subject.key] = memory
        return cases.case(
            subject,
            read.measured,
            read.readings,
            memory,
            now=now,
            prices=self._brain.prices,
            forced=self._switches.forces_baseline(subject.key.namespace),
        )

    def _decide(self, batch: Sequence[Case]) -> list[Decided | None]:
        """One batch; where that fails, one by one, so that the guilty one alone goes without."""
        try:
            return list(decide(batch, self._brain.policy, self._brain.parameters))
        except Exception:
            logger.exception("The batch could not be decided; each autoscaler is decided alone.")
        return [self._decide_alone(case) for case in batch]

    def _decide_alone(self, case: Case) -> Decided | None:
        try:
            return decide([case], self._brain.policy, self._brain.parameters)[0]
        except Exception:
            self._reporter.broken(case.state.key)
            return None

    async def _act(self, known: Prepared, decided: Decided) -> bool:
        """Write, tell, remember. Whether the size was changed."""
        try:
            return await self._carry_out(known, decided)
        except Exception:
            self._reporter.broken(known.subject.key)
            return False

    async def _carry_out(self, known: Prepared, decided: Decided) -> bool:
        subject, case, decision = known.subject, known.case, decided.decision
        outcome = await scales.act(self._api, decision, subject.scale, at=case.state.now)
        before = self._memories[subject.key]
        baseline = memories.baseline_logs(
            decided.baseline, case.baseline, self._brain.parameters, decision, outcome, before.current
        )
        memory = memories.remembered(before, case.state, decision, outcome, baseline)
        self._memories[subject.key] = memory
        acted = Acted(subject, case, decided, outcome, baseline, memory, known.notes)
        await self._reporter.acted(acted, self._brain.policy, self._brain.parameters)
        return outcome.accepted is not None


async def _limited(work: Iterable[Coroutine[Any, Any, bool]]) -> list[bool]:
    """Everything, not all at once: the API server has others to serve."""
    room = asyncio.Semaphore(WRITES_AT_ONCE)

    async def one(coroutine: Coroutine[Any, Any, bool]) -> bool:
        async with room:
            return await coroutine

    return await asyncio.gather(*(one(coroutine) for coroutine in work))

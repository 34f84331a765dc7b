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
from rlautoscaler.observing.snapshots import SnapshotReader, Snapshots, Statistics
from rlautoscaler.reconciling import cases, subjects
from rlautoscaler.reconciling.reports import Acted, Reporter
from rlautoscaler.reconciling.stores import Stored
from rlautoscaler.reconciling.subjects import Subject
from rlautoscaler.reconciling.switches import Switches
from rlautoscaler.remembering import memories
from rlautoscaler.remembering.memories import Memory
from rlautoscaler.resources import conversions

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


class Ticker:
    """Carries out ticks, and holds what they leave to each other."""

    def __init__(
        self,
        api: KubeApi,
        caches: Caches,
        reader: SnapshotReader,
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
        self._baselines: dict[WorkloadKey, tuple[str, int, hpa.HpaSpec]] = {}

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
        found = await self._subjects(due, subjects.rivals(everybody))
        snapshots = await self._read(found, now, reading_time)
        prepared = self._prepared(found, snapshots, now)
        deciding = time.monotonic()
        decided = self._decide([case for _, case in prepared])
        deciding_seconds = time.monotonic() - deciding
        acted = await _limited(
            self._act(subject, case, one)
            for (subject, case), one in zip(prepared, decided, strict=True)
            # Reading takes seconds, in which the Lease may have been lost.
            if one is not None and self._may_act()
        )
        return TickStatistics(
            due=len(due),
            decided=sum(one is not None for one in decided),
            rescaled=sum(bool(one) for one in acted),
            reading=None if snapshots is None else snapshots.statistics,
            deciding_seconds=deciding_seconds,
            seconds=time.monotonic() - began,
        )

    def forget_all_but(self, everybody: Sequence[Stored]) -> None:
        """Free what is held of autoscalers that are no more; their metrics end."""
        existing = {stored.autoscaler.key for stored in everybody}
        for key in self._memories.keys() - existing:
            del self._memories[key]
            self._baselines.pop(key, None)
        self._reporter.retain(existing)

    async def _subjects(self, due: Sequence[Stored], rivals: dict[WorkloadKey, str]) -> list[Subject]:
        """Those that can be decided about; the others are told why not."""
        found: list[Subject] = []
        for stored in due:
            subject = await subjects.find(self._api, self._discoveries, self._caches, stored)
            if isinstance(subject, Failure):
                await self._reporter.failed(stored, subject)
            else:
                found.append(
                    replace(subject, rival=rivals.get(subject.key, ""), quota_room=self._room(subject))
                )
        return found

    def _room(self, subject: Subject) -> int | None:
        living = next((pod for pod in subject.workload.pods if pod.is_living), None)
        return quotas.room(self._caches.resourcequotas.find(subject.key.namespace), living)

    async def _read(self, found: Sequence[Subject], now: float, reading_time: float) -> Snapshots | None:
        if not found:
            return None
        deadline = asyncio.get_running_loop().time() + reading_time
        pods = {subject.key: subject.workload.pods for subject in found}
        wanted = [cases.wanted(subject) for subject in found]
        return await self._reader.read(wanted, pods, now=now, deadline=deadline)

    def _prepared(
        self, found: Sequence[Subject], snapshots: Snapshots | None, now: float
    ) -> list[tuple[Subject, Case]]:
        prepared: list[tuple[Subject, Case]] = []
        for subject in found:
            if snapshots is None:
                break
            try:
                prepared.append((subject, self._case(subject, snapshots, now)))
            except Exception:
                self._reporter.broken(subject.key)
        return prepared

    def _case(self, subject: Subject, snapshots: Snapshots, now: float) -> Case:
        baseline = self._baseline(subject)
        memory = self._memories.get(subject.key)
        uid, status = subject.stored.autoscaler.uid, subject.stored.autoscaler.status
        if memory is None or memory.uid != uid:
            memory = memories.restored(
                uid, status, baseline, self._brain.parameters, current=subject.current, now=now
            )
            self._memories[subject.key] = memory
        return cases.case(
            subject,
            snapshots.by_key[subject.key],
            memory,
            baseline,
            now=now,
            prices=self._brain.prices,
            forced=self._switches.forces_baseline(subject.key.namespace),
        )

    def _baseline(self, subject: Subject) -> hpa.HpaSpec:
        """The HPA of a spec, read once per generation."""
        autoscaler = subject.stored.autoscaler
        known = self._baselines.get(subject.key)
        if known is None or known[:2] != (autoscaler.uid, autoscaler.generation):
            known = autoscaler.uid, autoscaler.generation, conversions.baseline(subject.spec)
            self._baselines[subject.key] = known
        return known[2]

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

    async def _act(self, subject: Subject, case: Case, decided: Decided) -> bool:
        """Write, tell, remember. Whether the size was changed."""
        try:
            return await self._carry_out(subject, case, decided)
        except Exception:
            self._reporter.broken(subject.key)
            return False

    async def _carry_out(self, subject: Subject, case: Case, decided: Decided) -> bool:
        decision = decided.decision
        outcome = await scales.act(self._api, decision, subject.scale, at=case.state.now)
        baseline = memories.baseline_logs(
            decided.baseline, case.baseline, self._brain.parameters, decision, outcome
        )
        memory = memories.remembered(
            self._memories[subject.key], case.state, decision, outcome, baseline.logs
        )
        self._memories[subject.key] = memory
        acted = Acted(subject, case, decided, outcome, baseline, memory)
        await self._reporter.acted(acted, self._brain.policy, self._brain.parameters)
        return outcome.accepted is not None


async def _limited(work: Iterable[Coroutine[Any, Any, bool]]) -> list[bool]:
    """Everything, not all at once: the API server has others to serve."""
    room = asyncio.Semaphore(WRITES_AT_ONCE)

    async def one(coroutine: Coroutine[Any, Any, bool]) -> bool:
        async with room:
            return await coroutine

    return await asyncio.gather(*(one(coroutine) for coroutine in work))

"""When the next tick is, and what of all autoscalers it is for.

The loop looks every second at what is due. An autoscaler is due once in each multiple of its interval since
the epoch, so that all of one interval are due together and share their queries, and at once when it is new.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients.protocols import RLAUTOSCALERS, KubeApi
from rlautoscaler.errors import ApiError
from rlautoscaler.reconciling.stores import Store, Stored
from rlautoscaler.reconciling.ticks import Ticker, TickStatistics
from rlautoscaler.resources import conversions
from rlautoscaler.resources.autoscalers import SpecInvalid
from rlautoscaler.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

BEAT = 1.0
"""Seconds between two looks at what is due: the shortest interval there is."""
INVALID_INTERVAL = 15.0
"""Seconds between two looks at an autoscaler whose spec cannot be read."""
RELIST_AFTER = 300.0
"""Seconds between two complete lists of our own objects."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Time, passed in."""

    clock: Callable[[], float]
    """Seconds since the epoch."""
    sleep: Callable[[float], Awaitable[None]]


class Schedule:
    """Who is due. Pure bookkeeping."""

    def __init__(self) -> None:
        self._slots: dict[WorkloadKey, tuple[str, int]] = {}

    def due(self, stored: Sequence[Stored], now: float) -> list[Stored]:
        """Those not decided yet in the present multiple of their interval; they count as decided now."""
        self._slots = {
            key: self._slots[key] for key in (one.autoscaler.key for one in stored) if key in self._slots
        }
        found = []
        for one in stored:
            slot = (one.autoscaler.uid, int(now // interval(one)))
            if self._slots.get(one.autoscaler.key) != slot:
                self._slots[one.autoscaler.key] = slot
                found.append(one)
        return found


def interval(stored: Stored) -> float:
    """Seconds between two decisions about it."""
    spec = stored.autoscaler.spec
    return INVALID_INTERVAL if isinstance(spec, SpecInvalid) else conversions.interval(spec)


class DecisionLoop:
    """The one loop.

    may_act: whether this process leads now; without it nothing is read or written.
    beat: called at every turn with the loop's period, for the health probe.
    reading_time: seconds that Prometheus has in a tick, from the shortest interval that is due.
    on_tick: told of every tick, for benchmarks and tests.
    """

    def __init__(
        self,
        api: KubeApi,
        store: Store,
        ticker: Ticker,
        metrics: Metrics,
        *,
        namespace: str | None,
        may_act: Callable[[], bool],
        beat: Callable[[float], None],
        reading_time: Callable[[float], float],
        pace: Pace,
        on_tick: Callable[[TickStatistics], None] = lambda _: None,
    ) -> None:
        self._api = api
        self._store = store
        self._ticker = ticker
        self._metrics = metrics
        self._namespace = namespace
        self._may_act = may_act
        self._beat = beat
        self._reading_time = reading_time
        self._pace = pace
        self._on_tick = on_tick
        self._schedule = Schedule()
        self._listed_at = pace.clock()

    async def run(self, *, until: Callable[[], bool]) -> None:
        """Turn until told to end. A tick that fails as a whole is logged, and the next one comes."""
        while not until():
            try:
                await self.turn()
            except Exception:
                logger.exception("A tick failed; the next one goes on. Please report this.")
            now = self._pace.clock()
            await self._pace.sleep(BEAT - now % BEAT)

    async def turn(self) -> None:
        """One look, and a tick where somebody is due."""
        everybody = self._store.all()
        shortest = min((interval(one) for one in everybody), default=BEAT)
        self._beat(max(shortest, BEAT))
        if not self._may_act():
            return
        now = self._pace.clock()
        await self._relist(now)
        self._ticker.forget_all_but(everybody)  # not only where somebody else is due
        due = self._schedule.due(everybody, now)
        if not due:
            return
        reading_time = self._reading_time(min(interval(one) for one in due))
        statistics = await self._ticker.tick(due, everybody, now=now, reading_time=reading_time)
        self._metrics.reconcile_duration_seconds.observe(statistics.seconds)
        self._metrics.inference_duration_seconds.observe(statistics.deciding_seconds)
        self._on_tick(statistics)

    async def _relist(self, now: float) -> None:
        if now - self._listed_at < RELIST_AFTER:
            return
        self._listed_at = now
        try:
            listed = await self._api.list(RLAUTOSCALERS, self._namespace)
        except ApiError as error:
            logger.warning("Our own objects could not be listed; deleted ones may be kept: %s", error)
            return
        missed = self._store.renew(listed.items)
        if missed:
            logger.warning("The watch had missed %d changes of our own objects.", missed)

"""The operator as a process: one decision loop, and an end in the right order.

Probes start first, so that a start that hangs is seen; then the Lease's loop, the caches, kopf's watch, and
the decision loop once the caches are filled. On SIGTERM and SIGINT the decision loop ends after the tick it
is in; only then is the Lease given up, so that the next leader never acts beside this one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from prometheus_client import CollectorRegistry

from rlautoscaler import assemblies, handlers
from rlautoscaler.acting.leases import Elector
from rlautoscaler.assemblies import Doors
from rlautoscaler.clients import kube, prometheus
from rlautoscaler.clients.metricsapis import MetricsClient
from rlautoscaler.clients.refusals import Call
from rlautoscaler.errors import LeadershipLostError, OperatorError, SettingsError
from rlautoscaler.observing import watches
from rlautoscaler.observing.caches import Caches
from rlautoscaler.reconciling.stores import Store
from rlautoscaler.reconciling.ticks import TickStatistics
from rlautoscaler.resources.settings import Settings
from rlautoscaler.telemetry.metrics import Metrics, new_registry
from rlautoscaler.telemetry.probes import ProbeServer, Pulses, application

logger = logging.getLogger(__name__)

GRACE = 20.0
"""Seconds that a tick gets to end when the process is asked to stop; less than a pod is given by default."""

LONGEST_SILENCE = 180.0
"""Seconds without an event, a bookmark or a list; watches end by themselves after sixty."""


async def serve(settings: Settings, *, on_tick: Callable[[TickStatistics], None] = lambda _: None) -> None:
    """Run the operator until a signal, or until leadership is lost (`LeadershipLostError`)."""
    registry = new_registry()
    metrics = Metrics(registry, version=version("rlautoscaler"))

    def on_call(call: Call) -> None:
        metrics.api_requests_total.labels(call.verb, call.resource.plural, call.subresource).inc()

    async with (
        kube.connect(kubeconfig=settings.kubeconfig, context=settings.context, on_call=on_call) as api,
        prometheus.connect(assemblies.prometheus_settings(settings)) as source,
    ):
        doors = Doors(api, source, MetricsClient(api))
        await Process(settings, doors, registry, metrics, on_tick).run()


class Process:
    """The parts, their beginning and their end."""

    def __init__(
        self,
        settings: Settings,
        doors: Doors,
        registry: CollectorRegistry,
        metrics: Metrics,
        on_tick: Callable[[TickStatistics], None],
    ) -> None:
        self._settings = settings
        self._doors = doors
        self._registry = registry
        self._metrics = metrics
        self._on_tick = on_tick
        self._caches = Caches()
        self._store = Store()
        self._pulses = Pulses(time.monotonic)
        self._ending = asyncio.Event()
        self._elector: Elector | None = None

    async def run(self) -> None:
        """Start everything, wait for the end, end everything."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._ending.set)
        server = ProbeServer(
            application(self._registry, self._pulses, self._cache_states, self._silences, self._obstacles),
            host=self._settings.listen_address,
            port=self._settings.listen_port,
        )
        try:
            port = await server.start()
        except OSError as error:
            raise SettingsError(
                f"Port {self._settings.listen_port} cannot be listened on ({error.strerror}): "
                "choose another with --listen-port."
            ) from error
        logger.info("Probes and metrics on port %d", port)
        try:
            await self._operate()
        finally:
            await server.stop()

    async def _operate(self) -> None:
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        elector = self._elector = assemblies.elector(self._doors.api, self._settings, self._pulses, lost)
        electing = asyncio.create_task(elector.run(), name="lease loop")
        caching = asyncio.create_task(self._cache(), name="caches")
        deciding = asyncio.create_task(self._decide(elector), name="decision loop")
        kopf_stop = threading.Event()
        watching = asyncio.create_task(asyncio.to_thread(self._watch, kopf_stop), name="kopf")
        try:
            await self._until_the_end([watching, electing, caching, deciding], lost)
        finally:
            if not lost.done():
                await self._finish(deciding)
            await _cancelled(deciding, electing, caching)
            kopf_stop.set()
            await asyncio.wait([watching], timeout=GRACE)
            await elector.release()

    async def _until_the_end(self, parts: Sequence[asyncio.Task[None]], lost: asyncio.Future[str]) -> None:
        """Return on a signal; raise where leadership is lost, or a part ends that should not."""
        stopping = asyncio.create_task(self._ending.wait())
        ends: list[asyncio.Future[Any]] = [stopping, lost, *parts]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if self._ending.is_set():
            logger.info("Stopping: the tick in progress ends, then the Lease is released")
            return
        stopping.cancel()
        if lost.done():
            raise LeadershipLostError(lost.result())
        for part in parts:
            if part.done():
                part.result()
                raise OperatorError(f"The {part.get_name()} ended by itself; see the log, and report this.")

    async def _finish(self, deciding: asyncio.Task[None]) -> None:
        """Let the tick that is in progress end."""
        self._ending.set()
        if self._caches.is_synced:
            await asyncio.wait([deciding], timeout=GRACE)

    async def _decide(self, elector: Elector) -> None:
        """The decision loop, once everything there is has been seen."""
        await self._caches.wait_synced()
        logger.info("Caches are filled; leading: %s", elector.may_act)

        def may_act() -> bool:
            self._metrics.leading.set(elector.may_act)
            return elector.may_act

        loop = assemblies.decision_loop(
            self._doors,
            self._settings,
            self._caches,
            self._store,
            self._metrics,
            self._pulses,
            may_act=may_act,
            sleep=self._sleep,
            on_tick=self._on_tick,
        )
        await loop.run(until=self._ending.is_set)

    async def _sleep(self, seconds: float) -> None:
        """Until then, or the end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)

    async def _cache(self) -> None:
        namespace = self._settings.namespace
        await watches.keep_all(self._doors.api, self._caches, () if namespace is None else (namespace,))

    def _watch(self, stop: threading.Event) -> None:
        settings = self._settings
        handlers.watch(
            self._store, settings.kubeconfig, settings.context, namespace=settings.namespace, stop=stop
        )

    def _cache_states(self) -> Mapping[str, bool]:
        return {cache.resource.plural: cache.synced.is_set() for cache in self._caches.all()}

    def _obstacles(self) -> list[str]:
        obstacle = "" if self._elector is None else self._elector.obstacle
        return [f"The process cannot lead. {obstacle}"] if obstacle else []

    def _silences(self) -> list[str]:
        """Watches that died without a word, as behind some load balancers (nolar/kopf#585)."""
        silence = self._caches.silence(time.time()) if self._caches.is_synced else 0.0
        if silence < LONGEST_SILENCE:
            return []
        return [f"The API server has said nothing about a watched kind for {silence:.0f} s."]


async def _cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""The load on simulated services, driven in real time.

    async with Driver(api, services) as driver:
        sandbox.configure_prometheus(scrapes.configuration(driver.port, interval=1.0))
        ...
        driver.records[service.key]

Every step takes the pods that the API server really shows as Ready. Steps are made at every scrape and
between them.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients.protocols import DEPLOYMENTS, PODS, KubeApi
from rlautoscaler.sandbox import expositions, families, faults, pods
from rlautoscaler.sandbox.endpoints import Endpoint
from rlautoscaler.sandbox.expositions import Exporter
from rlautoscaler.sandbox.faults import ActiveFault, Fault
from rlautoscaler.sandbox.loads import Loads
from rlautoscaler.sandbox.mirrors import Mirror
from rlautoscaler.sandbox.pods import DeploymentView, Fleet, PodView
from rlautoscaler.sandbox.records import Record
from rlautoscaler.sandbox.services import SandboxService

_SYNC_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Timer:
    """Time as the driver sees it; tests bring their own."""

    wall: Callable[[], float] = time.time
    """Seconds since the epoch."""
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Driver:
    """Traffic for some services, and the exporters that tell of it.

    Args:
        api: the API server; pods and Deployments of the services' namespaces are watched.
        services: which.
        step: seconds between two records.
        seed: of arrivals and the like.
        is_fluid: whether arrivals are the pattern's mean, the same for all services that share it. At 15
            times real speed a second stands for 15, and Poisson noise would be four times too large.
        timer: time.

    """

    def __init__(
        self,
        api: KubeApi,
        services: Sequence[SandboxService],
        *,
        step: float = 1.0,
        seed: int = 0,
        is_fluid: bool = False,
        timer: Timer = Timer(),
    ) -> None:
        self.loads = Loads(services, np.random.default_rng(seed), is_fluid=is_fluid)
        self._step = step
        self._timer = timer
        self._began = 0.0
        self._stepped = 0.0
        self._faults: list[ActiveFault] = []
        self._endpoint = Endpoint(self.exposition)
        self._tasks: list[asyncio.Task[None]] = []
        namespaces = dict.fromkeys(service.namespace for service in services)
        self._pods: Mapping[str, Mirror[PodView]] = {
            namespace: Mirror(api, PODS, namespace, pods.pod) for namespace in namespaces
        }
        self._deployments: Mapping[str, Mirror[DeploymentView]] = {
            namespace: Mirror(api, DEPLOYMENTS, namespace, pods.deployment) for namespace in namespaces
        }

    @property
    def records(self) -> Mapping[WorkloadKey, deque[Record]]:
        """What truly happened, step by step, oldest first."""
        return self.loads.records

    @property
    def port(self) -> int:
        """Of the exporters, on loopback."""
        return self._endpoint.port

    @property
    def elapsed(self) -> float:
        """Seconds since the traffic began; the patterns' time."""
        return self._timer.monotonic() - self._began

    async def start(self) -> None:
        """Begin the traffic; `SandboxError` where pods cannot be listed."""
        mirrors: list[Mirror[PodView] | Mirror[DeploymentView]] = [
            *self._pods.values(),
            *self._deployments.values(),
        ]
        self._tasks = [asyncio.create_task(mirror.follow()) for mirror in mirrors]
        try:
            await asyncio.gather(*(mirror.until_synced(_SYNC_SECONDS) for mirror in mirrors))
            # Before anybody can scrape, which makes a step.
            self._began = self._stepped = self._timer.monotonic()
            await self._endpoint.start()
        except BaseException:
            await self.stop()
            raise
        self._tasks.append(asyncio.create_task(self._drive()))

    def check(self) -> None:
        """Raise what ended the traffic before its time, if anything did."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def stop(self) -> None:
        """End the traffic and the exporters; records stay. Raises what `check` would."""
        await self._endpoint.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            self.check()
        finally:
            self._tasks.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def inject(self, fault: Fault) -> ActiveFault:
        """Let a fault happen from now on, until `clear`."""
        active = ActiveFault(fault)
        self._faults.append(active)
        self._remember(self._timer.wall())
        return active

    def clear(self, active: ActiveFault | None = None) -> None:
        """End one fault, or all."""
        self._faults = [other for other in self._faults if active is not None and other is not active]

    def exposition(self, exporter: Exporter) -> str:
        """What an exporter shows now.

        A step is made for it: counters that move once a second would, scraped once a second, now and then
        show no step between two scrapes and then two.
        """
        self.advance()
        true = expositions.of(exporter, self.loads)
        return families.text(faults.applied(self._faults, true, self._timer.wall()))

    def advance(self) -> None:
        """Let the time since the last step pass."""
        now = self._timer.monotonic()
        seconds, self._stepped = now - self._stepped, now
        if seconds <= 0:
            return
        self.loads.advance(self._fleets(), now=self._timer.wall(), elapsed=now - self._began, seconds=seconds)
        self._remember(self._timer.wall())

    async def _drive(self) -> None:
        while True:
            # Aligned to the start, so that steps do not drift by the time that each takes.
            await self._timer.sleep(self._step - self.elapsed % self._step)
            self.advance()
            self.loads.record()

    def _fleets(self) -> list[Fleet]:
        members: dict[WorkloadKey, list[PodView]] = {service.key: [] for service in self.loads.services}
        for namespace, mirror in self._pods.items():
            for pod in mirror.objects.values():
                of_service = members.get(WorkloadKey(namespace, pod.service))
                if of_service is not None:
                    of_service.append(pod)
        return [
            Fleet(tuple(members[service.key]), self._deployments[service.namespace].objects.get(service.name))
            for service in self.loads.services
        ]

    def _remember(self, now: float) -> None:
        """Show faults that live on past values the values of this moment."""
        wanting = [active for active in self._faults if active.wants_more]
        if not wanting:
            return
        true = [family for exporter in Exporter for family in expositions.of(exporter, self.loads)]
        for active in wanting:
            active.observe(true, now)

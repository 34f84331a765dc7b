"""The simulated pods' usage, written where the cluster's own HPA controller reads it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Mapping
from typing import Self

from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients.protocols import KubeApi, Manifest, PatchType
from rlautoscaler.errors import ApiError, NotFoundError
from rlautoscaler.sandbox import podmetrics
from rlautoscaler.sandbox.counters import Figure
from rlautoscaler.sandbox.loads import Loads, RunningPod
from rlautoscaler.sandbox.podmetrics import POD_METRICS, Usage

logger = logging.getLogger(__name__)

_CONCURRENCY = 16

Key = tuple[str, str]
"""Namespace and name of a pod."""


class PodMetricsBridge:
    """Keeps one PodMetrics object for each running pod of some services.

    Args:
        api: the API server.
        loads: the figures, which the driver advances.
        services: which services' pods; the others have no metrics, as without a metrics-server.
        period: seconds between writes; 15 in most clusters.
        window: seconds that CPU is averaged over; less where a pod was first seen since. Two steps of the
            driver are needed before a pod has metrics at all.

    """

    def __init__(
        self,
        api: KubeApi,
        loads: Loads,
        services: Collection[WorkloadKey],
        *,
        period: float = 15.0,
        window: float = 15.0,
    ) -> None:
        self._api = api
        self._loads = loads
        self._services = frozenset(services)
        self._period = period
        self._window = window
        self._past: dict[Key, deque[Usage]] = {}
        self._written: set[Key] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Install the API and begin to write."""
        await podmetrics.install(self._api)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop writing; objects stay."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def write(self) -> None:
        """Bring the objects to the figures of this moment; what fails is logged and tried again next time."""
        pods = {pod.key: pod for pod in self._loads.running if pod.service.key in self._services}
        self._observe(pods)
        turns = asyncio.Semaphore(_CONCURRENCY)
        wanted = {
            key: podmetrics.manifest(pods[key], past[0], past[-1])
            for key, past in self._past.items()
            if len(past) > 1
        }
        puts = [self._put(key, body, turns) for key, body in wanted.items()]
        removals = [self._remove(key, turns) for key in self._written - pods.keys()]
        await asyncio.gather(*puts, *removals)

    async def _run(self) -> None:
        while True:
            await self.write()
            await asyncio.sleep(self._period)

    def _observe(self, pods: Mapping[Key, RunningPod]) -> None:
        now = self._loads.now
        keys = list(pods)
        seconds = self._loads.by_pod.sums(keys)[:, Figure.CPU_SECONDS].tolist()
        self._past = {key: self._past.get(key, deque()) for key in keys}
        for key, cpu_seconds in zip(keys, seconds, strict=True):
            past = self._past[key]
            if past and past[-1].at >= now:
                continue  # no step since
            past.append(Usage(now, cpu_seconds, pods[key].memory))
            while len(past) > 2 and past[1].at <= now - self._window:
                past.popleft()

    async def _put(self, key: Key, body: Manifest, turns: asyncio.Semaphore) -> None:
        async with turns:
            try:
                await self._api.patch(POD_METRICS, *key, body, patch_type=PatchType.APPLY)
            except ApiError as error:
                logger.warning("%s", error)
                return
        self._written.add(key)

    async def _remove(self, key: Key, turns: asyncio.Semaphore) -> None:
        async with turns:
            try:
                await self._api.delete(POD_METRICS, *key)
            except NotFoundError:
                pass
            except ApiError as error:
                logger.warning("%s", error)
                return
        self._written.discard(key)

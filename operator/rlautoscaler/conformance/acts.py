"""Carrying out the acts of a scenario on the cluster, on both twins at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from rlautoscaler.clients.protocols import (
    DEPLOYMENTS,
    HORIZONTALPODAUTOSCALERS,
    PODS,
    RLAUTOSCALERS,
    KubeApi,
    Manifest,
)
from rlautoscaler.conformance import manifests, worlds
from rlautoscaler.conformance.instruments import Instruments
from rlautoscaler.conformance.scenarios import (
    NAMESPACE,
    Act,
    Edit,
    Release,
    Resize,
    Restart,
    Scenario,
    Sicken,
    twins,
)

Restarting: TypeAlias = Callable[[], Awaitable[None]]


class Actor:
    """Plays scenarios.

    Args:
        api: the cluster.
        instruments: whose worlds the acts change.
        restart: ends and starts both autoscalers.

    """

    def __init__(self, api: KubeApi, instruments: Instruments, restart: Restarting) -> None:
        self._api = api
        self._instruments = instruments
        self._restart = restart

    async def play(self, scenario: Scenario, began_at: float) -> None:
        """Every act at its time; `began_at` is on the event loop's clock."""
        loop = asyncio.get_running_loop()
        for moment in scenario.moments:
            await asyncio.sleep(began_at + moment.at - loop.time())
            await self.act(scenario, moment.act)
        await asyncio.sleep(began_at + scenario.seconds - loop.time())

    async def act(self, scenario: Scenario, act: Act) -> None:
        """One act."""
        match act:
            case Edit(patch):
                await self._edit(scenario, manifests.hpa_edit(patch), manifests.autoscaler_edit(patch))
            case Resize(replicas):
                await self._patch_both(scenario, {"spec": {"replicas": replicas}}, "scale")
            case Release(version):
                await self._patch_both(scenario, manifests.release(version))
            case Sicken(count):
                await self._sicken(scenario, count)
            case Restart():
                await self._restart()
            case _:
                self._instruments.act(scenario, act)

    async def _edit(self, scenario: Scenario, theirs: Manifest, ours: Manifest) -> None:
        their, our = twins(scenario)
        await asyncio.gather(
            self._api.patch(HORIZONTALPODAUTOSCALERS, NAMESPACE, their.name, theirs),
            self._api.patch(RLAUTOSCALERS, NAMESPACE, our.name, ours),
        )

    async def _sicken(self, scenario: Scenario, count: int) -> None:
        sick = [name for twin in twins(scenario) for name in self._instruments.ready(twin)[:count]]
        await asyncio.gather(*map(self._make_unready, sick))

    async def _make_unready(self, name: str) -> None:
        """As a kubelet would on a failing probe; KWOK is told first, or it would heal the pod at once."""
        pod = await self._api.patch(PODS, NAMESPACE, name, manifests.never_ready())
        patch = manifests.unready(pod, worlds.written(time.time()))
        await self._api.patch(PODS, NAMESPACE, name, patch, subresource="status")

    async def _patch_both(self, scenario: Scenario, patch: Manifest, subresource: str = "") -> None:
        await asyncio.gather(
            *(
                self._api.patch(DEPLOYMENTS, NAMESPACE, twin.name, patch, subresource=subresource)
                for twin in twins(scenario)
            )
        )

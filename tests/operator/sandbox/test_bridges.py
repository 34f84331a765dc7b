"""PodMetrics for the cluster's own HPA controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rlagents.structs.quantities import to_float
from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.errors import UnreachableError
from rlautoscaler.sandbox.bridges import PodMetricsBridge
from rlautoscaler.sandbox.loads import Loads
from rlautoscaler.sandbox.podmetrics import POD_METRICS
from rlautoscaler.sandbox.pods import Fleet
from rlautoscaler.sandbox.services import SERVICE_LABEL, SandboxService

Service = Callable[..., SandboxService]
MakeFleet = Callable[..., Fleet]


class Scene:
    """A service, its load, and the bridge; each step takes a second."""

    def __init__(self, service: SandboxService, **options: Any) -> None:
        self.api = FakeKubeApi()
        self.loads = Loads([service], np.random.default_rng(5))
        self.bridge = PodMetricsBridge(self.api, self.loads, [service.key], **options)

    async def step(self, fleet: Fleet, *, write: bool = True) -> None:
        now = self.loads.now + 1.0
        self.loads.advance([fleet], now=now, elapsed=now, seconds=1.0)
        if write:
            await self.bridge.write()

    async def written(self) -> dict[str, dict[str, Any]]:
        return {item["metadata"]["name"]: item for item in (await self.api.list(POD_METRICS)).items}


async def test_usage_is_averaged_over_the_window(service: Service, fleet: MakeFleet) -> None:
    """CPU is the mean since the sample a window ago, memory the last value; labels are the pod's."""
    scene = Scene(service(rate=40.0), window=3.0)
    for _ in range(10):
        await scene.step(fleet("a", "b"))
    metrics = (await scene.written())["a"]
    records = scene.loads.by_pod.sums([("shop", "a")])
    assert records[0, 0] > 100
    (container,) = metrics["containers"]
    assert container["name"] == "app"
    assert to_float(container["usage"]["cpu"]) == pytest.approx(0.21, rel=0.3)  # 20 requests of 10 ms, idling
    assert to_float(container["usage"]["memory"]) >= 64 * 2**20
    assert metrics["window"] == "3.000s"
    assert metrics["timestamp"] == "1970-01-01T00:00:10Z"
    assert metrics["metadata"]["labels"] == {SERVICE_LABEL: "checkout"}


async def test_a_pod_seen_once_has_no_metrics(service: Service, fleet: MakeFleet) -> None:
    """As with metrics-server, two samples are needed."""
    scene = Scene(service())
    await scene.step(fleet("a"))
    assert await scene.written() == {}
    await scene.step(fleet("a", "b"))
    assert set(await scene.written()) == {"a"}


async def test_no_step_no_new_sample(service: Service, fleet: MakeFleet) -> None:
    """Written twice between two steps, the figures are the same, and nothing is divided by zero."""
    scene = Scene(service(), window=1.0)
    await scene.step(fleet("a"))
    await scene.step(fleet("a"))
    before = await scene.written()
    await scene.bridge.write()
    assert await scene.written() == before


async def test_metrics_of_the_dead_are_deleted(service: Service, fleet: MakeFleet) -> None:
    """A pod that is gone has no object after the next write, also where somebody else deleted it already."""
    scene = Scene(service())
    for _ in range(2):
        await scene.step(fleet("a", "b", "c"))
    await scene.api.delete(POD_METRICS, "shop", "c")
    await scene.step(fleet("a"))
    assert set(await scene.written()) == {"a"}


async def test_other_services_are_left_alone(service: Service, fleet: MakeFleet) -> None:
    """Only the services that were named have metrics."""
    scene = Scene(service())
    scene.bridge = PodMetricsBridge(scene.api, scene.loads, [])
    for _ in range(2):
        await scene.step(fleet("a"))
    assert await scene.written() == {}


async def test_a_refused_write_is_tried_again(service: Service, fleet: MakeFleet) -> None:
    """An outage costs one period, and a delete that failed is repeated."""
    scene = Scene(service())
    for _ in range(2):
        await scene.step(fleet("a", "b"))
    scene.api.fail(UnreachableError("No answer."), times=2)
    await scene.step(fleet("a"))
    assert set(await scene.written()) == {"a", "b"}
    await scene.step(fleet("a"))
    assert set(await scene.written()) == {"a"}

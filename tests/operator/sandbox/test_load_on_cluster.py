"""Simulated load on a real API server, scraped by a real Prometheus and scaled by the real HPA controller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from rlagents.simulation.services import ServiceParameters
from rlautoscaler.clients import kube, prometheus
from rlautoscaler.clients.protocols import DEPLOYMENTS, HORIZONTALPODAUTOSCALERS, KubeApi, PrometheusApi
from rlautoscaler.sandbox import scrapes, services
from rlautoscaler.sandbox.bridges import PodMetricsBridge
from rlautoscaler.sandbox.drivers import Driver
from rlautoscaler.sandbox.faults import Effect, Fault
from rlautoscaler.sandbox.options import SandboxOptions
from rlautoscaler.sandbox.planes import Sandbox
from rlautoscaler.sandbox.records import Record
from rlautoscaler.sandbox.services import SandboxService

pytestmark = pytest.mark.cluster

PARAMETERS = ServiceParameters(cpu_per_request=0.01, cpu_variability=1.0, cores_per_pod=0.5)
FAST_HPA = (
    "--horizontal-pod-autoscaler-sync-period=1s",
    "--horizontal-pod-autoscaler-downscale-stabilization=3s",
    "--horizontal-pod-autoscaler-cpu-initialization-period=5s",
    "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A sandbox of this module's own, whose Prometheus and HPA controller are set up for it."""

    sandbox: Sandbox
    api: KubeApi
    prometheus: PrometheusApi

    async def value(self, promql: str) -> float | None:
        samples = await self.prometheus.query(promql)
        return samples[0].value if samples else None

    async def size(self, service: SandboxService) -> int:
        deployment = await self.api.get(DEPLOYMENTS, service.namespace, service.name)
        replicas: int = deployment["spec"]["replicas"]
        return replicas


async def eventually(condition: Callable[[], Awaitable[object]], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.2)


@pytest.fixture(scope="module")
def plane(programs: None) -> Iterator[Sandbox]:
    with Sandbox(SandboxOptions(label="tests", controller_manager_args=FAST_HPA)) as running:
        yield running


@pytest.fixture
async def scene(plane: Sandbox) -> AsyncIterator[Scene]:
    settings = prometheus.Settings(plane.prometheus_url)
    async with kube.connect(kubeconfig=plane.kubeconfig) as api, prometheus.connect(settings) as client:
        yield Scene(plane, api, client)


async def begin(scene: Scene, driver: Driver, *, ready: int) -> None:
    scene.sandbox.configure_prometheus(scrapes.configuration(driver.port, interval=1.0))
    (service,) = driver.loads.services

    async def is_ready() -> bool:
        records = driver.records[service.key]
        return bool(records) and records[-1].ready == ready

    await eventually(is_ready)


async def test_prometheus_measures_what_was_offered(scene: Scene) -> None:
    """Rates of all counters agree with the truth within three percent, over a change of the number of pods."""
    service = SandboxService("truth", "web", PARAMETERS, lambda _: 80.0, replicas=2, startup_delay=1.0)
    await services.apply(scene.api, service)
    async with Driver(scene.api, [service]) as driver:
        await begin(scene, driver, ready=2)
        await asyncio.sleep(6)
        await scene.api.patch(DEPLOYMENTS, "truth", "web", {"spec": {"replicas": 3}}, subresource="scale")
        await asyncio.sleep(12)
        now = time.time()
        own = '{namespace="truth"}'
        seen = {
            "requests": await scene.value(f"sum(rate(istio_requests_total{own}[10s]))"),
            "durations": await scene.value(f"sum(rate(istio_request_duration_milliseconds_count{own}[10s]))"),
            "cores": await scene.value(f"sum(rate(container_cpu_usage_seconds_total{own}[10s]))"),
            "now": await scene.value(f"sum(irate(istio_requests_total{own}[10s]))"),
            "ready": await scene.value('sum(kube_pod_status_ready{namespace="truth",condition="true"})'),
        }
        records = [record for record in driver.records[service.key] if now - 10.5 < record.at <= now]
        # Prometheus extrapolates a pod's first seconds, which only the third pod's share is touched by.
        requests, cores = mean(records, lambda one: one.completed), mean(records, lambda one: one.cpu_cores)
    assert seen["ready"] == 3
    assert seen["requests"] == pytest.approx(requests, rel=0.03)
    assert seen["durations"] == pytest.approx(requests, rel=0.03)
    assert seen["cores"] == pytest.approx(cores, rel=0.03)
    assert seen["now"] == pytest.approx(80.0, rel=0.4)  # one second's Poisson, and three roundings


def mean(records: list[Record], figure: Callable[[Record], float]) -> float:
    return sum(figure(record) for record in records) / sum(record.seconds for record in records)


async def test_prometheus_sees_faults(scene: Scene) -> None:
    """A frozen metric ages, a stopped one is gone at the next scrape, and both are back when the fault ends."""
    service = SandboxService("faults", "web", PARAMETERS, lambda _: 20.0, startup_delay=0.0)
    age = 'time() - max(timestamp(istio_requests_total{namespace="faults"}))'
    memory = 'sum(container_memory_working_set_bytes{namespace="faults"})'
    await services.apply(scene.api, service)

    async def is_older_than(seconds: float) -> bool:
        value = await scene.value(age)
        return value is not None and value > seconds

    async def has_memory() -> bool:
        return await scene.value(memory) is not None

    async def has_no_memory() -> bool:
        return not await has_memory()

    async def is_fresh() -> bool:
        return not await is_older_than(2.0)

    async with Driver(scene.api, [service]) as driver:
        await begin(scene, driver, ready=1)
        await eventually(has_memory)
        driver.inject(Fault(Effect.FROZEN, metric="istio_"))
        driver.inject(Fault(Effect.STOPPED, metric="container_memory_"))
        await eventually(has_no_memory)
        await eventually(lambda: is_older_than(4.0))
        driver.clear()
        await eventually(has_memory)
        await eventually(is_fresh)


async def test_the_clusters_own_hpa_scales_on_the_bridge(scene: Scene) -> None:
    """With 0.8 cores in use and 0.25 a pod wanted the HPA controller adds pods; without load it removes them."""
    rates = [80.0]
    service = SandboxService("hpa", "web", PARAMETERS, lambda _: rates[0], replicas=2, startup_delay=1.0)
    await services.apply(scene.api, service)
    hpa = {
        "metadata": {"name": "web", "namespace": "hpa"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 1,
            "maxReplicas": 10,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
                }
            ],
        },
    }
    async with AsyncExitStack() as stack:
        driver = await stack.enter_async_context(Driver(scene.api, [service]))
        bridge = PodMetricsBridge(scene.api, driver.loads, [service.key], period=1.0, window=3.0)
        await stack.enter_async_context(bridge)
        await begin(scene, driver, ready=2)
        await scene.api.create(HORIZONTALPODAUTOSCALERS, "hpa", hpa)

        async def has(*sizes: int) -> bool:
            return await scene.size(service) in sizes

        await eventually(lambda: has(3, 4))
        status = (await scene.api.get(HORIZONTALPODAUTOSCALERS, "hpa", "web"))["status"]
        reasons = {condition["type"]: condition["reason"] for condition in status["conditions"]}
        assert reasons["ScalingActive"] == "ValidMetricFound"
        rates[0] = 1.0
        await eventually(lambda: has(1), seconds=45)

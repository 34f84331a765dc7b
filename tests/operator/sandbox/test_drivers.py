"""The driver's pace, its view of the cluster, and its web server, on a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import PODS
from rlautoscaler.errors import ForbiddenError, SandboxError, UnreachableError
from rlautoscaler.sandbox import drivers, services
from rlautoscaler.sandbox.drivers import Driver, Timer
from rlautoscaler.sandbox.expositions import Exporter
from rlautoscaler.sandbox.faults import Effect, Fault
from rlautoscaler.sandbox.mirrors import Mirror
from rlautoscaler.sandbox.services import SandboxService

Manifests = Callable[..., dict[str, Any]]


class Clock:
    """Time that passes when somebody sleeps, and only then."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.turns = asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        await self.turns.acquire()
        self.now += seconds

    def timer(self) -> Timer:
        return Timer(wall=lambda: self.now, monotonic=lambda: self.now, sleep=self.sleep)

    async def pass_steps(self, count: int) -> None:
        for _ in range(count):
            self.turns.release()
            for _ in range(5):
                await asyncio.sleep(0)


@pytest.fixture
async def api(pod_manifest: Manifests, service: Callable[..., SandboxService]) -> FakeKubeApi:
    fake = FakeKubeApi()
    await services.apply(fake, service())
    for name in ("a", "b"):
        fake.seed(PODS, pod_manifest(name))
    return fake


async def test_traffic_meets_the_pods_that_are_ready(
    api: FakeKubeApi, service: Callable[..., SandboxService], pod_manifest: Manifests
) -> None:
    """A pod that loses its readiness gets nothing from the next step on, and one record comes each second."""
    clock = Clock()
    async with Driver(api, [service()], timer=clock.timer()) as driver:
        await clock.pass_steps(3)
        api.seed(PODS, pod_manifest("b", ready=False))
        await clock.pass_steps(2)
        records = list(driver.records[service().key])
    assert [record.ready for record in records] == [2, 2, 2, 1, 1]
    assert [record.at for record in records] == pytest.approx([1001, 1002, 1003, 1004, 1005])
    assert records[0].requested_replicas == 1
    assert sum(record.offered for record in records) == pytest.approx(200, rel=0.25)


async def test_pods_of_others_are_not_served(
    api: FakeKubeApi, service: Callable[..., SandboxService], pod_manifest: Manifests
) -> None:
    """Pods without the service's label take no traffic and have no metrics."""
    api.seed(PODS, pod_manifest("stranger", service="other"))
    clock = Clock()
    async with Driver(api, [service()], timer=clock.timer()) as driver:
        await clock.pass_steps(1)
        assert {running.pod.name for running in driver.loads.running} == {"a", "b"}


async def test_a_scrape_sees_this_very_moment(
    api: FakeKubeApi, service: Callable[..., SandboxService]
) -> None:
    """Counters move with the time of the scrape, not with the driver's steps."""
    clock = Clock()
    async with Driver(api, [service(rate=40.0)], timer=clock.timer()) as driver:
        await clock.pass_steps(1)
        before = driver.exposition(Exporter.ISTIO)
        assert driver.exposition(Exporter.ISTIO) == before
        clock.now += 0.5
        assert driver.exposition(Exporter.ISTIO) != before


async def test_exporters_answer_on_loopback(api: FakeKubeApi, service: Callable[..., SandboxService]) -> None:
    """Each exporter has a path of its own, in Prometheus' text format."""
    clock = Clock()
    async with Driver(api, [service()], timer=clock.timer()) as driver, aiohttp.ClientSession() as session:
        await clock.pass_steps(1)
        async with session.get(f"http://127.0.0.1:{driver.port}/cadvisor/metrics") as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert 'container_cpu_usage_seconds_total{namespace="shop",pod="a"' in await answer.text()


async def test_faults_come_and_go(api: FakeKubeApi, service: Callable[..., SandboxService]) -> None:
    """A frozen family keeps its values while time passes, and is true again once the fault is cleared."""
    clock = Clock()
    async with Driver(api, [service()], timer=clock.timer()) as driver:
        await clock.pass_steps(2)
        true = driver.exposition(Exporter.ISTIO)
        fault = driver.inject(Fault(Effect.FROZEN, metric="istio_requests_total"))
        await clock.pass_steps(3)
        frozen = [line for line in driver.exposition(Exporter.ISTIO).splitlines() if " 1002000" in line]
        assert [line.removesuffix(" 1002000") in true for line in frozen] == [True, True]
        driver.clear(fault)
        assert "1002000" not in driver.exposition(Exporter.ISTIO)


async def test_an_outage_of_the_api_server_keeps_the_last_pods(
    api: FakeKubeApi, service: Callable[..., SandboxService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kubelets and their traffic go on without the API server, and what changed meanwhile is found after it."""
    monkeypatch.setattr("rlautoscaler.sandbox.mirrors._RETRY_SECONDS", 0.0)
    clock = Clock()
    async with Driver(api, [service()], timer=clock.timer()) as driver:
        for verb in ("list", "watch"):
            api.fail(UnreachableError("No answer."), verb=verb, times=1000)
        api.end_watches(UnreachableError("No answer."))
        await clock.pass_steps(2)
        assert driver.records[service().key][-1].ready == 2
        await api.delete(PODS, "shop", "b")
        api.heal()
        await clock.pass_steps(10)
        assert driver.records[service().key][-1].ready == 1


async def test_a_mirror_lists_anew_after_its_version_is_gone(
    api: FakeKubeApi, pod_manifest: Manifests
) -> None:
    """Answered 410 Gone, it lists again and misses nothing."""
    mirror: Mirror[str] = Mirror(api, PODS, "shop", lambda pod: pod["metadata"]["name"])
    task = asyncio.create_task(mirror.follow())
    await mirror.until_synced(5)
    await asyncio.sleep(0)
    api.seed(PODS, pod_manifest("c"))
    api.compact()
    api.end_watches()
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    assert set(mirror.objects) == {"a", "b", "c"}


async def test_missing_rights_are_told_at_the_start(
    api: FakeKubeApi, service: Callable[..., SandboxService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where pods cannot be listed, the start ends with a sentence, and nothing keeps running."""
    monkeypatch.setattr(drivers, "_SYNC_SECONDS", 0.01)
    api.fail(ForbiddenError("Grant it."), verb="list", resource=PODS, times=1000)
    tasks = asyncio.all_tasks()
    with pytest.raises(SandboxError, match="pods of namespace shop could not be listed"):
        await Driver(api, [service()]).start()
    assert asyncio.all_tasks() == tasks


async def test_what_ends_the_traffic_is_raised(
    api: FakeKubeApi, service: Callable[..., SandboxService]
) -> None:
    """A pattern that fails does not make a quiet service: `check` and `stop` raise."""

    def broken(_: float) -> float:
        raise ZeroDivisionError("no such traffic")

    clock = Clock()
    failing = SandboxService("shop", "checkout", service().parameters, broken)
    driver = Driver(api, [failing], timer=clock.timer())
    await driver.start()
    await clock.pass_steps(1)
    with pytest.raises(ZeroDivisionError):
        driver.check()
    with pytest.raises(ZeroDivisionError):
        await driver.stop()

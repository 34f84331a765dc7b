"""Health, readiness and exposition, asked over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Gauge

from rlautoscaler.telemetry.probes import ProbeServer, Pulses, application

Client = TestClient[web.Request, web.Application]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pulses(clock: Clock) -> Pulses:
    return Pulses(clock)


@pytest.fixture
def caches() -> dict[str, bool]:
    return {"pods": False, "deployments": True}


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Gauge("answer", "Of everything.", registry=registry).set(42)
    return registry


@pytest.fixture
async def client(
    registry: CollectorRegistry, pulses: Pulses, caches: dict[str, bool]
) -> AsyncIterator[Client]:
    app = application(registry, pulses, lambda: caches)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize(
    ("elapsed", "status"),
    [
        pytest.param(0, 200, id="a loop that just turned is well"),
        pytest.param(45, 200, id="three periods of silence are still well"),
        pytest.param(45.1, 503, id="more than three periods are not"),
        pytest.param(1e6, 503, id="a loop that stands does not become well with time"),
    ],
)
async def test_health_ages(client: Client, pulses: Pulses, clock: Clock, elapsed: float, status: int) -> None:
    """Health fails when the decision loop is older than three of its periods."""
    pulses.beat("decision loop", period=15)
    clock.now += elapsed
    assert (await client.get("/healthz")).status == status


async def test_a_beat_heals(client: Client, pulses: Pulses, clock: Clock) -> None:
    """A loop that turns again is well again, and the complaint named it while it was not."""
    pulses.beat("decision loop", period=1)
    clock.now += 10
    sick = await client.get("/healthz")
    assert sick.status == 503
    assert "decision loop has not turned for 10 s" in await sick.text()
    pulses.beat("decision loop", period=1)
    assert (await client.get("/healthz")).status == 200


async def test_a_standby_is_healthy_while_its_lease_loop_turns(
    client: Client, pulses: Pulses, clock: Clock
) -> None:
    """Without a decision loop, health is the lease loop's alone."""
    pulses.beat("lease loop", period=12)
    clock.now += 30
    assert (await client.get("/healthz")).status == 200
    clock.now += 30
    assert (await client.get("/healthz")).status == 503


async def test_one_stuck_loop_is_enough(client: Client, pulses: Pulses, clock: Clock) -> None:
    """A lively lease loop does not hide a stuck decision loop."""
    pulses.beat("decision loop", period=1)
    clock.now += 20
    pulses.beat("lease loop", period=12)
    response = await client.get("/healthz")
    assert response.status == 503
    assert "lease" not in await response.text()


async def test_an_ended_loop_is_not_missed(pulses: Pulses, clock: Clock) -> None:
    """A loop that ended as it should is not expected any more."""
    pulses.beat("decision loop", period=1)
    pulses.end("decision loop")
    clock.now += 100
    assert pulses.complaints() == []


async def test_a_changed_period_counts_from_its_beat(pulses: Pulses, clock: Clock) -> None:
    """The decision loop's period follows the shortest interval in use."""
    pulses.beat("decision loop", period=1)
    pulses.beat("decision loop", period=60)
    clock.now += 100
    assert pulses.complaints() == []


async def test_readiness_waits_for_every_cache(client: Client, caches: dict[str, bool]) -> None:
    """Not ready until all caches are filled; the answer names those that are not."""
    before = await client.get("/readyz")
    assert before.status == 503
    assert await before.text() == "The cache of pods is not filled yet.\n"
    caches["pods"] = True
    assert (await client.get("/readyz")).status == 200


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        pytest.param("", "text/plain", id="a browser gets plain text"),
        pytest.param(
            "application/openmetrics-text;version=1.0.0",
            "application/openmetrics-text",
            id="Prometheus gets the format it asks for",
        ),
    ],
)
async def test_metrics_in_the_format_asked_for(client: Client, accept: str, content_type: str) -> None:
    """The registry is exposed, in the format that the request accepts."""
    response = await client.get("/metrics", headers={"Accept": accept})
    assert response.status == 200
    assert response.content_type == content_type
    assert "answer 42.0" in await response.text()


async def test_the_server_listens_until_stopped(
    registry: CollectorRegistry, pulses: Pulses, clock: Callable[[], float]
) -> None:
    """The server answers on the port it returned, and refuses connections after `stop`."""
    server = ProbeServer(application(registry, pulses, dict), host="127.0.0.1", port=0)
    port = await server.start()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/healthz") as response:
            assert response.status == 200
        await server.stop()
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://127.0.0.1:{port}/healthz")


async def test_what_is_in_the_way_of_its_work_keeps_it_from_being_ready(
    registry: CollectorRegistry, pulses: Pulses
) -> None:
    """The sentence tells what to do; the process is healthy, since a restart would not help."""
    obstacles = ["There is no namespace."]
    async with TestClient(
        TestServer(application(registry, pulses, dict, obstacles=lambda: obstacles))
    ) as client:
        before = await client.get("/readyz")
        assert (before.status, await before.text()) == (503, "There is no namespace.\n")
        assert (await client.get("/healthz")).status == 200
        obstacles.clear()
        assert (await client.get("/readyz")).status == 200

"""The status on its way to the API server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from rlagents.structs.reasons import Reason
from rlagents.structs.states import WorkloadKey
from rlautoscaler.acting import statuses
from rlautoscaler.acting.ticks import Tick
from rlautoscaler.acting.writers import StatusWriter
from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import RLAUTOSCALERS
from rlautoscaler.errors import ApiError, ForbiddenError, UnreachableError
from rlautoscaler.resources.statuses import Status
from rlautoscaler.telemetry.metrics import Metrics

KEY = WorkloadKey("shop", "checkout")
NOW = 1_700_000_000.0
MakeTick = Callable[..., Tick]
MakeManifest = Callable[..., dict[str, Any]]


class Scene:
    """A writer, its API server, and a cache of the object that lags behind as far as a test wants."""

    def __init__(self, make_manifest: MakeManifest) -> None:
        self.now = 500.0
        self.registry = CollectorRegistry()
        self.api = FakeKubeApi()
        self.cached = self.api.seed(RLAUTOSCALERS, make_manifest())
        self.writer = self.new_writer()

    def new_writer(self) -> StatusWriter:
        return StatusWriter(self.api, Metrics(CollectorRegistry(), version="1"), clock=lambda: self.now)

    async def tick(self, tick: Tick) -> bool:
        status = statuses.build(self.writer.newest(self.cached), tick)
        return await self.writer.write(self.cached, status)

    @property
    def stored(self) -> dict[str, Any]:
        return dict(self.api.stored(RLAUTOSCALERS, "shop", "checkout").get("status") or {})

    def sync(self) -> None:
        self.cached = self.api.stored(RLAUTOSCALERS, "shop", "checkout")

    @property
    def writes(self) -> int:
        return sum(call.verb == "patch" for call in self.api.calls)


@pytest.fixture
def scene(make_manifest: MakeManifest) -> Scene:
    return Scene(make_manifest)


async def test_a_status_arrives(scene: Scene, make_tick: MakeTick) -> None:
    """A first status is written whole, through the status subresource, and the schema takes it."""
    assert await scene.tick(make_tick(to=6))
    assert [str(call) for call in scene.api.calls] == ["patch rlautoscalers/status shop/checkout"]
    assert scene.stored["currentReplicas"] == 6
    Status.model_validate(scene.stored)


async def test_the_same_observation_twice_writes_nothing(scene: Scene, make_tick: MakeTick) -> None:
    """Whether or not the cache has seen the first write, the second is not made."""
    for tick in (make_tick(), make_tick(to=6), make_tick(to=7, outcome=Reason.FAILED_UPDATE_SCALE)):
        assert await scene.tick(tick)
        assert not await scene.tick(tick)
        scene.sync()
        assert not await scene.tick(tick)


async def test_calm_ticks_cost_six_writes_an_hour(scene: Scene, make_tick: MakeTick) -> None:
    """An hour of ticks in which nothing happens is written every ten minutes."""
    for number in range(240):
        scene.now += 15
        await scene.tick(make_tick(now=NOW + 15 * number))
    assert scene.writes == 6


async def test_moving_figures_cost_a_write_a_minute(scene: Scene, make_tick: MakeTick) -> None:
    """However the proposals jump, they are told once a minute."""
    for number in range(240):
        scene.now += 15
        await scene.tick(make_tick(now=NOW + 15 * number, policy=3 + number % 7))
    assert 55 <= scene.writes <= 61


async def test_a_change_is_not_forgotten_when_its_write_fails(scene: Scene, make_tick: MakeTick) -> None:
    """A status that could not be written is told by the next tick, with what happened meanwhile."""
    await scene.tick(make_tick())
    scene.api.fail(UnreachableError("no answer"), verb="patch")
    assert not await scene.tick(make_tick(now=NOW + 15, to=6))
    assert await scene.tick(make_tick(now=NOW + 30, replicas=6))
    assert [change["source"] for change in scene.stored["history"]] == ["Baseline"]
    assert scene.stored["lastScaleTime"] == "2023-11-14T22:13:35Z"


@pytest.mark.parametrize(
    "error", [ForbiddenError("no right"), UnreachableError("no answer"), ApiError("odd")]
)
async def test_refusals_are_counted_and_not_raised(
    make_manifest: MakeManifest, make_tick: MakeTick, error: ApiError
) -> None:
    """A status that cannot be written does not stop the tick."""
    scene, registry = Scene(make_manifest), CollectorRegistry()
    scene.writer = StatusWriter(scene.api, Metrics(registry, version="1"), clock=lambda: scene.now)
    scene.api.fail(error, verb="patch")
    assert not await scene.tick(make_tick())
    assert registry.get_sample_value("rlautoscaler_write_errors_total", {"kind": "status"}) == 1
    assert await scene.tick(make_tick())


async def test_an_object_that_is_gone(scene: Scene, make_tick: MakeTick) -> None:
    """Deleted between tick and write is no error, and nothing is remembered."""
    await scene.api.delete(RLAUTOSCALERS, "shop", "checkout")
    assert not await scene.tick(make_tick(to=6))
    assert scene.writer.newest(scene.cached)["history"] == []


async def test_an_object_made_anew(scene: Scene, make_manifest: MakeManifest, make_tick: MakeTick) -> None:
    """An object of the same name with another uid does not inherit a status."""
    await scene.tick(make_tick(to=6))
    await scene.api.delete(RLAUTOSCALERS, "shop", "checkout")
    scene.cached = scene.api.seed(RLAUTOSCALERS, make_manifest(uid="uid-2"))
    assert await scene.tick(make_tick(now=NOW + 15))
    assert scene.stored["currentReplicas"] == 4
    assert "lastScaleTime" not in scene.stored
    assert scene.writer.newest(scene.cached)["history"] == []


async def test_a_restart_goes_on_where_it_was(scene: Scene, make_tick: MakeTick) -> None:
    """A new process builds on the stored status, and does not write every status because of its start."""
    await scene.tick(make_tick(to=6))
    await scene.tick(make_tick(now=NOW + 15, replicas=6))
    scene.sync()
    scene.writer = scene.new_writer()
    assert not await scene.tick(make_tick(now=NOW + 30, replicas=6))
    assert await scene.tick(make_tick(now=NOW + 45, replicas=6, to=8))
    assert [change["toReplicas"] for change in scene.stored["history"]] == [6, 8]


async def test_a_status_damaged_by_hand_is_healed(scene: Scene, make_tick: MakeTick) -> None:
    """What cannot be read is replaced by the first write after a restart."""
    damaged: Mapping[str, Any] = {"status": {"conditions": "none", "history": 7, "currentReplicas": "four"}}
    await scene.api.patch(RLAUTOSCALERS, "shop", "checkout", dict(damaged), subresource="status")
    scene.sync()
    assert await scene.tick(make_tick(to=6))
    Status.model_validate(scene.stored)
    assert scene.stored["currentReplicas"] == 6


async def test_forgetting(scene: Scene, make_tick: MakeTick) -> None:
    """What is forgotten is read from the object again, and may be forgotten twice."""
    await scene.tick(make_tick(to=6))
    scene.writer.forget(KEY)
    scene.writer.forget(KEY)
    assert scene.writer.newest(scene.cached)["history"] == []
    scene.sync()
    assert len(scene.writer.newest(scene.cached)["history"]) == 1

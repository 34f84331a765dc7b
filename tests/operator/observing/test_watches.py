"""Lists and watches that keep the caches equal to the API server, whatever it does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sized
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import (
    DEPLOYMENTS,
    HORIZONTALPODAUTOSCALERS,
    NAMESPACES,
    PODS,
    SCALEDOBJECTS,
    VERTICALPODAUTOSCALERS,
    Manifest,
    Resource,
)
from rlautoscaler.errors import ApiError, ForbiddenError, NotFoundError, UnreachableError
from rlautoscaler.observing import watches
from rlautoscaler.observing.caches import Cache, Caches
from rlautoscaler.observing.watches import Pace, Watcher, keep_all


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    @property
    def pace(self) -> Pace:
        return Pace(clock=lambda: self.now, sleep=self.sleep, jitter=lambda: 1.0)


def deployment(name: str, namespace: str = "shop", **spec: Any) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 1, **spec},
    }


def names(cache: Cache[Any], *places: str) -> set[str]:
    """Which of these the cache has, as `namespace/name`."""
    return {place for place in places if cache.get(*place.split("/")) is not None}


async def settle(is_done: Callable[[], bool]) -> None:
    """Let everybody run until something holds; fails instead of hanging."""
    for _ in range(1000):
        if is_done():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


@asynccontextmanager
async def following(
    api: FakeKubeApi, clock: Clock, namespace: str | None = None
) -> AsyncIterator[Cache[Any]]:
    """A watcher of Deployments that is stopped in the end."""
    cache = Caches().deployments
    task = asyncio.create_task(Watcher(api, cache, namespace, clock.pace).run())
    try:
        await settle(cache.synced.is_set)
        yield cache
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def count(api: FakeKubeApi, verb: str, resource: Resource = DEPLOYMENTS) -> int:
    return sum(call.verb == verb and call.resource == resource for call in api.calls)


def has_watched(api: FakeKubeApi, times: int) -> bool:
    return count(api, "watch") == times


def has_length(collection: Sized, length: int) -> bool:
    return len(collection) == length


async def test_what_is_there_is_listed_and_what_happens_is_followed() -> None:
    """After the list the cache is synced; creations, changes and deletions arrive without another list."""
    api, clock = FakeKubeApi(), Clock()
    api.seed(DEPLOYMENTS, deployment("old"))
    async with following(api, clock) as cache:
        assert names(cache, "shop/old", "shop/new") == {"shop/old"}
        await api.create(DEPLOYMENTS, "shop", deployment("new"))
        await settle(lambda: len(cache) == 2)
        await api.patch(DEPLOYMENTS, "shop", "new", {"spec": {"replicas": 7}})
        await settle(lambda: [one["spec"]["replicas"] for one in (cache.get("shop", "new"),) if one] == [7])
        await api.delete(DEPLOYMENTS, "shop", "old")
        await settle(lambda: len(cache) == 1)
    assert count(api, "list") == 1


async def test_a_watch_that_ends_goes_on_where_it_ended() -> None:
    """A clean end costs a new watch and no list, and nothing that happened meanwhile is missed."""
    api, clock = FakeKubeApi(), Clock()
    async with following(api, clock) as cache:
        await settle(lambda: count(api, "watch") == 1)
        api.end_watches()
        api.seed(DEPLOYMENTS, deployment("meanwhile"))
        await settle(lambda: len(cache) == 1)
    assert (count(api, "list"), count(api, "watch")) == (1, 2)


async def test_a_bookmark_moves_the_place_to_go_on_from() -> None:
    """After a bookmark, even a compaction up to it costs no list."""
    api, clock = FakeKubeApi(), Clock()
    async with following(api, clock) as cache:
        await settle(lambda: count(api, "watch") == 1)
        clock.now += 50
        api.seed(PODS, {"metadata": {"name": "x", "namespace": "shop"}, "spec": {"containers": []}})
        api.bookmark()
        await settle(lambda: cache.contact_at == clock.now)
        api.compact()
        api.end_watches()
        await settle(lambda: count(api, "watch") == 2)
        api.seed(DEPLOYMENTS, deployment("later"))
        await settle(lambda: len(cache) == 1)
    assert count(api, "list") == 1


async def test_a_version_that_is_gone_is_listed_anew() -> None:
    """410 costs one list, after which deletions that nobody saw have taken effect."""
    api, clock = FakeKubeApi(), Clock()
    api.seed(DEPLOYMENTS, deployment("stays"))
    api.seed(DEPLOYMENTS, deployment("goes"))
    async with following(api, clock) as cache:
        await settle(lambda: count(api, "watch") == 1)
        api.end_watches(UnreachableError("cut"))
        await api.delete(DEPLOYMENTS, "shop", "goes")
        api.compact()
        await settle(lambda: len(cache) == 1)
        assert names(cache, "shop/stays", "shop/goes") == {"shop/stays"}
    assert count(api, "list") == 2


async def test_failures_are_waited_out_longer_and_longer() -> None:
    """Pauses double up to twenty seconds, and the cache is synced in the end."""
    api, clock = FakeKubeApi(), Clock()
    api.fail(UnreachableError("down"), verb="list", times=9)
    async with following(api, clock):
        pass
    assert clock.slept[:9] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0, 20.0]


async def test_pauses_are_spread_by_chance() -> None:
    """With the other end of chance, half the pause."""
    api, clock = FakeKubeApi(), Clock()
    api.fail(UnreachableError("down"), verb="list", times=1)
    cache = Caches().deployments
    pace = Pace(clock=lambda: 0.0, sleep=clock.sleep, jitter=lambda: 0.0)
    task = asyncio.create_task(Watcher(api, cache, pace=pace).run())
    await settle(cache.synced.is_set)
    task.cancel()
    assert clock.slept[0] == 0.25


async def test_contact_ends_the_waiting() -> None:
    """After an event, the next failure is waited out as briefly as the first."""
    api, clock = FakeKubeApi(), Clock()
    async with following(api, clock) as cache:
        for done in range(1, 4):
            await settle(partial(has_watched, api, done))
            api.seed(DEPLOYMENTS, deployment(f"d{done}"))
            await settle(partial(has_length, cache, done))
            api.end_watches(UnreachableError("cut"))
            await settle(partial(has_length, clock.slept, done))
    assert clock.slept == [0.5, 0.5, 0.5]
    assert count(api, "list") == 1


async def test_watches_that_only_fail_lead_to_a_new_list() -> None:
    """After three in a row, the version to go on from may be the trouble."""
    api, clock = FakeKubeApi(), Clock()
    api.fail(UnreachableError("down"), verb="watch", times=watches.RELIST_AFTER)
    async with following(api, clock):
        await settle(lambda: count(api, "watch") == watches.RELIST_AFTER + 1)
    assert count(api, "list") == 2


async def test_one_namespace_is_followed_alone() -> None:
    """A watcher of a namespace neither sees others nor forgets what another watcher saw there."""
    api, clock = FakeKubeApi(), Clock()
    api.seed(DEPLOYMENTS, deployment("a", "shop"))
    api.seed(DEPLOYMENTS, deployment("b", "bank"))
    async with following(api, clock, "shop") as cache:
        assert names(cache, "shop/a", "bank/b") == {"shop/a"}
        cache.put(deployment("c", "other"))
        await settle(lambda: count(api, "watch") == 1)
        api.compact()
        api.seed(DEPLOYMENTS, deployment("d", "shop"))
        await settle(lambda: cache.get("shop", "d") is not None)
        api.compact()
        api.end_watches(UnreachableError("cut"))
        await settle(lambda: count(api, "watch") == 2)
        assert names(cache, "other/c") == {"other/c"}


@pytest.mark.parametrize("error", [NotFoundError("no such kind"), ForbiddenError("no right")])
async def test_an_optional_kind_may_be_missing(error: ApiError, caplog: pytest.LogCaptureFixture) -> None:
    """It counts as synced and empty, is looked for again after five minutes, and is no warning."""
    api, clock = FakeKubeApi(), Clock()
    api.fail(error, resource=SCALEDOBJECTS, times=3)
    cache = Caches().scaledobjects
    with caplog.at_level(logging.INFO):
        task = asyncio.create_task(Watcher(api, cache, pace=clock.pace).run())
        await settle(cache.synced.is_set)
        assert cache.absent
        await settle(lambda: not cache.absent)
    task.cancel()
    assert clock.slept == [watches.ABSENT_PAUSE] * 3
    assert [record.levelno for record in caplog.records] == [logging.INFO]


async def test_a_kind_that_is_uninstalled_is_empty() -> None:
    """What was seen of an optional kind is forgotten when the kind is gone."""
    api, clock = FakeKubeApi(), Clock()
    body: Manifest = {
        "metadata": {"name": "a", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"name": "web"}},
    }
    api.seed(SCALEDOBJECTS, body)
    cache = Caches().scaledobjects
    task = asyncio.create_task(Watcher(api, cache, pace=clock.pace).run())
    await settle(lambda: len(cache) == 1 and count(api, "watch", SCALEDOBJECTS) == 1)
    api.fail(NotFoundError("gone"), resource=SCALEDOBJECTS, times=10)
    api.end_watches()
    await settle(lambda: cache.absent)
    task.cancel()
    assert len(cache) == 0


async def test_a_kind_that_is_needed_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    """Without the right to see pods nothing is synced; the log says it once."""
    api, clock = FakeKubeApi(), Clock()
    api.fail(ForbiddenError("grant it"), resource=PODS, times=5)
    cache = Caches().pods
    task = asyncio.create_task(Watcher(api, cache, pace=clock.pace).run())
    await settle(lambda: len(clock.slept) == 4)
    assert not cache.synced.is_set()
    await settle(cache.synced.is_set)
    task.cancel()
    assert caplog.text.count("grant it") == 1


async def test_an_object_of_odd_contents_does_not_end_the_watch(caplog: pytest.LogCaptureFixture) -> None:
    """It is left out with a warning, and its neighbours are seen."""
    api, clock = FakeKubeApi(), Clock()
    odd = {
        "metadata": {"name": "odd", "namespace": "shop"},
        "status": {"containerStatuses": [{"restartCount": "x"}]},
    }
    api.seed(PODS, odd)
    api.seed(PODS, {"metadata": {"name": "even", "namespace": "shop"}})
    cache = Caches().pods
    task = asyncio.create_task(Watcher(api, cache, pace=clock.pace).run())
    await settle(cache.synced.is_set)
    task.cancel()
    assert names(cache, "shop/odd", "shop/even") == {"shop/even"}
    assert "pods shop/odd cannot be read" in caplog.text


async def test_all_kinds_are_kept_until_cancelled() -> None:
    """Every kind is synced, missing ones included, and cancelling ends all watches."""
    api, clock = FakeKubeApi(missing={SCALEDOBJECTS, VERTICALPODAUTOSCALERS}), Clock()
    caches = Caches()
    assert not caches.is_synced
    task = asyncio.create_task(keep_all(api, caches, pace=clock.pace))
    await settle(lambda: caches.is_synced)
    await caches.wait_synced()
    assert caches.silence(clock.now) < float("inf")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(asyncio.all_tasks()) == 1


async def test_several_namespaces_are_synced_together() -> None:
    """With a list of namespaces each is followed alone, and a kind is synced when all are."""
    api, clock = FakeKubeApi(), Clock()
    for namespace in ("a", "b", "c"):
        api.seed(DEPLOYMENTS, deployment("web", namespace))
    caches = Caches()
    task = asyncio.create_task(keep_all(api, caches, ["a", "b"], clock.pace))
    await settle(lambda: caches.is_synced)
    task.cancel()
    assert names(caches.deployments, "a/web", "b/web", "c/web") == {"a/web", "b/web"}
    assert count(api, "list", NAMESPACES) == 1
    assert count(api, "list", HORIZONTALPODAUTOSCALERS) == 2


async def test_silence_is_that_of_the_quietest_kind() -> None:
    """Health looks at the longest silence; a kind that was never heard of is silent for ever."""
    caches = Caches()
    assert caches.silence(100.0) == float("inf")
    for cache in caches.all():
        cache.contact_at = 90.0
    caches.pods.contact_at = 40.0
    caches.vpas.contact_at = None
    caches.vpas.absent = True
    assert caches.silence(100.0) == 60.0

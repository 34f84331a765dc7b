"""Keeps the caches equal to the API server: one list, then a watch that goes on where the last one ended."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from rlautoscaler.clients.protocols import KubeApi, Manifest, WatchEvent
from rlautoscaler.errors import ApiError, ForbiddenError, GoneError, NotFoundError
from rlautoscaler.observing.caches import Cache, Caches, Place, place_of

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
"""Seconds between attempts; each failure doubles the pause."""

RELIST_AFTER = 3
"""Failed watches in a row after which the list is read anew: the place to go on from may be the trouble."""

ABSENT_PAUSE = 300.0
"""Seconds until an optional kind that is not there is looked for again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Time and chance."""

    clock: Callable[[], float] = time.time
    """Seconds since the epoch, for `Cache.contact_at`."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[], float] = random.random
    """0 to 1; spreads the attempts of many watches, and of many operators, after an outage."""


async def keep_all(api: KubeApi, caches: Caches, namespaces: Sequence[str] = (), pace: Pace = Pace()) -> None:
    """Keep every cache until cancelled. Without namespaces, of the whole cluster."""
    async with asyncio.TaskGroup() as group:
        for cache in caches.all():
            scopes: Sequence[str | None] = namespaces or (None,)
            if cache is caches.namespaces:
                scopes = (None,)  # they lie in no namespace
            remaining = _Countdown(len(scopes), cache)
            for namespace in scopes:
                group.create_task(Watcher(api, cache, namespace, pace, remaining.step).run())


class _Countdown:
    """Marks a cache as synced when each of its scopes has been seen."""

    def __init__(self, count: int, cache: Cache[Any]) -> None:
        self._count = count
        self._cache = cache

    def step(self) -> None:
        self._count -= 1
        if self._count == 0:
            self._cache.synced.set()


class Watcher:
    """Keeps one cache equal to the API server, in one namespace or in all."""

    def __init__(
        self,
        api: KubeApi,
        cache: Cache[Any],
        namespace: str | None = None,
        pace: Pace = Pace(),
        on_first_list: Callable[[], None] | None = None,
    ) -> None:
        self._api = api
        self._cache = cache
        self._namespace = namespace
        self._pace = pace
        self._on_first_list = on_first_list or cache.synced.set
        self._is_listed = False
        self._version: str | None = None
        self._failures = 0
        self._complaint = ""

    async def run(self) -> None:
        """Until cancelled. Nothing that the API server does ends it."""
        while True:
            try:
                if self._version is None:
                    self._version = await self._list()
                self._version = await self._follow(self._version)
                pause = FIRST_PAUSE
            except GoneError:
                self._version = None
                pause = self._back_off()
            except (NotFoundError, ForbiddenError) as error:
                pause = self._missing(error)
            except ApiError as error:
                pause = self._failed(error)
            await self._pace.sleep(pause)

    async def _list(self) -> str:
        """Take in everything there is; returns where a watch goes on."""
        seen: set[Place] = set()
        version = ""
        async with aclosing(self._api.pages(self._cache.resource, self._namespace)) as pages:
            async for page in pages:
                seen.update(self._put(manifest) for manifest in page.items)
                version = page.resource_version
        self._cache.retain(seen, self._namespace)
        self._in_contact()
        if not self._is_listed:
            self._is_listed = True
            self._on_first_list()
        return version

    async def _follow(self, version: str) -> str:
        """Take in changes until the server ends the stream; returns where to go on."""
        watch = self._api.watch(self._cache.resource, self._namespace, resource_version=version)
        async with aclosing(watch) as events:
            async for event in events:
                self._take_in(event)
                self._version = version = event.object["metadata"]["resourceVersion"]
                self._in_contact()
        self._cache.contact_at = self._pace.clock()
        return version

    def _take_in(self, event: WatchEvent) -> None:
        match event.type:
            case "ADDED" | "MODIFIED":
                self._put(event.object)
            case "DELETED":
                self._cache.remove(event.object)

    def _put(self, manifest: Manifest) -> Place:
        """Whatever somebody has stored, the watch goes on: an object of odd contents is as good as absent."""
        try:
            self._cache.put(manifest)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            self._cache.remove(manifest)
            place = "/".join(place_of(manifest))
            logger.warning("%s %s cannot be read: %r", self._cache.resource.plural, place, error)
        return place_of(manifest)

    def _in_contact(self) -> None:
        self._cache.contact_at = self._pace.clock()
        self._cache.absent = False
        self._failures = 0
        self._complaint = ""

    def _failed(self, error: ApiError) -> float:
        if self._failures + 1 >= RELIST_AFTER:
            self._version = None
        self._complain(error)
        return self._back_off()

    def _missing(self, error: ApiError) -> float:
        """An optional kind that cannot be seen is as good as empty; the operator goes on without it."""
        if not self._cache.optional:
            return self._failed(error)
        self._cache.absent = True
        self._cache.retain(set(), self._namespace)
        self._version = None
        self._complain(error)
        if not self._is_listed:
            self._is_listed = True
            self._on_first_list()
        return ABSENT_PAUSE

    def _complain(self, error: ApiError) -> None:
        """Once for each trouble, until there is contact again."""
        if str(error) != self._complaint:
            self._complaint = str(error)
            level = logging.INFO if self._cache.absent else logging.WARNING
            logger.log(level, "Following %s: %s", self._cache.resource.plural, error)

    def _back_off(self) -> float:
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**self._failures)
        self._failures += 1
        return pause * (0.5 + 0.5 * self._pace.jitter())

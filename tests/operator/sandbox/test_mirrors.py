"""Copies of objects, and who is told of their changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from rlautoscaler.clients.protocols import PODS, ManifestList, WatchEvent
from rlautoscaler.errors import GoneError
from rlautoscaler.sandbox.mirrors import Mirror


def pod(name: str, version: str = "1") -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": version}}


class Server:
    """Lists of its own choosing; a watch that tells something and then is too old."""

    def __init__(self, lists: list[list[dict[str, Any]]], events: list[WatchEvent]) -> None:
        self._lists = lists
        self._events = events

    async def list(self, *_: Any, **__: Any) -> ManifestList:
        if not self._lists:
            await asyncio.Event().wait()
        return ManifestList(self._lists.pop(0), "1")

    async def watch(self, *_: Any, **__: Any) -> AsyncGenerator[WatchEvent, None]:
        for event in self._events:
            yield event
        raise GoneError("too old")


async def test_every_change_is_heard_also_of_a_second_list() -> None:
    """What a watch missed comes to light in the next list: what is gone there counts as deleted."""
    heard: list[tuple[str, str]] = []
    has_third = asyncio.Event()

    def hear(kind: str, manifest: dict[str, Any]) -> None:
        heard.append((kind, manifest["metadata"]["name"]))
        if heard[-1] == ("ADDED", "c"):
            has_third.set()

    server: Any = Server(
        [[pod("a"), pod("b")], [pod("b"), pod("c")]],
        [WatchEvent("MODIFIED", pod("a", "2")), WatchEvent("BOOKMARK", pod("", "3"))],
    )
    mirror = Mirror(server, PODS, "shop", lambda manifest: manifest["metadata"]["name"], hear)
    task = asyncio.create_task(mirror.follow())
    await asyncio.wait_for(has_third.wait(), 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert heard[:6] == [
        ("ADDED", "a"),
        ("ADDED", "b"),
        ("MODIFIED", "a"),
        ("DELETED", "a"),
        ("MODIFIED", "b"),
        ("ADDED", "c"),
    ]
    assert {"b", "c"} <= mirror.objects.keys()

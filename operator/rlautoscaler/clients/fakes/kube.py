"""An API server in memory: what it stores, refuses and tells watchers, without controllers behind it."""

from __future__ import annotations

import asyncio
import copy
import uuid
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from rlautoscaler.clients import selectors
from rlautoscaler.clients.fakes import patches, views
from rlautoscaler.clients.protocols import Manifest, ManifestList, PatchType, Resource, WatchEvent
from rlautoscaler.clients.refusals import Call, refusal
from rlautoscaler.errors import ApiError

PAGE_SIZE = 500


@dataclass(frozen=True, slots=True)
class _Entry:
    """One change, as watchers see it."""

    version: int
    resource: Resource | None
    """None for a bookmark, which every watch receives."""
    namespace: str | None
    event: WatchEvent


@dataclass(frozen=True, slots=True)
class _Ended:
    """How the streams that were open were closed last."""

    times: int = 0
    error: ApiError | None = None
    at: int = 0
    """Length of the history then: what came later, they did not carry."""


@dataclass(slots=True)
class _Failure:
    """A call that shall fail."""

    error: ApiError
    verb: str | None
    resource: Resource | None
    times: int

    def meets(self, call: Call) -> bool:
        return self.verb in (None, call.verb) and self.resource in (None, call.resource)


class FakeKubeApi:
    """A `KubeApi` for tests.

    Like the original: resource versions, generations, conflicts, ignored status in ordinary writes, no-op
    writes that change nothing, `status`, `scale` and `resize` subresources, watches with history and 410.
    Unlike it: no validation of contents, no admission, no controllers, no graceful deletion of pods.

    Args:
        clock: seconds since the epoch, for creation and deletion times.
        missing: kinds the server does not know, as those of a CRD that is not installed.

    """

    def __init__(
        self, *, clock: Callable[[], float] = lambda: 0.0, missing: Collection[Resource] = ()
    ) -> None:
        self.calls: list[Call] = []
        """Everything that was asked, in order."""
        self._clock = clock
        self._missing = set(missing)
        self._objects: dict[Resource, dict[tuple[str, str], Manifest]] = {}
        self._applied: dict[Call, Manifest] = {}
        self._failures: list[_Failure] = []
        self._version = 1
        self._history: list[_Entry] = []
        self._oldest_watchable = 0
        self._changed = asyncio.Event()
        self._ended = _Ended()

    # The scene, set by tests.

    def seed(self, resource: Resource, manifest: Manifest) -> Manifest:
        """Store an object as it is, status included, as controllers and kubelets would have left it."""
        manifest = copy.deepcopy(manifest)
        metadata = manifest.setdefault("metadata", {})
        key = (metadata.get("namespace") or "", metadata["name"])
        known = self._objects.get(resource, {}).get(key)
        if known is None:
            views.adopt(resource, manifest, uid=str(uuid.uuid4()), created=self._timestamp())
        else:
            metadata["uid"] = known["metadata"]["uid"]
        return self._store(resource, key, manifest, "ADDED" if known is None else "MODIFIED")

    def stored(self, resource: Resource, namespace: str | None, name: str) -> Manifest:
        """An object as it is stored now; `NotFoundError` where there is none. Not counted as a call."""
        return copy.deepcopy(self._find(Call("get", resource, namespace, name)))

    def compact(self) -> None:
        """Forget old versions: watches that begin before now are answered 410."""
        self._oldest_watchable = self._version

    def bookmark(self) -> None:
        """Send every watch a bookmark."""
        self._version += 1
        manifest = {"metadata": {"resourceVersion": str(self._version)}}
        self._record(_Entry(self._version, None, None, WatchEvent("BOOKMARK", manifest)))

    def end_watches(self, error: ApiError | None = None) -> None:
        """Close every open watch, cleanly or with an error."""
        self._ended = _Ended(self._ended.times + 1, error, at=len(self._history))
        self._wake()

    def fail(
        self, error: ApiError, *, verb: str | None = None, resource: Resource | None = None, times: int = 1
    ) -> None:
        """Let the next calls of a verb and a resource (None: any) fail."""
        self._failures.append(_Failure(error, verb, resource, times))

    def heal(self) -> None:
        """Forget all failures that were asked for and have not happened."""
        self._failures.clear()

    # The protocol.

    async def get(
        self, resource: Resource, namespace: str | None, name: str, *, subresource: str = ""
    ) -> Manifest:
        """See `KubeApi`."""
        call = await self._enter(Call("get", resource, namespace, name, subresource))
        return views.shown(call, self._find(call))

    async def list(
        self, resource: Resource, namespace: str | None = None, *, selector: str = ""
    ) -> ManifestList:
        """See `KubeApi`."""
        call = await self._enter(Call("list", resource, namespace))
        is_selected = _parsed(call, selector)
        found = [
            copy.deepcopy(manifest)
            for (home, _), manifest in sorted(self._objects.get(resource, {}).items())
            if namespace in (None, home) and is_selected(manifest["metadata"].get("labels") or {})
        ]
        return ManifestList(found, str(self._version))

    async def pages(
        self, resource: Resource, namespace: str | None = None, *, selector: str = ""
    ) -> AsyncGenerator[ManifestList, None]:
        """See `KubeApi`."""
        whole = await self.list(resource, namespace, selector=selector)
        for start in range(0, max(1, len(whole.items)), PAGE_SIZE):
            yield ManifestList(whole.items[start : start + PAGE_SIZE], whole.resource_version)

    async def watch(
        self, resource: Resource, namespace: str | None = None, *, resource_version: str
    ) -> AsyncGenerator[WatchEvent, None]:
        """See `KubeApi`."""
        begun = self._ended.times
        call = await self._enter(Call("watch", resource, namespace))
        version = int(resource_version or 0)
        if version < self._oldest_watchable:
            raise _refused(call, HTTPStatus.GONE, "Expired", "too old resource version")
        position = 0
        while True:
            is_ended = self._ended.times != begun
            reached = self._ended.at if is_ended else len(self._history)
            for entry in self._history[position:reached]:
                if entry.version > version and _concerns(entry, call):
                    yield copy.deepcopy(entry.event)
            position = reached
            if is_ended:
                if self._ended.error is not None:
                    raise self._ended.error
                return
            if position == len(self._history):
                await self._changed.wait()

    async def create(self, resource: Resource, namespace: str | None, body: Manifest) -> Manifest:
        """See `KubeApi`."""
        call = await self._enter(Call("create", resource, namespace))
        manifest = copy.deepcopy(body)
        views.check_head(call, manifest)
        metadata = manifest["metadata"]
        if "name" not in metadata:
            metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
        key = (namespace or "", metadata["name"])
        if key in self._objects.get(resource, {}):
            raise _refused(call, HTTPStatus.CONFLICT, "AlreadyExists", f'"{key[1]}" already exists')
        if resource in views.WITH_STATUS:
            manifest.pop("status", None)
        views.adopt(resource, manifest, uid=str(uuid.uuid4()), created=self._timestamp(), anew=True)
        return self._store(resource, key, manifest, "ADDED")

    async def replace(self, resource: Resource, namespace: str | None, name: str, body: Manifest) -> Manifest:
        """See `KubeApi`."""
        call = await self._enter(Call("update", resource, namespace, name))
        body = copy.deepcopy(body)
        views.check_head(call, body)
        if resource in views.VERSIONED_REPLACE and not body["metadata"].get("resourceVersion"):
            raise _refused(
                call, HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", "resourceVersion must be specified"
            )
        return self._update(call, lambda _: body)

    async def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        patch: Manifest | Sequence[Manifest],
        *,
        subresource: str = "",
        patch_type: PatchType = PatchType.MERGE,
    ) -> Manifest:
        """See `KubeApi`."""
        call = await self._enter(Call("patch", resource, namespace, name, subresource))
        if isinstance(patch, dict) is (patch_type is PatchType.JSON):
            raise _refused(
                call, HTTPStatus.BAD_REQUEST, "BadRequest", "a JSON patch, and it alone, is a list"
            )
        if not isinstance(patch, dict):
            return self._update(call, lambda current: patches.edit(current, patch))
        if patch_type is PatchType.MERGE:
            return self._update(call, lambda current: patches.merge(current, patch))
        return await self._apply(call, patch)

    async def delete(self, resource: Resource, namespace: str | None, name: str) -> None:
        """See `KubeApi`."""
        call = await self._enter(Call("delete", resource, namespace, name))
        manifest = copy.deepcopy(self._find(call))
        key = (namespace or "", name)
        if manifest["metadata"].get("finalizers"):
            manifest["metadata"].setdefault("deletionTimestamp", self._timestamp())
            self._store(resource, key, manifest, "MODIFIED")
        else:
            self._store(resource, key, manifest, "DELETED")
            self._applied = {applied: body for applied, body in self._applied.items() if applied.name != name}

    # How it works.

    async def _enter(self, call: Call) -> Call:
        """Note a call, give others their turn as real I/O would, and fail where that was asked for."""
        call.resource.path(call.namespace, call.name, call.subresource)  # refuses names as the real one does
        self.calls.append(call)
        await asyncio.sleep(0)
        failure = next((failure for failure in self._failures if failure.meets(call)), None)
        if failure is not None:
            failure.times -= 1
            if failure.times <= 0:
                self._failures.remove(failure)
            raise failure.error
        if call.resource in self._missing:
            raise _refused(call, HTTPStatus.NOT_FOUND, "", "404 page not found")
        return call

    def _find(self, call: Call) -> Manifest:
        manifest = self._objects.get(call.resource, {}).get((call.namespace or "", call.name))
        if manifest is None:
            raise _refused(call, HTTPStatus.NOT_FOUND, "NotFound", f'"{call.name}" not found')
        return manifest

    async def _apply(self, call: Call, wanted: Manifest) -> Manifest:
        exists = (call.namespace or "", call.name) in self._objects.get(call.resource, {})
        before = self._applied.get(call, {})
        self._applied[call] = copy.deepcopy(wanted)
        if not exists and not call.subresource:
            body = copy.deepcopy(wanted)
            body.setdefault("metadata", {}).setdefault("name", call.name)
            return await self.create(call.resource, call.namespace, body)
        return self._update(call, lambda current: patches.apply(current, wanted, before))

    def _update(self, call: Call, change: Callable[[Manifest], Manifest]) -> Manifest:
        current = self._find(call)
        seen = views.shown(call, current)
        try:
            wanted = change(seen)
        except patches.PatchError as error:
            raise _refused(call, HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", str(error)) from error
        version = wanted.get("metadata", {}).get("resourceVersion")
        if version not in (None, current["metadata"]["resourceVersion"]):
            raise _refused(call, HTTPStatus.CONFLICT, "Conflict", "the object has been modified")
        updated = views.merged(call, current, wanted)
        if updated == current:
            return views.shown(call, current)
        metadata = updated["metadata"]
        gone = "deletionTimestamp" in metadata and not metadata.get("finalizers")
        key = (call.namespace or "", call.name)
        return views.shown(call, self._store(call.resource, key, updated, "DELETED" if gone else "MODIFIED"))

    def _store(self, resource: Resource, key: tuple[str, str], manifest: Manifest, event: str) -> Manifest:
        self._version += 1
        manifest["metadata"]["resourceVersion"] = str(self._version)
        objects = self._objects.setdefault(resource, {})
        if event == "DELETED":
            objects.pop(key, None)
        else:
            objects[key] = manifest
        self._record(_Entry(self._version, resource, key[0], WatchEvent(event, copy.deepcopy(manifest))))
        return copy.deepcopy(manifest)

    def _record(self, entry: _Entry) -> None:
        self._history.append(entry)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _timestamp(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parsed(call: Call, selector: str) -> selectors.Selector:
    try:
        return selectors.parse(selector)
    except ValueError as error:
        raise _refused(call, HTTPStatus.BAD_REQUEST, "BadRequest", str(error)) from error


def _concerns(entry: _Entry, call: Call) -> bool:
    if entry.resource is None:
        return True
    return entry.resource == call.resource and call.namespace in (None, entry.namespace)


def _refused(call: Call, status: HTTPStatus, reason: str, message: str) -> ApiError:
    body: dict[str, Any] = {"reason": reason, "message": message}
    return refusal(call, status, body)

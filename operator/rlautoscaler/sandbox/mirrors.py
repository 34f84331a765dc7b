"""A copy of one kind of object in one namespace, kept up to date by list and watch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Generic, TypeVar

from rlautoscaler.clients.protocols import KubeApi, Manifest, Resource
from rlautoscaler.errors import ApiError, GoneError, SandboxError

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0

T = TypeVar("T")


class Mirror(Generic[T]):
    """Objects by name, each reduced by `view` on arrival.

    Run `follow` in a task. While the API server does not answer, the last known objects stay. `heard` is
    told of each object that is new, changed or, as `DELETED`, gone, once the copy shows it.
    """

    def __init__(
        self,
        api: KubeApi,
        resource: Resource,
        namespace: str,
        view: Callable[[Manifest], T],
        heard: Callable[[str, Manifest], None] = lambda kind, manifest: None,
    ) -> None:
        self.objects: dict[str, T] = {}
        self._api = api
        self._resource = resource
        self._namespace = namespace
        self._view = view
        self._heard = heard
        self._is_synced = asyncio.Event()

    async def until_synced(self, seconds: float) -> None:
        """Wait for the first list; `SandboxError` where it takes longer."""
        try:
            await asyncio.wait_for(self._is_synced.wait(), seconds)
        except TimeoutError:
            raise SandboxError(
                f"The {self._resource.plural} of namespace {self._namespace} could not be listed within "
                f"{seconds:g} s; look whether the API server is up and the kubeconfig may list them."
            ) from None

    async def follow(self) -> None:
        """List and watch until cancelled."""
        while True:
            try:
                await self._list_and_watch()
            except GoneError:
                continue  # list anew at once
            except ApiError as error:
                logger.warning("%s", error)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _list_and_watch(self) -> None:
        listed = await self._api.list(self._resource, self._namespace)
        gone = self.objects.keys() - {item["metadata"]["name"] for item in listed.items}
        for name in gone:
            self._take("DELETED", {"metadata": {"name": name}})
        for item in listed.items:
            self._take("MODIFIED" if item["metadata"]["name"] in self.objects else "ADDED", item)
        self._is_synced.set()
        version = listed.resource_version
        while True:
            stream = self._api.watch(self._resource, self._namespace, resource_version=version)
            async for event in stream:
                version = event.object["metadata"]["resourceVersion"]
                self._take(event.type, event.object)

    def _take(self, kind: str, manifest: Manifest) -> None:
        if kind == "BOOKMARK":
            return
        name = manifest["metadata"]["name"]
        if kind == "DELETED":
            self.objects.pop(name, None)
        else:
            self.objects[name] = self._view(manifest)
        self._heard(kind, manifest)

"""The real API server.

The official client authenticates and opens the connections; requests and answers stay JSON.

    async with kube.connect() as api:
        scale = await api.get(protocols.DEPLOYMENTS, "shop", "checkout", subresource="scale")
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import ApiClient
from kubernetes.aio.config import ConfigException

from rlautoscaler.clients import credentials
from rlautoscaler.clients.protocols import Manifest, ManifestList, PatchType, Resource, WatchEvent
from rlautoscaler.clients.refusals import Call, refusal, silence
from rlautoscaler.errors import GoneError, NotFoundError, SettingsError, UnreachableError

FIELD_MANAGER = "rlautoscaler"

PAGE_SIZE = 500
"""Objects per page of a list; what kubectl asks for."""

_BROKEN = (aiohttp.ClientError, TimeoutError, OSError)
"""A connection that failed, whoever noticed."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds after which something is given up. Longer ones notice a dead connection later."""

    connect: float = 10.0
    call: float = 30.0
    """One request, one page of a list."""
    watch: float = 60.0
    """The server ends a watch after this, and it goes on with a new one. So short because nothing else shows
    that a quiet watch lives: the server sends no bookmark before a watch's first event."""
    watch_silence: float = 90.0
    """A watch without any word for so long is dead, since the server has not even ended it. Load balancers
    drop idle connections without telling (nolar/kopf#585)."""


@asynccontextmanager
async def connect(
    *,
    kubeconfig: Path | None = None,
    context: str | None = None,
    timeouts: Timeouts = Timeouts(),
    on_call: Callable[[Call], None] = lambda _: None,
) -> AsyncIterator[KubeClient]:
    """A client of the cluster that `credentials.load` finds. Raises `SettingsError`; asks nothing yet.

    `on_call` is told of every request before it is sent.
    """
    configuration = await credentials.load(kubeconfig, context)
    try:
        transport = ApiClient(configuration)
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(
            f"The certificates for {configuration.host} cannot be used: {error}. Renew the kubeconfig."
        ) from error
    transport.user_agent = FIELD_MANAGER
    try:
        yield KubeClient(transport, timeouts, on_call)
    finally:
        await transport.close()


class KubeClient:
    """A `KubeApi` over HTTP. Nothing is retried here: the next tick is the retry."""

    def __init__(
        self,
        transport: ApiClient,
        timeouts: Timeouts = Timeouts(),
        on_call: Callable[[Call], None] = lambda _: None,
    ) -> None:
        self._transport = transport
        self._timeouts = timeouts
        self._on_call = on_call

    @property
    def server(self) -> str:
        """URL of the API server."""
        return str(self._transport.configuration.host)

    async def get(
        self, resource: Resource, namespace: str | None, name: str, *, subresource: str = ""
    ) -> Manifest:
        """See `KubeApi`."""
        return await self._call("GET", Call("get", resource, namespace, name, subresource))

    async def list(
        self, resource: Resource, namespace: str | None = None, *, selector: str = ""
    ) -> ManifestList:
        """See `KubeApi`."""
        try:
            return await self._list(resource, namespace, selector)
        except GoneError:  # a list of many pages took longer than its first version is kept
            return await self._list(resource, namespace, selector)

    async def pages(
        self, resource: Resource, namespace: str | None = None, *, selector: str = ""
    ) -> AsyncGenerator[ManifestList, None]:
        """See `KubeApi`."""
        call = Call("list", resource, namespace)
        query = {"limit": str(PAGE_SIZE)} | ({"labelSelector": selector} if selector else {})
        while True:
            page = await self._call("GET", call, query)
            metadata = page.get("metadata") or {}
            yield ManifestList(page.get("items") or [], metadata.get("resourceVersion", ""))
            if not metadata.get("continue"):
                return
            query["continue"] = metadata["continue"]

    async def watch(
        self, resource: Resource, namespace: str | None = None, *, resource_version: str
    ) -> AsyncGenerator[WatchEvent, None]:
        """See `KubeApi`."""
        call = Call("watch", resource, namespace)
        query = {
            "watch": "true",
            "resourceVersion": resource_version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(int(self._timeouts.watch)),
        }
        limits = aiohttp.ClientTimeout(
            total=None, sock_connect=self._timeouts.connect, sock_read=self._timeouts.watch_silence
        )
        response = await self._open("GET", call, query, limits)
        try:
            await _raise_for_status(call, response)
            while line := await response.content.readline():
                yield _event(call, line)
        except (*_BROKEN, ValueError) as error:  # ValueError: a line that was cut, or is too long
            raise silence(call, error) from error
        finally:
            response.close()

    async def create(self, resource: Resource, namespace: str | None, body: Manifest) -> Manifest:
        """See `KubeApi`."""
        return await self._write("POST", Call("create", resource, namespace), body)

    async def replace(self, resource: Resource, namespace: str | None, name: str, body: Manifest) -> Manifest:
        """See `KubeApi`."""
        return await self._write("PUT", Call("update", resource, namespace, name), body)

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
        """See `KubeApi`. An apply takes the fields over from whoever else manages them, as controllers do."""
        call = Call("patch", resource, namespace, name, subresource)
        query = {"fieldManager": FIELD_MANAGER}
        if patch_type is PatchType.APPLY:
            query["force"] = "true"
        body = patch if isinstance(patch, dict) else list(patch)
        return await self._call("PATCH", call, query, body, content_type=patch_type)

    async def delete(self, resource: Resource, namespace: str | None, name: str) -> None:
        """See `KubeApi`."""
        await self._call("DELETE", Call("delete", resource, namespace, name))

    async def serves(self, resource: Resource) -> bool:
        """Whether the server's discovery names a resource, which is later than it answers for it."""
        groups = await self._discover(resource, "/apis")
        if resource.group not in [one.get("name") for one in groups.get("groups") or ()]:
            return False
        try:
            found = await self._discover(resource, f"/apis/{resource.api_version}")
        except NotFoundError:
            return False
        return resource.plural in [one.get("name") for one in found.get("resources") or ()]

    async def fetch(self, call: Call, path: str, query: dict[str, str] | None = None) -> tuple[int, bytes]:
        """GET any path: status and body, whatever they are. `UnreachableError` where there is no answer."""
        response = await self._open("GET", call, query or {}, self._limits(), path=path)
        try:
            return response.status, await response.read()
        except _BROKEN as error:
            raise silence(call, error) from error
        finally:
            response.release()

    async def _discover(self, resource: Resource, path: str) -> Manifest:
        return await self._call("GET", Call("discover", resource), path=path)

    async def _list(self, resource: Resource, namespace: str | None, selector: str) -> ManifestList:
        items: list[Manifest] = []
        version = ""
        async for page in self.pages(resource, namespace, selector=selector):
            items += page.items
            version = page.resource_version
        return ManifestList(items, version)

    async def _write(self, method: str, call: Call, body: Manifest) -> Manifest:
        return await self._call(method, call, {"fieldManager": FIELD_MANAGER}, body)

    async def _call(
        self,
        method: str,
        call: Call,
        query: dict[str, str] | None = None,
        body: Manifest | Sequence[Manifest] | None = None,
        *,
        content_type: str = "application/json",
        path: str = "",
    ) -> Manifest:
        response = await self._open(method, call, query or {}, self._limits(), body, content_type, path)
        try:
            await _raise_for_status(call, response)
            return _manifest(call, await response.read())
        except _BROKEN as error:
            raise silence(call, error) from error
        finally:
            response.release()

    def _limits(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=self._timeouts.call, sock_connect=self._timeouts.connect)

    async def _open(
        self,
        method: str,
        call: Call,
        query: dict[str, str],
        limits: aiohttp.ClientTimeout,
        body: Any = None,
        content_type: str = "application/json",
        path: str = "",
    ) -> aiohttp.ClientResponse:
        self._on_call(call)
        path = path or call.resource.path(call.namespace, call.name, call.subresource)
        headers = {"Accept": "application/json", "Content-Type": content_type}
        headers |= self._transport.default_headers
        try:
            await self._transport.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
            answer = await self._transport.rest_client.request(
                method,
                f"{self.server}{path}?{urlencode(query)}",
                headers=headers,
                body=body,
                _request_timeout=limits,
            )
        except (*_BROKEN, ConfigException) as error:  # the latter: a token that could not be read again
            raise silence(call, error) from error
        response: aiohttp.ClientResponse = answer.response
        return response


async def _raise_for_status(call: Call, response: aiohttp.ClientResponse) -> None:
    if not response.ok:
        raise refusal(call, response.status, await response.read())


def _manifest(call: Call, body: bytes) -> Manifest:
    try:
        manifest = json.loads(body)
    except ValueError as error:
        raise silence(call, error) from error
    if not isinstance(manifest, dict):
        raise UnreachableError(
            f"The answer to `{call}` is not an object: is there a proxy before the API server?"
        )
    return manifest


def _event(call: Call, line: bytes) -> WatchEvent:
    event = _manifest(call, line)
    manifest = event.get("object") or {}
    if event.get("type") == "ERROR":
        raise refusal(call, int(manifest.get("code") or 500), manifest)
    return WatchEvent(str(event.get("type", "")), manifest)

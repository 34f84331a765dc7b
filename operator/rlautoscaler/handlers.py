"""kopf: our own resource into the store, and nothing else.

No timers, daemons or indexes: they cost two tasks and a finalizer per object, or a quadratic start. kopf
runs in a thread with a loop of its own, because on stopping it cancels every task of its loop that was born
after it, the decision loop and half-written patches among them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from http import HTTPStatus
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Protocol

import kopf

from rlautoscaler.clients import credentials, kube
from rlautoscaler.clients.protocols import RLAUTOSCALERS, Resource
from rlautoscaler.errors import ApiError, SettingsError
from rlautoscaler.reconciling.stores import Store
from rlautoscaler.resources.names import GROUP, PLURAL, VERSION

logger = logging.getLogger(__name__)


class Backoffs:
    """Seconds between the attempts of one request, without end.

    kopf gives up after nine attempts, in less than a minute. Where it has found our resource before, it
    begins again; where an API server needs longer to come up, nobody would ever watch it.
    """

    def __iter__(self) -> Iterator[float]:
        return chain((1.0, 1.0, 2.0, 3.0, 5.0, 8.0), repeat(15.0))


def registry(store: Store, kubeconfig: Path | None, context: str | None) -> kopf.OperatorRegistry:
    """All that kopf is asked to do."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(registry=handlers)
    async def connect(**_: Any) -> kopf.ConnectionInfo:
        return await connection(kubeconfig, context)

    @kopf.on.startup(registry=handlers)
    def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.posting.enabled = False  # our events are decisions, not log lines
        settings.peering.standalone = True  # a Lease of our own decides who acts
        settings.queueing.idle_timeout = 0.05  # five seconds of a worker per object would fill the memory
        settings.networking.error_backoffs = Backoffs()

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=handlers)
    def keep(event: kopf.RawEvent, **_: Any) -> None:
        manifest = dict(event["object"])
        if event["type"] == "DELETED":
            store.remove(manifest)
        else:
            store.put(manifest)

    return handlers


async def connection(kubeconfig: Path | None, context: str | None) -> kopf.ConnectionInfo:
    """The API server as kopf wants it, from the same source as our own client.

    Asked again whenever the server refuses the old one, so tokens may be renewed in place.
    """
    found = await credentials.load(kubeconfig, context)
    token = await found.get_api_key_with_prefix("BearerToken", alias="authorization")
    return kopf.ConnectionInfo(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        insecure=not found.verify_ssl,
        token=None if token is None else token.rpartition(" ")[2],
        username=found.username or None,
        password=found.password or None,
        certificate_path=found.cert_file,
        private_key_path=found.key_file,
        proxy_url=found.proxy,
    )


def watch(
    store: Store,
    kubeconfig: Path | None,
    context: str | None,
    *,
    namespace: str | None,
    stop: threading.Event,
) -> None:
    """Keep the store equal to the cluster until `stop`; to be run in a thread of its own.

    Raises `SettingsError` where the API server does not accept the credentials (any more).
    """
    operator = registry(store, kubeconfig, context)

    async def run() -> None:
        async with kube.connect(kubeconfig=kubeconfig, context=context) as api:
            await until_served(api, stop)
        await kopf.operator(
            registry=operator,
            standalone=True,
            clusterwide=namespace is None,
            namespaces=() if namespace is None else (namespace,),
            stop_flag=stop,
        )

    try:
        asyncio.run(_ended(run(), stop))
    except kopf.LoginError as error:
        raise SettingsError(_REFUSED) from error


async def until_served(
    api: Discovery, stop: threading.Event, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Return when the API server knows our resource, or at `stop`.

    kopf looks once, at its start, and after that only where a definition changes. An API server that has just
    come up answers before it has read its definitions: kopf would watch nothing, for ever.
    """
    complaint = ""
    while not stop.is_set():
        try:
            if await api.serves(RLAUTOSCALERS):
                return
            found = _MISSING
        except ApiError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                raise SettingsError(_REFUSED) from error
            found = str(error)
        if found != complaint:
            logger.warning("%s", found)
            complaint = found
        await sleep(LOOK_AGAIN)


class Discovery(Protocol):
    """What `until_served` asks of an API server."""

    async def serves(self, resource: Resource) -> bool:
        """See `KubeClient`."""


async def _ended(operator: Coroutine[Any, Any, None], stop: threading.Event) -> None:
    """Wait for kopf's end.

    The flag is set then, whatever the end was: kopf waits for it in a thread, which would otherwise keep the
    event loop, and with it a failure, from ending.
    """
    try:
        await operator
    finally:
        stop.set()


LOOK_AGAIN = 1.0
"""Seconds."""

_REFUSED = "The API server does not accept the credentials: renew the token or the kubeconfig."
_MISSING = (
    "The API server does not know RLAutoscalers: install their definition (`rlautoscaler crd | kubectl apply "
    "-f -`). Nothing is scaled until then."
)

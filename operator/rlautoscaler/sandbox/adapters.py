"""A metrics adapter of ours: `metrics.k8s.io`, `custom.metrics.k8s.io` and `external.metrics.k8s.io`.

The API server forwards these groups to it, as it does to metrics-server, an adapter or KEDA in a cluster:
an APIService names a Service, and one of type ExternalName may lead to `localhost`. What is asked and what is
answered can be listened to, so a test knows exactly which figures an HPA controller has seen.

Not beside `podmetrics`, which claims the first group for a CustomResourceDefinition.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from rlautoscaler.clients.protocols import NAMESPACES, KubeApi, Manifest, PatchType, Resource
from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import adaptations
from rlautoscaler.sandbox.adaptations import Figures, Question
from rlautoscaler.sandbox.ports import LOOPBACK

NAMESPACE = "metrics-adapter"

_APISERVICES = Resource("apiregistration.k8s.io", "v1", "apiservices")
_SERVICES = Resource("", "v1", "services")
_SERVED_SECONDS = 30.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Answer:
    """One request for figures and what was said."""

    at: float
    """Seconds since the epoch."""
    agent: str
    """Who asked, as they call themselves."""
    question: Question
    status: int
    """Of HTTP."""
    items: tuple[Manifest, ...]
    """Of the list that was answered; empty where there was none."""


class Adapter:
    """Answers from `figures` while the context lasts.

    Args:
        figures: what there is to tell, at the moment of the question.
        certificate: PEM file, for TLS; nobody checks it.
        key: PEM file, its private key.
        heard: told of every answer.

    """

    def __init__(
        self,
        figures: Figures,
        certificate: Path,
        key: Path,
        heard: Callable[[Answer], None] = lambda answer: None,
    ) -> None:
        self._figures = figures
        self._certificate = certificate
        self._key = key
        self._heard = heard
        self._runner: web.AppRunner | None = None
        self.port = 0
        """0 until it is started."""

    async def __aenter__(self) -> Adapter:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate, self._key)
        application = web.Application()
        application.router.add_get("/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0, ssl_context=context).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.Request) -> web.Response:
        group = adaptations.discovered(request.path)
        if group is not None:
            return web.json_response(group)
        question = adaptations.question(request.path, request.query)
        if question is None:
            return _refused(HTTPStatus.NOT_FOUND, "no such path")
        items = adaptations.items(question, self._figures)
        answer = Answer(
            time.time(),
            request.headers.get("User-Agent", ""),
            question,
            HTTPStatus.OK if items is not None else HTTPStatus.SERVICE_UNAVAILABLE,
            tuple(items or ()),
        )
        self._heard(answer)
        if items is None:
            return _refused(answer.status, "the adapter has no figures")
        return web.json_response(adaptations.document(question, items))


async def register(api: KubeApi, port: int) -> None:
    """Have the API server forward the three groups to the adapter on a port of loopback.

    Returns once it does; raises `SandboxError` where that takes too long.
    """
    await api.patch(NAMESPACES, None, NAMESPACE, _namespace(), patch_type=PatchType.APPLY)
    await api.patch(_SERVICES, NAMESPACE, NAMESPACE, _service(), patch_type=PatchType.APPLY)
    for group in adaptations.GROUPS:
        body = _api_service(group, port)
        await api.patch(_APISERVICES, None, body["metadata"]["name"], body, patch_type=PatchType.APPLY)
    try:
        async with asyncio.timeout(_SERVED_SECONDS):
            await _until_available(api)
    except TimeoutError:
        raise SandboxError(
            f"{_SERVED_SECONDS:g} s after their registration the API server does not serve the metrics APIs "
            "yet; look into the log of kube-apiserver."
        ) from None


async def _until_available(api: KubeApi) -> None:
    while True:
        if await _are_available(api):
            return
        await asyncio.sleep(_POLL_SECONDS)


async def _are_available(api: KubeApi) -> bool:
    listed = await api.list(_APISERVICES)
    available = {
        (one["spec"].get("group"), one["spec"].get("version"))
        for one in listed.items
        for condition in one.get("status", {}).get("conditions") or ()
        if condition["type"] == "Available" and condition["status"] == "True"
    }
    return all((group.group, group.version) in available for group in adaptations.GROUPS)


def _namespace() -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}


def _service() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAMESPACE, "namespace": NAMESPACE},
        # Endpoints on loopback are refused; a name that leads there is not.
        "spec": {"type": "ExternalName", "externalName": "localhost"},
    }


def _api_service(group: Resource, port: int) -> Manifest:
    return {
        "apiVersion": _APISERVICES.api_version,
        "kind": "APIService",
        "metadata": {"name": f"{group.version}.{group.group}"},
        "spec": {
            "group": group.group,
            "version": group.version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            # What it shows is the API server's own certificate, made for other names; it never leaves here.
            "insecureSkipTLSVerify": True,
            "service": {"namespace": NAMESPACE, "name": NAMESPACE, "port": port},
        },
    }


def _refused(status: int, message: str) -> web.Response:
    body = {"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": status, "message": message}
    return web.json_response(body, status=status)

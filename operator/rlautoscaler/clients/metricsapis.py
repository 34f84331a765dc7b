"""The real metrics APIs: other servers, which answer through the API server.

async with kube.connect() as api:
    metrics = MetricsClient(api)
    rows = await metrics.external_metric("shop", "queue_length", "queue=orders")
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Final, Protocol

from rlautoscaler.clients import metricsrefusals
from rlautoscaler.clients.lookups import Lookups
from rlautoscaler.clients.metricsrefusals import CUSTOM_METRICS, EXTERNAL_METRICS, RESOURCE_METRICS
from rlautoscaler.clients.protocols import Described, Manifest, Resource
from rlautoscaler.clients.refusals import Call
from rlautoscaler.errors import ApiError, InvalidObjectError

VERSIONS: Final = {
    RESOURCE_METRICS: ("v1beta1",),
    CUSTOM_METRICS: ("v1beta2", "v1beta1"),
    EXTERNAL_METRICS: ("v1beta1",),
}
"""Of each API, the better first."""

_GROUP = re.compile(r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?")
"""Of an API; users write it in describedObject, and it becomes a part of a path."""

Kind = tuple[str, str]
"""API group and kind."""


class Fetcher(Protocol):
    """A connection to the API server."""

    async def fetch(self, call: Call, path: str, query: dict[str, str] | None = None) -> tuple[int, bytes]:
        """See `KubeClient`."""


class MetricsClient:
    """A `MetricsApi` over HTTP. Which versions and kinds the cluster has is asked at most every minute.

    Args:
        api: the API server.
        clock: monotonic seconds.
        patience: seconds for which the answers to that are remembered.

    """

    def __init__(
        self, api: Fetcher, *, clock: Callable[[], float] = time.monotonic, patience: float = 60.0
    ) -> None:
        self._api = api
        self._versions = Lookups(self._look_for_version, clock=clock, patience=patience)
        self._plurals = Lookups(self._look_for_plural, clock=clock, patience=patience)

    async def pod_metrics(self, namespace: str) -> list[Manifest]:
        """See `MetricsApi`."""
        resource = await self._resource(RESOURCE_METRICS, "pods")
        return await self._items(Call("list", resource, namespace), {})

    async def pods_metric(
        self, namespace: str, selector: str, metric: str, metric_selector: str = ""
    ) -> list[Manifest]:
        """See `MetricsApi`."""
        resource = await self._resource(CUSTOM_METRICS, "pods")
        query = {"labelSelector": selector, "metricLabelSelector": metric_selector}
        return await self._items(Call("get", resource, namespace, "*", metric), query)

    async def object_metric(
        self, namespace: str, described: Described, metric: str, metric_selector: str = ""
    ) -> list[Manifest]:
        """See `MetricsApi`."""
        query = {"metricLabelSelector": metric_selector}
        if described.is_namespace:
            resource = await self._resource(CUSTOM_METRICS, "metrics")
            return await self._items(Call("get", resource, namespace, metric), query)
        resource = await self._resource(CUSTOM_METRICS, await self._plural(described))
        return await self._items(Call("get", resource, namespace, described.name, metric), query)

    async def external_metric(self, namespace: str, metric: str, selector: str = "") -> list[Manifest]:
        """See `MetricsApi`."""
        resource = await self._resource(EXTERNAL_METRICS, metric)
        return await self._items(Call("list", resource, namespace), {"labelSelector": selector})

    async def _items(self, call: Call, query: dict[str, str]) -> list[Manifest]:
        try:
            path = call.resource.path(call.namespace, call.name, call.subresource)
        except InvalidObjectError as error:
            raise metricsrefusals.unwritable(call.resource.group, str(error)) from error
        asked = {name: text for name, text in query.items() if text}
        status, body = await self._fetch(_anonymous(call), path, asked)
        if status != HTTPStatus.OK:
            raise metricsrefusals.refusal(call, status, body)
        document = _document(call, body)
        if not isinstance(document.get("items"), list | None):
            raise metricsrefusals.silence(
                call, f"The answer to `{call}` is not a list: look into its adapter."
            )
        return _rows(document, "items")

    async def _resource(self, group: str, plural: str) -> Resource:
        """`plural` in the version of the API that this cluster serves."""
        version = await self._versions.get(group)
        if version is None:
            raise metricsrefusals.not_served(group)
        return Resource(group, version, plural)

    async def _plural(self, described: Described) -> str:
        """As `ingresses.networking.k8s.io`."""
        plural = await self._plurals.get((described.group, described.kind))
        if plural is None:
            raise metricsrefusals.unknown_kind(described)
        return f"{plural}.{described.group}" if described.group else plural

    async def _look_for_version(self, group: str) -> str | None:
        served = await self._served_versions(group, group)
        return next((version for version in VERSIONS[group] if version in served), None)

    async def _look_for_plural(self, kind: Kind) -> str | None:
        """In any version of the group: an HPA's describedObject may name one that is gone."""
        group, name = kind
        if not _GROUP.fullmatch(group):
            return None
        for version in await self._served_versions(CUSTOM_METRICS, group) if group else ["v1"]:
            path = f"/apis/{group}/{version}" if group else f"/api/{version}"
            found = await self._discover(CUSTOM_METRICS, path)
            for one in _rows(found, "resources"):
                if one.get("kind") == name and "/" not in str(one.get("name")):
                    return str(one.get("name"))
        return None

    async def _served_versions(self, asking: str, group: str) -> list[str]:
        """Of a group, the preferred one first."""
        found = await self._discover(asking, f"/apis/{group}")
        preferred = found.get("preferredVersion")
        versions = sorted(_rows(found, "versions"), key=lambda version: version != preferred)
        return [str(version.get("version")) for version in versions]

    async def _discover(self, asking: str, path: str) -> Manifest:
        """What the API server has at a path of its discovery, on behalf of a metrics API; else nothing."""
        call = Call("discover", Resource(asking, "", "*"))
        status, body = await self._fetch(call, path, {})
        if status == HTTPStatus.NOT_FOUND:
            return {}
        if status != HTTPStatus.OK:
            raise metricsrefusals.undiscoverable(asking, path, status, body)
        return _document(call, body)

    async def _fetch(self, call: Call, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        try:
            return await self._api.fetch(call, path, query)
        except ApiError as error:
            raise metricsrefusals.silence(call, str(error)) from error


def _anonymous(call: Call) -> Call:
    """The call without the metric's name, of which there are as many as users like: requests are counted."""
    if call.resource.group == EXTERNAL_METRICS:
        return replace(call, resource=replace(call.resource, plural="*"))
    return replace(call, subresource="*") if call.subresource else call


def _rows(document: Manifest, field: str) -> list[Manifest]:
    """The objects of a list, which Go writes as null where it is empty; anything else is left out."""
    rows = document.get(field)
    return [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []


def _document(call: Call, body: bytes) -> Manifest:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise metricsrefusals.silence(
            call, f"The answer to `{call}` is not an object: is there a proxy before the API server?"
        )
    return document

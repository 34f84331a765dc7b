"""Under which plural a kind is served, for `spec.scaleTargetRef`.

Kubernetes' own kinds with a `scale` subresource are known beforehand. Any other kind is looked up among the
CustomResourceDefinitions, which also say whether that version has the subresource. Kinds of an aggregated
API server have no definition there and are not supported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from types import MappingProxyType

from rlautoscaler.clients.protocols import (
    DEPLOYMENTS,
    REPLICASETS,
    STATEFULSETS,
    KubeApi,
    Manifest,
    Resource,
)
from rlautoscaler.errors import NotFoundError

DEFINITIONS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions")
REPLICATIONCONTROLLERS = Resource("", "v1", "replicationcontrollers")

Kind = tuple[str, str]
"""`apiVersion` and `kind` of a manifest."""

BUILT_IN = MappingProxyType(
    {
        ("apps/v1", "Deployment"): DEPLOYMENTS,
        ("apps/v1", "StatefulSet"): STATEFULSETS,
        ("apps/v1", "ReplicaSet"): REPLICASETS,
        ("v1", "ReplicationController"): REPLICATIONCONTROLLERS,
    }
)


class Discoveries:
    """Kinds to resources, remembered.

    `patience`: seconds (of `clock`, monotonic) for which a kind that was not found is not looked for again,
    so that a mistyped reference does not list every definition at every tick.
    """

    def __init__(self, api: KubeApi, *, clock: Callable[[], float], patience: float = 60.0) -> None:
        self._api = api
        self._clock = clock
        self._patience = patience
        self._found: dict[Kind, Resource] = dict(BUILT_IN)
        self._looked_at: float | None = None
        self._lock = asyncio.Lock()

    async def resolve(self, api_version: str, kind: str) -> Resource:
        """The resource of a kind; `NotFoundError` where no such kind can be scaled."""
        if (api_version, kind) not in self._found:
            # One list serves all that wait; each would otherwise fetch megabytes of schemas.
            async with self._lock:
                await self._look()
        try:
            return self._found[api_version, kind]
        except KeyError:
            raise NotFoundError(
                f"{api_version} {kind} is not a kind with a scale subresource on this cluster; "
                "check apiVersion and kind in spec.scaleTargetRef.",
                status=404,
            ) from None

    async def _look(self) -> None:
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < self._patience:
            return
        definitions = await self._api.list(DEFINITIONS)
        self._looked_at = now
        found = dict(pair for item in definitions.items for pair in scalable(item))
        self._found = found | dict(BUILT_IN)


def scalable(definition: Manifest) -> Iterator[tuple[Kind, Resource]]:
    """The served versions of one CustomResourceDefinition that have a scale subresource."""
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    for version in spec.get("versions") or ():
        if version.get("served") and "scale" in (version.get("subresources") or {}):
            resource = Resource(spec["group"], version["name"], names["plural"])
            yield (resource.api_version, names["kind"]), resource

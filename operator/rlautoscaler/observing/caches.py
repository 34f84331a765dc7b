"""What lies in the API server, kept here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Generic, NamedTuple, TypeVar

from rlagents.structs.pods import Pod
from rlautoscaler.clients import protocols as kinds
from rlautoscaler.clients.protocols import Manifest, Resource
from rlautoscaler.observing import pods, shapes

T = TypeVar("T")

Place = tuple[str, str]
"""Namespace (empty for what has none) and name."""


class Cache(Generic[T]):
    """The objects of one kind.

    Args:
        resource: the kind.
        read: what is kept of an object, made on its arrival.
        index: keys under which `find` finds an object; computed on its arrival too.
        optional: whether the cluster may lack the kind, or the operator the right to see it.

    """

    def __init__(
        self,
        resource: Resource,
        read: Callable[[Manifest], T],
        *,
        index: Callable[[Manifest], Iterable[Hashable]] = lambda _: (),
        optional: bool = False,
    ) -> None:
        self.resource = resource
        self.optional = optional
        self.synced = asyncio.Event()
        """Whether everything there is has been seen, or it is known that nothing can be."""
        self.absent = False
        """Whether an optional kind cannot be seen now."""
        self.contact_at: float | None = None
        """When the API server last said something about this kind."""
        self._read = read
        self._index = index
        self._entries: dict[Place, T] = {}
        self._keys: dict[Place, tuple[Hashable, ...]] = {}
        self._found: dict[Hashable, dict[Place, T]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, namespace: str, name: str) -> T | None:
        """One object, None where there is none."""
        return self._entries.get((namespace, name))

    def find(self, key: Hashable) -> list[T]:
        """All objects under a key of the index."""
        return list(self._found.get(key, {}).values())

    @property
    def index(self) -> Collection[Hashable]:
        """All keys under which something is found."""
        return self._found.keys()

    def places(self, key: Hashable) -> list[Place]:
        """Where the objects under a key of the index lie."""
        return list(self._found.get(key, {}))

    def keys(self, place: Place) -> tuple[Hashable, ...]:
        """Under which keys of the index an object is found."""
        return self._keys.get(place, ())

    def put(self, manifest: Manifest) -> None:
        """An object that is new or has changed."""
        place = place_of(manifest)
        self._forget(place)
        kept = self._entries[place] = self._read(manifest)
        keys = self._keys[place] = tuple(self._index(manifest))
        for key in keys:
            self._found.setdefault(key, {})[place] = kept

    def remove(self, manifest: Manifest) -> None:
        """An object that is gone."""
        self._forget(place_of(manifest))

    def retain(self, seen: set[Place], namespace: str | None) -> None:
        """Forget what a complete list, of one namespace or of all, no longer has."""
        for place in self._entries.keys() - seen:
            if namespace in (None, place[0]):
                self._forget(place)

    def _forget(self, place: Place) -> None:
        self._entries.pop(place, None)
        for key in self._keys.pop(place, ()):
            bucket = self._found[key]
            del bucket[place]
            if not bucket:
                del self._found[key]


class Label(NamedTuple):
    """One label of a pod, as a key of the index."""

    namespace: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Target:
    """What an HPA, a ScaledObject, a VPA or one of ours refers to."""

    namespace: str
    group: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Caches:
    """All kinds that the operator follows. The first four are what it cannot do without."""

    deployments: Cache[Manifest] = field(default_factory=lambda: _plain(kinds.DEPLOYMENTS, shapes.DEPLOYMENT))
    statefulsets: Cache[Manifest] = field(
        default_factory=lambda: _plain(kinds.STATEFULSETS, shapes.STATEFULSET)
    )
    replicasets: Cache[Manifest] = field(
        default_factory=lambda: _plain(kinds.REPLICASETS, shapes.REPLICASET, index=_owners)
    )
    pods: Cache[Pod] = field(default_factory=lambda: Cache(kinds.PODS, pods.parsed, index=_of_pod))
    hpas: Cache[Manifest] = field(
        default_factory=lambda: _plain(
            kinds.HORIZONTALPODAUTOSCALERS,
            shapes.HPA,
            index=partial(_targets, field="scaleTargetRef"),
            optional=True,
        )
    )
    scaledobjects: Cache[Manifest] = field(
        default_factory=lambda: _plain(
            kinds.SCALEDOBJECTS,
            shapes.SCALEDOBJECT,
            index=partial(_targets, field="scaleTargetRef"),
            optional=True,
        )
    )
    vpas: Cache[Manifest] = field(
        default_factory=lambda: _plain(
            kinds.VERTICALPODAUTOSCALERS,
            shapes.VPA,
            index=partial(_targets, field="targetRef"),
            optional=True,
        )
    )
    resourcequotas: Cache[Manifest] = field(
        default_factory=lambda: _plain(
            kinds.RESOURCEQUOTAS,
            shapes.RESOURCEQUOTA,
            index=lambda quota: [place_of(quota)[0]],
            optional=True,
        )
    )
    namespaces: Cache[Manifest] = field(
        default_factory=lambda: _plain(kinds.NAMESPACES, shapes.NAMESPACE, optional=True)
    )

    def all(self) -> tuple[Cache[Any], ...]:
        """Every kind."""
        return (
            self.deployments,
            self.statefulsets,
            self.replicasets,
            self.pods,
            self.hpas,
            self.scaledobjects,
            self.vpas,
            self.resourcequotas,
            self.namespaces,
        )

    @property
    def is_synced(self) -> bool:
        """Whether every kind has been seen whole."""
        return all(cache.synced.is_set() for cache in self.all())

    async def wait_synced(self) -> None:
        """Return when every kind has been seen whole."""
        for cache in self.all():
            await cache.synced.wait()

    def silence(self, now: float) -> float:
        """Seconds since the API server last spoke about the kind that it has been silent about longest.

        Infinite before the first word. Kinds that cannot be seen do not count.
        """
        contacts = [cache.contact_at for cache in self.all() if not cache.absent]
        return max((now - at if at is not None else float("inf") for at in contacts), default=0.0)


def _plain(
    resource: Resource,
    shape: shapes.Shape,
    *,
    index: Callable[[Manifest], Iterable[Hashable]] = lambda _: (),
    optional: bool = False,
) -> Cache[Manifest]:
    return Cache(resource, partial(shapes.picked, shape=shape), index=index, optional=optional)


def place_of(manifest: Manifest) -> Place:
    """Where an object lies."""
    metadata = manifest.get("metadata") or {}
    return metadata.get("namespace") or "", metadata.get("name") or ""


def _owners(manifest: Manifest) -> list[Hashable]:
    """Uid of the controller: a label may be shared, an owner is one."""
    references = (manifest.get("metadata") or {}).get("ownerReferences") or ()
    return [one["uid"] for one in references if one.get("controller") and "uid" in one]


def _of_pod(manifest: Manifest) -> list[Hashable]:
    """Its controller, its labels, and its namespace as the key of all pods there."""
    namespace = place_of(manifest)[0]
    labels = (manifest.get("metadata") or {}).get("labels") or {}
    return [*_owners(manifest), namespace, *(_label(namespace, *label) for label in labels.items())]


@lru_cache(maxsize=65536)
def _label(namespace: str, name: str, value: str) -> Label:
    """All pods of a template share their labels."""
    return Label(namespace, name, value)


def _targets(manifest: Manifest, field: str) -> list[Hashable]:
    reference = (manifest.get("spec") or {}).get(field) or {}
    if not reference.get("name"):
        return []
    # KEDA's reference may leave out what it is: a Deployment.
    group = str(reference.get("apiVersion") or "apps/v1").rpartition("/")[0]
    kind = str(reference.get("kind") or "Deployment")
    return [Target(place_of(manifest)[0], group, kind, str(reference["name"]))]

"""What the operator needs of the outside world, and nothing more.

Objects travel as the API server's own JSON ("manifests"): typed client models cost eight times the time
and memory of dictionaries on lists of thousands.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import quote

from rlautoscaler.errors import InvalidObjectError

Manifest = dict[str, Any]
"""One Kubernetes object as JSON."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the API addresses it; `group` is empty for the core group."""

    group: str
    version: str
    plural: str

    @property
    def api_version(self) -> str:
        """As in `apiVersion` of a manifest."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str = "", subresource: str = "") -> str:
        """URL path; without a namespace that of the whole cluster.

        Raises `InvalidObjectError` for names that would lead elsewhere: users write them.
        """
        parts = [self.group, self.version] if self.group else [self.version]
        if namespace is not None:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part]
        return "/".join(["/apis" if self.group else "/api", *map(_segment, parts)])


def _segment(name: str) -> str:
    """A name as part of a URL path, by the rule of the API server (`IsValidPathSegmentName`)."""
    if name in ("", ".", "..") or "/" in name or "%" in name:
        raise InvalidObjectError(f'"{name}" is not a name of an object in Kubernetes: correct it.')
    return quote(name, safe="")


RLAUTOSCALERS = Resource("rlautoscaler.io", "v1alpha1", "rlautoscalers")
DEPLOYMENTS = Resource("apps", "v1", "deployments")
STATEFULSETS = Resource("apps", "v1", "statefulsets")
REPLICASETS = Resource("apps", "v1", "replicasets")
PODS = Resource("", "v1", "pods")
EVENTS = Resource("", "v1", "events")
CONFIGMAPS = Resource("", "v1", "configmaps")
NAMESPACES = Resource("", "v1", "namespaces")
RESOURCEQUOTAS = Resource("", "v1", "resourcequotas")
LEASES = Resource("coordination.k8s.io", "v1", "leases")
HORIZONTALPODAUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers")
SCALEDOBJECTS = Resource("keda.sh", "v1alpha1", "scaledobjects")
VERTICALPODAUTOSCALERS = Resource("autoscaling.k8s.io", "v1", "verticalpodautoscalers")


class PatchType(StrEnum):
    """Content types of a PATCH."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class ManifestList:
    """Answer of a list call."""

    items: list[Manifest]
    resource_version: str
    """Where a watch goes on."""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One line of a watch."""

    type: str
    """ADDED, MODIFIED, DELETED or BOOKMARK; an ERROR line is raised as an `ApiError` instead."""
    object: Manifest


class KubeApi(Protocol):
    """The API server. Every call may raise an `ApiError`; the field manager is the operator's own."""

    async def get(
        self, resource: Resource, namespace: str | None, name: str, *, subresource: str = ""
    ) -> Manifest:
        """One object."""

    async def list(
        self, resource: Resource, namespace: str | None = None, *, selector: str = ""
    ) -> ManifestList:
        """All objects, of the whole cluster where no namespace is given; pages are followed."""

    def pages(
        self, resource: Resource, namespace: str | None = None, *, selector: str = ""
    ) -> AsyncGenerator[ManifestList, None]:
        """As `list`, page by page, for who keeps little of each object; the last page's version counts.

        `GoneError` between two pages: begin anew.
        """

    def watch(
        self, resource: Resource, namespace: str | None = None, *, resource_version: str
    ) -> AsyncGenerator[WatchEvent, None]:
        """Changes since a resource version, bookmarks included; ends when the server closes the stream."""

    async def create(self, resource: Resource, namespace: str | None, body: Manifest) -> Manifest:
        """Create; `ConflictError` where it exists."""

    async def replace(self, resource: Resource, namespace: str | None, name: str, body: Manifest) -> Manifest:
        """Replace; `ConflictError` where the body's resource version is not the newest."""

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
        """Patch; `ConflictError` where the patch names a resource version that is not the newest."""

    async def delete(self, resource: Resource, namespace: str | None, name: str) -> None:
        """Delete; `NotFoundError` where there is nothing."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an instant query's answer."""

    labels: Mapping[str, str]
    value: float
    """May be NaN or infinite, as Prometheus answers."""


class Vector(list[Sample]):
    """An instant vector. With warnings it is a degraded reading: a part of the data may be missing."""

    def __init__(self, samples: Iterable[Sample] = (), warnings: Iterable[str] = ()) -> None:
        super().__init__(samples)
        self.warnings = tuple(warnings)


class PrometheusApi(Protocol):
    """The metrics source."""

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        """An instant vector (a scalar is one sample without labels). Raises a `PrometheusError`.

        `at`: evaluation time in seconds since the epoch, None for the server's now.
        """


@dataclass(frozen=True, slots=True)
class Described:
    """The object of an object metric (`describedObject`); always in the autoscaler's own namespace."""

    api_version: str
    """Of which only the group counts; empty for the core group."""
    kind: str
    name: str

    @property
    def group(self) -> str:
        """Of the kind, empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def is_namespace(self) -> bool:
        """Whether it is the namespace itself, whose figures have a path of their own."""
        return not self.group and self.kind == "Namespace"


class MetricsApi(Protocol):
    """The metrics APIs of the cluster, as the HPA controller asks them. Raises a `MetricsApiError`."""

    async def pod_metrics(self, namespace: str) -> list[Manifest]:
        """CPU and memory of every pod of a namespace: `PodMetrics` of `metrics.k8s.io`."""

    async def pods_metric(
        self, namespace: str, selector: str, metric: str, metric_selector: str = ""
    ) -> list[Manifest]:
        """A metric of each pod that the selector takes: `MetricValue` of `custom.metrics.k8s.io`."""

    async def object_metric(
        self, namespace: str, described: Described, metric: str, metric_selector: str = ""
    ) -> list[Manifest]:
        """A metric of one object, `MetricValue` of `custom.metrics.k8s.io`: one value where all is well.

        A namespace is always the one given, whatever name `described` has, as for the HPA.
        """

    async def external_metric(self, namespace: str, metric: str, selector: str = "") -> list[Manifest]:
        """A metric of something outside: `ExternalMetricValue` of `external.metrics.k8s.io`, any number."""

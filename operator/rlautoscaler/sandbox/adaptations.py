"""The paths and documents of the three metrics APIs, without the server: see `adapters`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rlautoscaler.clients import selectors
from rlautoscaler.clients.protocols import Manifest, Resource

RESOURCE_METRICS = Resource("metrics.k8s.io", "v1beta1", "pods")
CUSTOM_METRICS = Resource("custom.metrics.k8s.io", "v1beta2", "pods/metrics")
EXTERNAL_METRICS = Resource("external.metrics.k8s.io", "v1beta1", "externalmetrics")
GROUPS = (RESOURCE_METRICS, CUSTOM_METRICS, EXTERNAL_METRICS)

ALL = "*"
"""In place of an object's name."""

_KINDS = {
    RESOURCE_METRICS.group: "PodMetricsList",
    CUSTOM_METRICS.group: "MetricValueList",
    EXTERNAL_METRICS.group: "ExternalMetricValueList",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked for."""

    group: str
    namespace: str
    """Empty for all of them."""
    metric: str = ""
    """Empty for the resource metrics."""
    kind: str = ""
    """Plural of the object that a custom metric is of, as `pods` or `ingresses.networking.k8s.io`."""
    name: str = ""
    """Of that object; `ALL` for those behind the selector."""
    selector: str = ""
    """Of the pods."""
    metric_selector: str = ""
    """Of the series."""


class Figures(Protocol):
    """What there is to tell. None says that the adapter has no answer, which is a 503."""

    def pod_metrics(self, namespace: str) -> Sequence[Manifest] | None:
        """`PodMetrics` of a namespace's pods, labels included; of all namespaces where it is empty."""

    def pod_values(self, namespace: str, metric: str) -> Sequence[tuple[Mapping[str, str], Manifest]] | None:
        """`MetricValue`s of a namespace's pods, each with the labels of its pod."""

    def object_values(self, namespace: str, kind: str, name: str, metric: str) -> Sequence[Manifest] | None:
        """The one `MetricValue` of an object."""

    def external_values(self, namespace: str, metric: str) -> Sequence[Manifest] | None:
        """`ExternalMetricValue`s, one per series."""


def discovered(path: str) -> Manifest | None:
    """What a group serves, where that is what the path asks for."""
    for group in GROUPS:
        if path.rstrip("/") == f"/apis/{group.api_version}":
            kind = _KINDS[group.group].removesuffix("List")
            served = {"name": group.plural, "singularName": "", "namespaced": True, "kind": kind}
            return {
                "apiVersion": "v1",
                "kind": "APIResourceList",
                "groupVersion": group.api_version,
                "resources": [served | {"verbs": ["get", "list"]}],
            }
    return None


def question(path: str, query: Mapping[str, str]) -> Question | None:
    """The question that a request is; None for paths that no metrics API has."""
    parts = path.strip("/").split("/")
    if parts[:1] != ["apis"]:
        return None
    group = next((one for one in GROUPS if parts[1:3] == [one.group, one.version]), None)
    if group is None:
        return None
    selector, metric_selector = query.get("labelSelector", ""), query.get("metricLabelSelector", "")
    match parts[3:]:
        case ["pods"] if group is RESOURCE_METRICS:
            return Question(group.group, "", selector=selector)
        case ["namespaces", namespace, "pods"] if group is RESOURCE_METRICS:
            return Question(group.group, namespace, selector=selector)
        case ["namespaces", namespace, kind, name, metric] if group is CUSTOM_METRICS:
            return Question(group.group, namespace, metric, kind, name, selector, metric_selector)
        case ["namespaces", namespace, metric] if group is EXTERNAL_METRICS:
            return Question(group.group, namespace, metric, metric_selector=selector)
    return None


def items(asked: Question, figures: Figures) -> list[Manifest] | None:
    """The rows of the answer; None where there is none."""
    if asked.group == RESOURCE_METRICS.group:
        found = figures.pod_metrics(asked.namespace)
        return None if found is None else [one for one in found if _fits(asked, _labels(one))]
    if asked.group == EXTERNAL_METRICS.group:
        series = figures.external_values(asked.namespace, asked.metric)
        return None if series is None else list(series)
    if asked.name == ALL:
        values = figures.pod_values(asked.namespace, asked.metric)
        return None if values is None else [one for labels, one in values if _fits(asked, labels)]
    of_object = figures.object_values(asked.namespace, asked.kind, asked.name, asked.metric)
    return None if of_object is None else list(of_object)


def document(asked: Question, rows: Sequence[Manifest]) -> Manifest:
    """The list that is answered."""
    version = next(group.api_version for group in GROUPS if group.group == asked.group)
    return {"apiVersion": version, "kind": _KINDS[asked.group], "metadata": {}, "items": list(rows)}


def _fits(asked: Question, labels: Mapping[str, str]) -> bool:
    return selectors.parse(asked.selector)(labels)


def _labels(manifest: Manifest) -> Mapping[str, Any]:
    return manifest["metadata"].get("labels") or {}

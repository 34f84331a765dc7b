"""`spec.baseline`: the HorizontalPodAutoscaler that this object replaces, in the words of `autoscaling/v2`.

An HPA's `metrics` and `behavior` can be pasted as they are.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, Strict

from rlautoscaler.resources import sources
from rlautoscaler.resources.behaviors import Behavior
from rlautoscaler.resources.documents import Part
from rlautoscaler.resources.rules import Cause, Rule


class MetricType(StrEnum):
    """Where a metric of the HPA comes from."""

    RESOURCE = "Resource"
    CONTAINER_RESOURCE = "ContainerResource"
    PODS = "Pods"
    OBJECT = "Object"
    EXTERNAL = "External"


class ResourceMetrics(StrEnum):
    """Where CPU and memory of pods are read."""

    PROMETHEUS = "Prometheus"
    METRICS_API = "MetricsAPI"


_SOURCES = {
    "resource": MetricType.RESOURCE,
    "containerResource": MetricType.CONTAINER_RESOURCE,
    "pods": MetricType.PODS,
    "object": MetricType.OBJECT,
    "external": MetricType.EXTERNAL,
}
"""The field that holds the source of each type."""

_NAMED = {field: kind for field, kind in _SOURCES.items() if kind.value in ("Pods", "Object", "External")}
"""Those whose metric has a name, which an adapter or a query gives a meaning to."""


class Metric(Part):
    """One metric of the baseline; of several, the one that asks for most replicas counts."""

    place = "baseline.metrics"
    own_rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=" && ".join(
                f"has(self.{field}) == (self.type == '{kind}')" for field, kind in _SOURCES.items()
            ),
            holds=lambda metric: all(
                (getattr(metric, field) is not None) == (metric.type is kind)
                for field, kind in _SOURCES.items()
            ),
            message="a metric needs the source that its type names and no other: resource for Resource",
        ),
        Rule(
            cel=f"!has(self.query) || self.type in {[kind.value for kind in _NAMED.values()]}",
            holds=lambda metric: metric.query is None or metric.type in _NAMED.values(),
            message="query belongs to types Pods, Object and External; CPU and memory are read by themselves",
            field="query",
            cause=Cause.FORBIDDEN,
        ),
    )

    type: Annotated[MetricType, Strict(False)]
    """Where it comes from: `Resource` or `ContainerResource` (CPU and memory, read where
    `baseline.resourceMetrics` says), `Pods` or `Object` (from `query`, else the cluster's custom metrics API)
    or `External` (from `query`, else the cluster's external metrics API). Required."""

    resource: sources.ResourceSource | None = None
    """Belongs to type `Resource`."""

    containerResource: sources.ContainerResourceSource | None = None
    """Belongs to type `ContainerResource`."""

    pods: sources.PodsSource | None = None
    """Belongs to type `Pods`."""

    object: sources.ObjectSource | None = None
    """Belongs to type `Object`."""

    external: sources.ExternalSource | None = None
    """Belongs to type `External`."""

    query: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    """PromQL that gives the metric, in the unit of its target; not a field of the HPA's. For `Pods` one
    series for each pod, with its name in the label `pod` (and its namespace in `namespace`, where others have
    pods of that name); for `Object` one number; for `External` any number of series, which are added up. An
    empty answer is a failure of the metric, never 0: the baseline then does not shrink. Default: none, and
    the metric is read from the cluster's metrics APIs, as an HPA reads it, by name and selector."""


CPU_70_PERCENT = Metric(
    type=MetricType.RESOURCE,
    resource=sources.ResourceSource(
        name=sources.ResourceName.CPU,
        target=sources.Target(type=sources.TargetType.UTILIZATION, averageUtilization=70),
    ),
)


def _name(metric: Metric) -> tuple[MetricType, str] | None:
    """By which a metric of an adapter is known; None for those of resources."""
    source = metric.pods or metric.object or metric.external
    return None if source is None else (metric.type, source.metric.name)


def _has_own_names(baseline: Baseline) -> bool:
    names = [_name(metric) for metric in baseline.metrics]
    return all(metric.query is None or names.count(_name(metric)) <= 1 for metric in baseline.metrics)


class Baseline(Part):
    """The HorizontalPodAutoscaler that decides in `Baseline` and `Shadow`, and wherever the learned policy
    may not. It is computed exactly as Kubernetes computes it, at every interval."""

    place = "baseline"
    own_rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=" && ".join(
                f"self.metrics.all(m, !has(m.query) || !has(m.{field}) || self.metrics.exists_one(n, "
                f"has(n.{field}) && n.{field}.metric.name == m.{field}.metric.name))"
                for field in _NAMED
            ),
            holds=_has_own_names,
            message="a metric with a query needs a name that no other metric of its type has",
            field="metrics",
        ),
    )

    metrics: list[Metric] = Field(default=[CPU_70_PERCENT], min_length=1, max_length=16)
    """The HPA's `metrics`, as in `autoscaling/v2`. Default: CPU at 70% of the requests."""

    resourceMetrics: Annotated[ResourceMetrics, Strict(False)] = ResourceMetrics.PROMETHEUS
    """Where metrics of type `Resource` and `ContainerResource` are read: `Prometheus` (cAdvisor's figures,
    and the cluster's metrics API while Prometheus has none) or `MetricsAPI` (the cluster's `metrics.k8s.io`,
    which is what an HPA reads; needs metrics-server). Default `Prometheus`: its figures are as fresh as the
    scrape interval."""

    behavior: Behavior | None = None
    """Default: absent."""

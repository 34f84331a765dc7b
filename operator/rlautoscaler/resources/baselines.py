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
from rlautoscaler.resources.rules import Rule


class MetricType(StrEnum):
    """Where a metric of the HPA comes from."""

    RESOURCE = "Resource"
    CONTAINER_RESOURCE = "ContainerResource"
    PODS = "Pods"
    OBJECT = "Object"
    EXTERNAL = "External"


_SOURCES = {
    "resource": MetricType.RESOURCE,
    "containerResource": MetricType.CONTAINER_RESOURCE,
    "pods": MetricType.PODS,
    "object": MetricType.OBJECT,
    "external": MetricType.EXTERNAL,
}
"""The field that holds the source of each type."""


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
    )

    type: Annotated[MetricType, Strict(False)]
    """Where it comes from: `Resource`, `ContainerResource`, `Pods`, `Object` or `External`. Required. Only
    the first two are available yet."""

    resource: sources.ResourceSource | None = None
    """Belongs to type `Resource`."""

    containerResource: sources.ContainerResourceSource | None = None
    """Belongs to type `ContainerResource`."""

    pods: sources.PodsSource | None = None
    """Belongs to type `Pods`, which is not available yet."""

    object: sources.ObjectSource | None = None
    """Belongs to type `Object`, which is not available yet."""

    external: sources.ExternalSource | None = None
    """Belongs to type `External`, which is not available yet."""


CPU_70_PERCENT = Metric(
    type=MetricType.RESOURCE,
    resource=sources.ResourceSource(
        name=sources.ResourceName.CPU,
        target=sources.Target(type=sources.TargetType.UTILIZATION, averageUtilization=70),
    ),
)


class Baseline(Part):
    """The HorizontalPodAutoscaler that decides in `Baseline` and `Shadow`, and wherever the learned policy
    may not. It is computed exactly as Kubernetes computes it, at every interval."""

    place = "baseline"

    metrics: list[Metric] = Field(default=[CPU_70_PERCENT], min_length=1, max_length=16)
    """The HPA's `metrics`, as in `autoscaling/v2`. Default: CPU at 70% of the requests."""

    behavior: Behavior | None = None
    """Default: absent."""

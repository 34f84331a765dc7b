"""What an HPA looks at: one entry of `spec.metrics`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rlagents.structs.pods import CPU


class MetricKind(StrEnum):
    """`type` of a metric."""

    RESOURCE = "Resource"
    CONTAINER_RESOURCE = "ContainerResource"
    PODS = "Pods"
    OBJECT = "Object"
    EXTERNAL = "External"


@dataclass(frozen=True, slots=True)
class MetricTarget:
    """What the metric shall be; the figures that are None are not set."""

    utilization: int | None = None
    """Percent of the requests."""
    average_value: int | None = None
    """Per pod, in milli-units."""
    value: int | None = None
    """As a whole, in milli-units."""


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric. Hashable: what was read for it is kept under it."""

    kind: MetricKind | str
    """A kind that this version does not know fails like one that cannot be read."""
    name: str
    """Of the resource, or of the metric."""
    target: MetricTarget
    container: str = ""
    """Of a container resource."""
    described: str = ""
    """Whose figure an object metric is, as `Ingress/shop`, with the API version where one is given."""
    selector: str = ""
    """Of a pods, object or external metric's series, as a metrics API takes it: `a=b,c in (d,e)`."""

    @property
    def is_of_the_world(self) -> bool:
        """Whether it can be read while there are no pods."""
        return self.kind in (MetricKind.OBJECT, MetricKind.EXTERNAL)

    def __str__(self) -> str:
        """The name that the HPA's messages use."""
        percent = " utilization (percentage of request)" if self.target.average_value is None else ""
        match self.kind:
            case MetricKind.RESOURCE:
                return f"{self.name} resource{percent}"
            case MetricKind.CONTAINER_RESOURCE:
                return f"{self.name} container resource{percent} of {self.container}"
            case MetricKind.PODS:
                return f"pods metric {self.name}"
            case MetricKind.OBJECT:
                return f"{self.described} metric {self.name}"
            case MetricKind.EXTERNAL:
                return f"external metric {self.name}" + (f" ({self.selector})" if self.selector else "")
            case _:
                return f"{self.kind} metric {self.name}"


DEFAULT: Final = MetricSpec(MetricKind.RESOURCE, CPU, MetricTarget(utilization=80))
"""What an HPA without metrics looks at."""

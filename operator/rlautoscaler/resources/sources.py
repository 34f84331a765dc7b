"""The sources of a baseline's metric, in the words of `autoscaling/v2`.

Their demands are those of the HPA's own validation (`pkg/apis/autoscaling/validation` of Kubernetes).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, Strict

from rlautoscaler.resources import quantities, texts
from rlautoscaler.resources.documents import DROPS_NULLS, Part
from rlautoscaler.resources.rules import Rule

Quantity = Annotated[int | str, quantities.POSITIVE]
LabelValue = Annotated[str, Field(max_length=63)]


class TargetType(StrEnum):
    """What a metric is held to."""

    UTILIZATION = "Utilization"
    VALUE = "Value"
    AVERAGE_VALUE = "AverageValue"


class ResourceName(StrEnum):
    """What the resource metrics know."""

    CPU = "cpu"
    MEMORY = "memory"


class Target(Part):
    """What the metric is held to."""

    place = "baseline.metrics.target"

    type: Annotated[TargetType, Strict(False)]
    """Which kind of target it is: `Utilization`, `Value` or `AverageValue`. Required."""

    averageUtilization: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """Percent of the request, averaged over the pods. For resource metrics."""

    averageValue: Quantity | None = None
    """Amount per pod, as a quantity (`500m`)."""

    value: Quantity | None = None
    """Amount in all, as a quantity. For object and external metrics."""


_FIGURES = ("averageUtilization", "averageValue", "value")


def _one_of(*allowed: str) -> Rule:
    """The target has exactly one figure, and one that its kind of metric can be held to.

    Which figure is set decides, here as in the HPA; `type` is looked at for object metrics only.
    """
    count = " + ".join(f"(has(self.target.{figure}) ? 1 : 0)" for figure in _FIGURES)
    some = " || ".join(f"has(self.target.{figure})" for figure in allowed)
    return Rule(
        cel=f"{count} == 1 && ({some})",
        holds=lambda source: _figures(source.target) in [[figure] for figure in allowed],
        message=f"target needs {' or '.join(allowed)}, and nothing else",
        field="target",
    )


def _figures(target: Target) -> list[str]:
    return [figure for figure in _FIGURES if getattr(target, figure) is not None]


_OF_ITS_TYPE = Rule(
    cel="has(self.target.value) ? self.target.type == 'Value' : self.target.type == 'AverageValue'",
    holds=lambda source: (
        source.target.type is (TargetType.AVERAGE_VALUE if source.target.value is None else TargetType.VALUE)
    ),
    message="target of an object metric needs type Value with value, or AverageValue with averageValue",
    field="target",
)
"""Of object metrics alone the HPA reads the type, too, and fails where it does not fit the figure."""

_PER_POD_RESOURCE = _one_of("averageUtilization", "averageValue")
_PER_POD = _one_of("averageValue")
_WHOLE_OR_PER_POD = _one_of("value", "averageValue")


class ResourceSource(Part):
    """CPU or memory of whole pods."""

    place = "baseline.metrics.resource"
    own_rules: ClassVar[tuple[Rule, ...]] = (_PER_POD_RESOURCE,)

    name: Annotated[ResourceName, Strict(False)]
    """`cpu` or `memory`. Required."""

    target: Target
    """Required: `averageUtilization` (percent of the pods' requests) or `averageValue`."""


class ContainerResourceSource(Part):
    """CPU or memory of one container of each pod."""

    place = "baseline.metrics.containerResource"
    own_rules: ClassVar[tuple[Rule, ...]] = (_PER_POD_RESOURCE,)

    name: Annotated[ResourceName, Strict(False)]
    """`cpu` or `memory`. Required."""

    container: Annotated[str, texts.CONTAINER_NAME]
    """Name of the container. Required."""

    target: Target
    """Required: `averageUtilization` (percent of the container's requests) or `averageValue`."""


class SelectorOperator(StrEnum):
    """How a requirement relates a label to its values."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class SelectorRequirement(Part):
    """One demand on a label."""

    place = "baseline.metrics.selector.matchExpressions"
    own_rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="(size(self.values) > 0) == (self.operator in ['In', 'NotIn'])",
            holds=lambda one: (
                bool(one.values) == (one.operator in (SelectorOperator.IN, SelectorOperator.NOT_IN))
            ),
            message="values is needed with In and NotIn, and must be absent with Exists and DoesNotExist",
            field="values",
        ),
    )

    key: Annotated[str, Field(min_length=1, max_length=317)]
    """The label. Required."""

    operator: Annotated[SelectorOperator, Strict(False)]
    """`In`, `NotIn`, `Exists` or `DoesNotExist`. Required."""

    values: list[LabelValue] = Field(default=[], max_length=32)
    """The values that `In` and `NotIn` compare with. Default: none."""


class Selector(Part):
    """Which series of a metric count; all demands must hold."""

    place = "baseline.metrics.selector"

    matchLabels: Annotated[dict[str, LabelValue], DROPS_NULLS] = Field(default={}, max_length=32)
    """Labels with the value that each must have. Default: none."""

    matchExpressions: list[SelectorRequirement] = Field(default=[], max_length=32)
    """Further demands on labels. Default: none."""


class MetricIdentifier(Part):
    """A metric by name and selector."""

    place = "baseline.metrics.metric"

    name: Annotated[str, texts.METRIC_NAME]
    """Name of the metric. Required."""

    selector: Selector | None = None
    """Default: all series."""


class PodsSource(Part):
    """A metric that every pod reports, averaged over the pods."""

    place = "baseline.metrics.pods"
    own_rules: ClassVar[tuple[Rule, ...]] = (_PER_POD,)

    metric: MetricIdentifier
    """Required."""

    target: Target
    """Required: `averageValue`."""


class ObjectReference(Part):
    """Another object of the namespace."""

    place = "baseline.metrics.object.describedObject"

    apiVersion: Annotated[str, texts.API_VERSION] | None = None
    """Its group and version, as `networking.k8s.io/v1`. Default: the core group."""

    kind: Annotated[str, texts.KIND]
    """Its kind, as `Ingress`. Required."""

    name: Annotated[str, texts.OBJECT_NAME]
    """Its name. Required."""


class ObjectSource(Part):
    """A metric of one other object."""

    place = "baseline.metrics.object"
    own_rules: ClassVar[tuple[Rule, ...]] = (_WHOLE_OR_PER_POD, _OF_ITS_TYPE)

    describedObject: ObjectReference
    """Required: the object that the metric is about."""

    metric: MetricIdentifier
    """Required."""

    target: Target
    """Required: `value` in all or `averageValue` per pod."""


class ExternalSource(Part):
    """A metric from outside the cluster."""

    place = "baseline.metrics.external"
    own_rules: ClassVar[tuple[Rule, ...]] = (_WHOLE_OR_PER_POD,)

    metric: MetricIdentifier
    """Required."""

    target: Target
    """Required: `value` in all or `averageValue` per pod."""

"""Metrics and behaviour from an `autoscaling/v2` document, with the API's own limits on their figures.

What the API server would refuse is refused, and so is every field that this version would not heed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from rlagents.policies.hpa.behaviors import Behavior, Policy, PolicyKind, ScalingRules, SelectPolicy
from rlagents.policies.hpa.counts import LARGEST_COUNT
from rlagents.policies.hpa.documents import Document
from rlagents.policies.hpa.metrics import MetricKind, MetricSpec, MetricTarget


class _TargetKind(StrEnum):
    """`target.type`. It must be there, but which figure is set decides, here as in the HPA."""

    UTILIZATION = "Utilization"
    AVERAGE_VALUE = "AverageValue"
    VALUE = "Value"


class _Operator(StrEnum):
    """`operator` of a label selector's expression."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class _Source(NamedTuple):
    """How one kind of metric is written."""

    field: str
    fields: tuple[str, ...]
    targets: tuple[str, ...]


_PER_POD = ("averageUtilization", "averageValue")
_SOURCES = {
    MetricKind.RESOURCE: _Source("resource", ("name", "target"), _PER_POD),
    MetricKind.CONTAINER_RESOURCE: _Source("containerResource", ("name", "container", "target"), _PER_POD),
    MetricKind.PODS: _Source("pods", ("metric", "target"), ("averageValue",)),
    MetricKind.OBJECT: _Source("object", ("describedObject", "metric", "target"), ("value", "averageValue")),
    MetricKind.EXTERNAL: _Source("external", ("metric", "target"), ("value", "averageValue")),
}
_LONGEST_WINDOW = 3600
_LONGEST_PERIOD = 1800


def metric(document: Document) -> MetricSpec:
    """One entry of `spec.metrics`. Raises `InvalidSpecError`."""
    kind = document.at("type").word(MetricKind)
    field, fields, targets = _SOURCES[kind]
    document.only("type", field)
    source = document.at(field)
    source.only(*fields)
    target = _target(source.at("target"), targets)
    if kind in (MetricKind.RESOURCE, MetricKind.CONTAINER_RESOURCE):
        container = source.at("container").text() if kind is MetricKind.CONTAINER_RESOURCE else ""
        return MetricSpec(kind, source.at("name").text(), target, container=container)
    identity = source.at("metric")
    identity.only("name", "selector")
    selector = identity.find("selector")
    return MetricSpec(
        kind,
        identity.at("name").text(),
        target,
        described=_described(source.at("describedObject")) if kind is MetricKind.OBJECT else "",
        selector="" if selector is None else _selector(selector),
    )


def behavior(document: Document) -> Behavior:
    """`spec.behavior`, an empty one too. Raises `InvalidSpecError`."""
    document.only("scaleUp", "scaleDown")
    up, down = document.find("scaleUp"), document.find("scaleDown")
    return Behavior(
        scale_up=ScalingRules() if up is None else _rules(up),
        scale_down=ScalingRules() if down is None else _rules(down),
    )


def _target(document: Document, allowed: tuple[str, ...]) -> MetricTarget:
    document.only("type", "averageUtilization", "averageValue", "value")
    document.at("type").word(_TargetKind)
    given = [key for key in ("averageUtilization", "averageValue", "value") if document.find(key) is not None]
    if len(given) != 1 or given[0] not in allowed:
        raise document.refused(f"must set {' or '.join(allowed)}, and nothing else")
    figure = document.at(given[0])
    match given[0]:
        case "averageUtilization":
            return MetricTarget(utilization=figure.integer(1, LARGEST_COUNT))
        case "averageValue":
            return MetricTarget(average_value=figure.quantity())
        case _:
            return MetricTarget(value=figure.quantity())


def _described(document: Document) -> str:
    document.only("apiVersion", "kind", "name")
    version = document.find("apiVersion")
    prefix = "" if version is None else f"{version.text()}/"
    return f"{prefix}{document.at('kind').text()}/{document.at('name').text()}"


def _selector(document: Document) -> str:
    """The text form of a label selector; the empty selector, which takes everything, is the empty text."""
    document.only("matchLabels", "matchExpressions")
    labels, expressions = document.find("matchLabels"), document.find("matchExpressions")
    terms = [] if labels is None else [f"{key}={labels.at(key).value}" for key in sorted(labels.value)]
    terms += [] if expressions is None else [_expression(part) for part in expressions.items()]
    return ",".join(terms)


def _expression(document: Document) -> str:
    document.only("key", "operator", "values")
    key, operator = document.at("key").text(), document.at("operator").word(_Operator)
    listed = document.find("values")
    values = [] if listed is None else [str(part.value) for part in listed.items()]
    if bool(values) != (operator in (_Operator.IN, _Operator.NOT_IN)):
        raise document.refused("needs values with In and NotIn, and none with Exists and DoesNotExist")
    match operator:
        case _Operator.EXISTS:
            return key
        case _Operator.DOES_NOT_EXIST:
            return f"!{key}"
        case _:
            return f"{key} {operator.lower()} ({','.join(sorted(values))})"


def _rules(document: Document) -> ScalingRules:
    document.only("stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance")
    window, select = document.find("stabilizationWindowSeconds"), document.find("selectPolicy")
    policies, tolerance = document.find("policies"), document.find("tolerance")
    return ScalingRules(
        window=None if window is None else window.integer(0, _LONGEST_WINDOW),
        select=None if select is None else select.word(SelectPolicy),
        policies=None if policies is None else _policies(policies),
        tolerance=None if tolerance is None else tolerance.share(),
    )


def _policies(document: Document) -> tuple[Policy, ...]:
    policies = tuple(_policy(part) for part in document.items())
    if not policies:
        raise document.refused("must name a policy; selectPolicy: Disabled forbids the direction")
    return policies


def _policy(document: Document) -> Policy:
    document.only("type", "value", "periodSeconds")
    return Policy(
        kind=document.at("type").word(PolicyKind),
        value=document.at("value").integer(1, LARGEST_COUNT),
        period=document.at("periodSeconds").integer(1, _LONGEST_PERIOD),
    )

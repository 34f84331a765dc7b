"""Reading an HPA from the parts of an `autoscaling/v2` document."""

from __future__ import annotations

import pytest

from rlagents.policies import hpa
from rlagents.structs.errors import InvalidSpecError

CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
}
QUEUE = {
    "type": "External",
    "external": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "30"}},
}


def source(kind, **fields):
    """One metric of a kind."""
    return {"type": kind, kind[0].lower() + kind[1:]: fields}


def test_absent_parts_have_the_apis_defaults():
    """CPU at 80 %, a minimum of 1, and no behaviour."""
    cpu = hpa.MetricSpec("Resource", "cpu", hpa.MetricTarget(utilization=80))
    assert hpa.parse(None, None, None, 5) == hpa.parse([], None, 1, 5) == hpa.HpaSpec(5, 1, (cpu,), None)


@pytest.mark.parametrize(
    ("document", "metric", "name"),
    [
        (CPU, hpa.MetricSpec("Resource", "cpu", hpa.MetricTarget(utilization=50)), "cpu resource utilization (percentage of request)"),
        (
            source("Resource", name="memory", target={"type": "AverageValue", "averageValue": "500Mi"}),
            hpa.MetricSpec("Resource", "memory", hpa.MetricTarget(average_value=500 * 1024**2 * 1000)),
            "memory resource",
        ),
        (
            source("ContainerResource", name="cpu", container="app", target={"type": "Utilization", "averageUtilization": 60}),
            hpa.MetricSpec("ContainerResource", "cpu", hpa.MetricTarget(utilization=60), container="app"),
            "cpu container resource utilization (percentage of request) of app",
        ),
        (
            source("Pods", metric={"name": "rps"}, target={"type": "AverageValue", "averageValue": "1k"}),
            hpa.MetricSpec("Pods", "rps", hpa.MetricTarget(average_value=1_000_000)),
            "pods metric rps",
        ),
        (
            source("Object", describedObject={"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "shop"}, metric={"name": "rps"}, target={"type": "Value", "value": "10"}),
            hpa.MetricSpec("Object", "rps", hpa.MetricTarget(value=10_000), described="networking.k8s.io/v1/Ingress/shop"),
            "networking.k8s.io/v1/Ingress/shop metric rps",
        ),
        (
            source("Object", describedObject={"kind": "Service", "name": "shop"}, metric={"name": "rps"}, target={"type": "AverageValue", "averageValue": 10}),
            hpa.MetricSpec("Object", "rps", hpa.MetricTarget(average_value=10_000), described="Service/shop"),
            "Service/shop metric rps",
        ),
        (
            source("External", metric={"name": "queue", "selector": {"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": [{"key": "c", "operator": "In", "values": ["y", "x"]}, {"key": "d", "operator": "NotIn", "values": ["z"]}, {"key": "e", "operator": "Exists"}, {"key": "f", "operator": "DoesNotExist"}]}}, target={"type": "Value", "value": "100m"}),
            hpa.MetricSpec("External", "queue", hpa.MetricTarget(value=100), selector="a=1,b=2,c in (x,y),d notin (z),e,!f"),
            "external metric queue (a=1,b=2,c in (x,y),d notin (z),e,!f)",
        ),
        (QUEUE, hpa.MetricSpec("External", "queue", hpa.MetricTarget(average_value=30_000)), "external metric queue"),
    ],
)  # fmt: skip
def test_every_kind_of_metric_is_read(document, metric, name):
    """Kind, name, target in milli-units, and what tells one metric from another."""
    assert hpa.parse([document], None, 1, 5).metrics == (metric,)
    assert str(metric) == name


def test_a_whole_behavior_is_read():
    """Windows, selection, policies and tolerances of both directions."""
    document = {
        "scaleUp": {
            "stabilizationWindowSeconds": 60,
            "selectPolicy": "Min",
            "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 50, "periodSeconds": 1800}],
            "tolerance": "50m",
        },
        "scaleDown": {"stabilizationWindowSeconds": 3600, "selectPolicy": "Disabled", "tolerance": 0},
    }  # fmt: skip
    up = hpa.ScalingRules(
        window=60,
        select=hpa.SelectPolicy.MIN,
        policies=(hpa.Policy(hpa.PolicyKind.PODS, 4, 15), hpa.Policy(hpa.PolicyKind.PERCENT, 50, 1800)),
        tolerance=0.05,
    )
    down = hpa.ScalingRules(window=3600, select=hpa.SelectPolicy.DISABLED, tolerance=0.0)
    assert hpa.parse([CPU], document, 2, 9).behavior == hpa.Behavior(up, down)


def test_an_empty_behavior_is_one():
    """A behaviour section that says nothing differs from none."""
    assert hpa.parse([CPU], {}, 1, 5).behavior == hpa.Behavior()
    assert hpa.parse([CPU], None, 1, 5).behavior is None


@pytest.mark.parametrize(
    ("metrics", "behavior", "low", "high", "message"),
    [
        ([{}], None, 1, 5, r"metrics\[0\] needs the field type"),
        ([{"type": "Weather"}], None, 1, 5, r"metrics\[0\].type must be one of Resource, ContainerResource, Pods, Object, External, not 'Weather'"),
        ([{"type": ["Pods"]}], None, 1, 5, r"type must be one of"),
        ([{"type": "Resource"}], None, 1, 5, r"metrics\[0\] needs the field resource"),
        ([CPU, {**CPU, "pods": {}}], None, 1, 5, r"metrics\[1\] has no field pods; it has type, resource"),
        (["cpu"], None, 1, 5, r"metrics\[0\] must be a mapping"),
        ("cpu", None, 1, 5, r"metrics must be a list"),
        ([source("Resource", name="", target={"type": "Utilization", "averageUtilization": 50})], None, 1, 5, r"metrics\[0\].resource.name must be a non-empty string"),
        ([source("Resource", name="cpu", target={"averageUtilization": 50})], None, 1, 5, r"resource.target needs the field type"),
        ([source("Resource", name="cpu", target={"type": "Utilization"})], None, 1, 5, r"target must set averageUtilization or averageValue, and nothing else"),
        ([source("Resource", name="cpu", target={"type": "Utilization", "averageUtilization": 50, "averageValue": "1"})], None, 1, 5, r"must set averageUtilization or averageValue, and nothing else"),
        ([source("Resource", name="cpu", target={"type": "Value", "value": "1"})], None, 1, 5, r"must set averageUtilization or averageValue"),
        ([source("Resource", name="cpu", target={"type": "Utilization", "averageUtilisation": 50})], None, 1, 5, r"target has no field averageUtilisation"),
        ([source("Resource", name="cpu", target={"type": "Utilization", "averageUtilization": 0})], None, 1, 5, r"averageUtilization must be from 1 to"),
        ([source("Resource", name="cpu", target={"type": "Utilization", "averageUtilization": "50"})], None, 1, 5, r"averageUtilization must be a whole number, not '50'"),
        ([source("Resource", name="cpu", target={"type": "Utilization", "averageUtilization": True})], None, 1, 5, r"must be a whole number"),
        ([source("Resource", name="cpu", target={"type": "AverageValue", "averageValue": "0"})], None, 1, 5, r"averageValue must be above 0"),
        ([source("Resource", name="cpu", target={"type": "AverageValue", "averageValue": "5 cores"})], None, 1, 5, r"averageValue: '5 cores' is not a Kubernetes quantity"),
        ([source("ContainerResource", name="cpu", target={"type": "Utilization", "averageUtilization": 50})], None, 1, 5, r"containerResource needs the field container"),
        ([source("Pods", metric={"name": "rps"}, target={"type": "Value", "value": "1"})], None, 1, 5, r"must set averageValue, and nothing else"),
        ([source("Pods", metric={}, target={"type": "AverageValue", "averageValue": "1"})], None, 1, 5, r"pods.metric needs the field name"),
        ([source("Object", metric={"name": "rps"}, target={"type": "Value", "value": "1"})], None, 1, 5, r"object needs the field describedObject"),
        ([source("Object", describedObject={"name": "a"}, metric={"name": "rps"}, target={"type": "Value", "value": "1"})], None, 1, 5, r"describedObject needs the field kind"),
        ([source("External", metric={"name": "q"}, target={"type": "Utilization", "averageUtilization": 1})], None, 1, 5, r"must set value or averageValue"),
        ([source("External", metric={"name": "q", "selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}, target={"type": "Value", "value": 1})], None, 1, 5, r"matchExpressions\[0\] needs values with In and NotIn"),
        ([source("External", metric={"name": "q", "selector": {"matchLabels": ["a"]}}, target={"type": "Value", "value": 1})], None, 1, 5, r"matchLabels must be a mapping"),
        ([CPU], {"scaleup": {}}, 1, 5, r"behavior has no field scaleup; it has scaleUp, scaleDown"),
        ([CPU], [], 1, 5, r"behavior must be a mapping"),
        ([CPU], {"scaleUp": {"stabilizationWindowSeconds": 3601}}, 1, 5, r"stabilizationWindowSeconds must be from 0 to 3600"),
        ([CPU], {"scaleUp": {"selectPolicy": "max"}}, 1, 5, r"selectPolicy must be one of Max, Min, Disabled, not 'max'"),
        ([CPU], {"scaleUp": {"policies": []}}, 1, 5, r"policies must name a policy"),
        ([CPU], {"scaleUp": {"policies": [{"type": "Pods", "value": 0, "periodSeconds": 15}]}}, 1, 5, r"policies\[0\].value must be from 1"),
        ([CPU], {"scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 1801}]}}, 1, 5, r"periodSeconds must be from 1 to 1800"),
        ([CPU], {"scaleDown": {"tolerance": "-1"}}, 1, 5, r"behavior.scaleDown.tolerance must be at least 0"),
        ([CPU], None, 1, 0, r"maxReplicas must be from 1"),
        ([CPU], None, 6, 5, r"minReplicas 6 exceeds maxReplicas 5"),
        ([CPU], None, "1", 5, r"minReplicas must be a whole number"),
        ([QUEUE], None, 0, 5, r"minReplicas must be at least 1: the gate HPAScaleToZero is off"),
    ],
)  # fmt: skip
def test_what_the_api_refuses_is_refused_with_a_remedy(metrics, behavior, low, high, message):
    """The error names the place and what to write there."""
    with pytest.raises(InvalidSpecError, match=message):
        hpa.parse(metrics, behavior, low, high)


def test_a_minimum_of_zero_needs_the_gate_and_a_metric_that_wakes():
    """With the gate on, an external metric is enough, CPU is not."""
    assert hpa.parse([CPU, QUEUE], None, 0, 5, scale_to_zero=True).min_replicas == 0
    with pytest.raises(InvalidSpecError, match="needs an Object or External metric"):
        hpa.parse([CPU], None, 0, 5, scale_to_zero=True)

"""From a metric to what is asked for it."""

from __future__ import annotations

from typing import Any

import pytest

from rlagents.policies import hpa
from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients.protocols import Described
from rlautoscaler.observing.figures import FiguresWanted
from rlautoscaler.observing.figures.questions import (
    ExternalQuestion,
    ObjectQuestion,
    PodsQuestion,
    QueryQuestion,
    Question,
    described,
    question,
)

KEY = WorkloadKey("shop", "checkout")
AVERAGE = {"type": "AverageValue", "averageValue": "10"}
LABELS = {
    "matchLabels": {"verb": "GET"},
    "matchExpressions": [{"key": "code", "operator": "NotIn", "values": ["500"]}],
}
INGRESS = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "front"}


def spec(document: dict[str, Any]) -> hpa.MetricSpec:
    [metric] = hpa.parse([document], None, 1, 9).metrics
    return metric


@pytest.mark.parametrize(
    ("sentence", "document", "expected"),
    [
        (
            "a pods metric by the target's selector",
            {"type": "Pods", "pods": {"metric": {"name": "rps", "selector": LABELS}, "target": AVERAGE}},
            PodsQuestion("shop", "app=web", "rps", "verb=GET,code notin (500)"),
        ),
        (
            "an object metric by what it describes",
            {
                "type": "Object",
                "object": {"metric": {"name": "rps"}, "describedObject": INGRESS, "target": AVERAGE},
            },
            ObjectQuestion("shop", Described("networking.k8s.io/v1", "Ingress", "front"), "rps", ""),
        ),
        (
            "an external metric by its selector",
            {
                "type": "External",
                "external": {"metric": {"name": "queue", "selector": LABELS}, "target": AVERAGE},
            },
            ExternalQuestion("shop", "queue", "verb=GET,code notin (500)"),
        ),
        (
            "KEDA's as any other",
            {
                "type": "External",
                "external": {
                    "metric": {
                        "name": "s0-kafka-orders",
                        "selector": {"matchLabels": {"scaledobject.keda.sh/name": "orders"}},
                    },
                    "target": AVERAGE,
                },
            },
            ExternalQuestion("shop", "s0-kafka-orders", "scaledobject.keda.sh/name=orders"),
        ),
        (
            "a resource metric not at all",
            {"type": "Resource", "resource": {"name": "cpu", "target": AVERAGE}},
            None,
        ),
    ],
)
def test_what_is_asked_for_a_metric(
    sentence: str, document: dict[str, Any], expected: Question | None
) -> None:
    """From the `autoscaling/v2` document to the request."""
    metric = spec(document)
    assert question(FiguresWanted(KEY, "app=web", (metric,)), metric) == expected, sentence


@pytest.mark.parametrize("kind", [hpa.MetricKind.PODS, hpa.MetricKind.OBJECT, hpa.MetricKind.EXTERNAL])
def test_a_named_query_goes_before_the_metrics_api(kind: hpa.MetricKind) -> None:
    """Whoever names PromQL wants that."""
    metric = hpa.MetricSpec(kind, "rps", hpa.MetricTarget(average_value=1), described="Service/front")
    wanted = FiguresWanted(KEY, "", (metric,), {metric: "sum(rps)"})
    assert question(wanted, metric) == QueryQuestion("sum(rps)")


def test_a_kind_this_version_does_not_know_is_not_asked_for() -> None:
    """The baseline fails it as an unknown source."""
    metric = hpa.MetricSpec("Weather", "rain", hpa.MetricTarget(value=1))
    assert question(FiguresWanted(KEY, "", (metric,), {metric: "rain"}), metric) is None


@pytest.mark.parametrize(
    ("text", "group", "kind", "name"),
    [
        ("networking.k8s.io/v1/Ingress/front", "networking.k8s.io", "Ingress", "front"),
        ("v1/Service/front", "", "Service", "front"),
        ("Service/front", "", "Service", "front"),
    ],
)
def test_described_objects_are_read_from_their_text(text: str, group: str, kind: str, name: str) -> None:
    """With a group, of the core with its version, and without any version."""
    found = described(text)
    assert (found.group, found.kind, found.name) == (group, kind, name)

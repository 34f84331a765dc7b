"""From the document's words to the brain's."""

from __future__ import annotations

from typing import Any

import pytest

from rlagents.policies import hpa
from rlagents.structs.objectives import Bounds, Objective, Prices
from rlagents.structs.signals import SignalName
from rlautoscaler.resources import conversions
from rlautoscaler.resources.baselines import ResourceMetrics
from rlautoscaler.resources.specs import Spec

PRICES = Prices(cpu_core_hour=2.0, memory_gib_hour=0.5)


def spec(**fields: Any) -> Spec:
    smallest = {"scaleTargetRef": {"name": "a"}, "maxReplicas": 10, "objective": {"errorRate": "1%"}}
    return Spec.model_validate(smallest | fields)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"errorRate": "1%"}, Objective(error_rate=0.01, violation_budget=0.01, prices=PRICES)),
        (
            {"latency": {"target": "250ms"}, "violationBudget": "0.5%"},
            Objective(latency_target=0.25, violation_budget=0.005, prices=PRICES),
        ),
        (
            {"latency": {"target": "1m", "quantile": "p50"}},
            Objective(latency_target=60.0, latency_quantile=0.5, prices=PRICES),
        ),
        (
            {"saturation": {"cpu": "150%"}},
            Objective(cpu_saturation=1.5, throttled_saturation=0.25, prices=PRICES),
        ),
        (
            {"errorRate": "100%", "cost": {"cpuCoreHour": 0}},
            Objective(error_rate=1.0, prices=Prices(cpu_core_hour=0.0, memory_gib_hour=0.5)),
        ),
    ],
)
def test_objectives_are_in_seconds_and_shares(document: dict[str, Any], expected: Objective) -> None:
    """What is not asked for is None; prices that are not named are the operator's."""
    assert conversions.objective(spec(objective=document), PRICES) == expected


def test_bounds_and_times_are_plain_numbers() -> None:
    """Sizes as they are, durations in seconds."""
    given = spec(minReplicas=2, interval="1s500ms", metrics={"window": "30s", "staleAfter": "2m"})
    assert conversions.bounds(given) == Bounds(2, 10)
    assert conversions.interval(given) == 1.5
    assert (conversions.window(given), conversions.stale_after(given)) == (30.0, 120.0)


def test_auto_is_left_to_whoever_knows_the_scrape_interval() -> None:
    """`auto` is None."""
    assert (conversions.window(spec()), conversions.stale_after(spec())) == (None, None)


def test_own_queries_are_found_by_signal() -> None:
    """Each query of the document belongs to the signal of its name."""
    document = {"queries": {"latencyP99": {"query": "a"}, "networkIO": {"query": "b", "timestampQuery": "c"}}}
    queries = conversions.queries(spec(metrics=document))
    assert {name: (query.query, query.timestampQuery) for name, query in queries.items()} == {
        SignalName.LATENCY_P99: ("a", None),
        SignalName.NETWORK_IO: ("b", "c"),
    }


def test_every_signal_may_have_a_query_of_its_own() -> None:
    """The fields under `queries` are the brain's signals, no more and no fewer."""
    assert set(type(spec().metrics.queries).model_fields) == set(SignalName)


def test_the_default_baseline_is_an_hpa_at_70_percent() -> None:
    """CPU at 70% of the requests, with the HPA's older rules for its speed."""
    expected = hpa.parse(
        [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
            }
        ],
        None,
        1,
        10,
    )
    assert conversions.baseline(spec()) == expected


def test_a_pasted_hpa_is_that_hpa() -> None:
    """Metrics and behaviour of an `autoscaling/v2` document mean what they mean there."""
    metrics = [
        {
            "type": "ContainerResource",
            "containerResource": {
                "name": "memory",
                "container": "app",
                "target": {"type": "AverageValue", "averageValue": "1.5Gi"},
            },
        }
    ]
    behavior = {
        "scaleUp": {"policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}], "tolerance": "0.05"},
        "scaleDown": {"stabilizationWindowSeconds": 60, "selectPolicy": "Min"},
    }
    given = spec(baseline={"metrics": metrics, "behavior": behavior})
    assert conversions.baseline(given) == hpa.parse(metrics, behavior, 1, 10)
    assert conversions.baseline(given) != conversions.baseline(spec(baseline={"metrics": metrics}))


def test_an_empty_behavior_is_kept() -> None:
    """That there is a `behavior`, even an empty one, changes how the HPA works."""
    assert conversions.baseline(spec(baseline={"behavior": {}})).behavior == hpa.Behavior()
    assert conversions.baseline(spec()).behavior is None


QUEUE = {
    "type": "External",
    "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": 30}},
}
REQUESTS = {
    "type": "Pods",
    "pods": {"metric": {"name": "requests"}, "target": {"type": "AverageValue", "averageValue": 10}},
}


def test_a_query_is_found_by_its_metric_and_is_no_part_of_the_hpa() -> None:
    """Metrics that name no query are left to the metrics APIs."""
    given = spec(baseline={"metrics": [REQUESTS, QUEUE | {"query": "sum(queue)"}]})
    requests, queue = hpa.parse([REQUESTS, QUEUE], None, 1, 10).metrics
    assert conversions.baseline(given).metrics == (requests, queue)
    assert conversions.baseline_queries(given) == {queue: "sum(queue)"}


def test_resource_metrics_come_from_prometheus_unless_told_otherwise() -> None:
    """The place is the document's word for it."""
    assert conversions.resource_metrics(spec()) is ResourceMetrics.PROMETHEUS
    given = spec(baseline={"resourceMetrics": "MetricsAPI"})
    assert conversions.resource_metrics(given) is ResourceMetrics.METRICS_API


def test_a_minimum_of_0_is_a_minimum_of_0() -> None:
    """Whether the cluster allows it is not the document's matter."""
    given = spec(minReplicas=0, baseline={"metrics": [QUEUE]})
    assert conversions.baseline(given) == hpa.parse([QUEUE], None, 0, 10, scale_to_zero=True)
    assert conversions.bounds(given) == Bounds(0, 10)

"""Where the baseline's figures come from, which pods it counts, and how it goes to zero and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rlagents.policies import hpa

BASELINE = {"rollout": {"mode": "Baseline"}}
QUEUE = {
    "metrics": [
        {
            "type": "External",
            "external": {
                "metric": {"name": "queue"},
                "target": {"type": "AverageValue", "averageValue": "10"},
            },
        }
    ]
}
ZERO = replace(hpa.PRODUCTION, scale_to_zero=True, downscale_window=0.0)


def message(world, name: str, kind: str) -> str:
    return next(str(one["message"]) for one in world.status(name)["conditions"] if one["type"] == kind)


async def test_goes_on_from_the_metrics_api_without_prometheus(world):
    """Prometheus knows nothing of the pods: the cluster's metrics API stands in, and the status says so."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.figures.cores_per_pod["web"] = 1.4
    await world.tick()
    assert world.replicas("web") == 4
    assert world.condition("web", "ScalingActive") == ("True", "ValidMetricFound")
    assert "metrics.k8s.io instead" in message(world, "web", "ScalingActive")


async def test_asks_the_metrics_api_only_in_need(world):
    """While Prometheus answers, nobody else is asked, and nothing is said of it."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 0.7
    world.figures.cores_per_pod["web"] = 1.4
    await world.tick()
    assert world.figures.asked == []
    assert "metrics.k8s.io" not in message(world, "web", "ScalingActive")


async def test_without_both_the_size_stays(world):
    """Neither answers: no proposal, no change, and the condition names the metric that failed."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    await world.tick()
    assert world.replicas("web") == 2
    assert world.condition("web", "ScalingActive") == ("False", "FailedGetResourceMetric")


async def test_reads_the_metrics_api_where_the_spec_says_so(world):
    """`resourceMetrics: MetricsAPI` takes the HPA's own figures, whatever Prometheus has."""
    world.deploy("web", 2)
    world.autoscale("web", baseline={"resourceMetrics": "MetricsAPI"}, **BASELINE)
    world.reader.cores_per_pod["web"] = 0.7
    world.figures.cores_per_pod["web"] = 1.4
    await world.tick()
    assert world.replicas("web") == 4


async def test_a_metrics_api_that_was_asked_for_has_no_substitute(world):
    """Its failure is the metric's failure, as with the HPA; why is told."""
    world.deploy("web", 2)
    world.autoscale("web", baseline={"resourceMetrics": "MetricsAPI"}, **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    await world.tick()
    assert world.replicas("web") == 2
    assert "serves no metrics.k8s.io" in message(world, "web", "ScalingActive")


async def test_an_external_metric_scales(world):
    """35 in the queue at 10 a pod are four pods."""
    world.deploy("web", 2)
    world.autoscale("web", baseline=QUEUE, **BASELINE)
    world.figures.external["queue"] = 35_000
    await world.tick()
    assert world.replicas("web") == 4


async def test_a_metric_that_cannot_be_read_says_why(world):
    """The HPA's reason, and with it the adapter's own words."""
    world.deploy("web", 2)
    world.autoscale("web", baseline=QUEUE, **BASELINE)
    await world.tick()
    assert world.condition("web", "ScalingActive") == ("False", "FailedGetExternalMetric")
    assert "external metric queue: no adapter serves it" in message(world, "web", "ScalingActive")


async def test_scales_to_zero_and_back_over_a_restart(world):
    """An empty queue needs no pods; a full one wakes them, also after the process was another in between."""
    world.ticker = world.new_ticker(parameters=ZERO)
    world.deploy("web", 2)
    world.autoscale("web", baseline=QUEUE, minReplicas=0, **BASELINE)
    world.figures.external["queue"] = 0
    await world.tick()
    await world.tick()
    assert world.replicas("web") == 0
    assert world.status("web")["baseline"]["scaledToZero"] is True
    world.ticker = world.new_ticker(parameters=ZERO)
    world.resync()
    world.catch_up("web")
    world.figures.external["queue"] = 15_000
    await world.tick()
    assert world.replicas("web") == 2


async def test_a_zero_set_by_hand_means_off(world):
    """Nobody wakes what a person has stopped, whatever the queue holds."""
    world.ticker = world.new_ticker(parameters=ZERO)
    world.deploy("web", 0)
    world.autoscale("web", baseline=QUEUE, minReplicas=0, **BASELINE)
    world.figures.external["queue"] = 45_000
    await world.tick()
    assert world.replicas("web") == 0
    assert world.condition("web", "ScalingActive") == ("False", "ScalingDisabled")


async def test_a_minimum_of_zero_needs_the_gate(world):
    """With the gate off no such HPA can exist; the spec is refused in a sentence that names the setting."""
    world.deploy("web", 2)
    world.autoscale("web", baseline=QUEUE, minReplicas=0, **BASELINE)
    await world.tick()
    assert world.condition("web", "Ready") == ("False", "InvalidSpec")
    assert "hpa-scale-to-zero" in message(world, "web", "Ready")


async def test_counts_every_pod_behind_the_selector(world):
    """A pod of a Job with the same labels counts for the HPA: half over target, four pods make six."""
    world.deploy("web", 3)
    world.caches.pods.put(world.pod("web-job", "web", owner="job"))
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.05
    await world.tick()
    assert world.replicas("web") == 6


@pytest.mark.parametrize("other", ["RLAutoscaler", "HorizontalPodAutoscaler"])
async def test_pods_of_two_autoscalers_move_nobody(world, other):
    """A selector that takes another target's pods, too, is ambiguous, whoever scales that target."""
    world.deploy("web", 2)
    world.deploy("web-canary", 1, app="web")
    world.autoscale("web", **BASELINE)
    if other == "RLAutoscaler":
        world.autoscale("web-canary", **BASELINE)
    else:
        world.own("web-canary")
    world.reader.cores_per_pod["web"] = 1.4
    await world.tick()
    assert world.replicas("web") == 2
    assert world.condition("web", "ScalingActive") == ("False", "AmbiguousSelector")


async def test_a_target_without_a_selector_is_told(world):
    """Nothing can be counted, and the condition names the HPA's reason."""
    world.deploy("web", 2, app="")
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    await world.tick()
    assert world.condition("web", "ScalingActive") == ("False", "InvalidSelector")

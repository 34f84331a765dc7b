"""The demo's traffic, and its two autoscalers."""

from __future__ import annotations

import pytest

from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import DEPLOYMENTS
from rlautoscaler.demo import manifests, scenarios
from rlautoscaler.demo.scenarios import Scenario, checkout
from rlautoscaler.resources.specs import Spec
from rlautoscaler.sandbox import services


def test_traffic_waits_until_it_is_let_go(scenario: Scenario) -> None:
    """Held at its beginning, it then runs from there, whenever that is."""
    held = scenario.traffic(0.0)
    assert scenario.traffic(100.0) == held
    scenario.traffic.begin(100.0)
    assert scenario.traffic(100.0) == held
    assert scenario.traffic(160.0) == scenario.traffic.rate(60.0) != held


def test_both_services_differ_in_their_names_alone(scenario: Scenario) -> None:
    """Model, size, start-up delay and traffic are the same."""
    ours, twin = scenario.ours, scenario.twin
    for field in ("parameters", "pattern", "replicas", "startup_delay", "cpu", "memory", "metrics"):
        assert getattr(ours, field) is getattr(twin, field) or getattr(ours, field) == getattr(twin, field)
    assert ours.name != twin.name


def test_equal_seeds_have_equal_traffic() -> None:
    """The same seed gives the same run, another seed another one."""
    moments = range(180)
    first, again, other = (
        [checkout("shop", seed=seed).traffic.rate(moment) for moment in moments] for seed in (3, 3, 4)
    )
    assert first == again != other


@pytest.mark.parametrize("seed", range(5))
def test_the_traffic_fits_between_the_bounds(seed: int) -> None:
    """Whatever the seed, the fewest pods serve the quiet and the most serve the peak at the HPA's target."""
    scenario = checkout("shop", seed=seed)
    rates = [scenario.traffic.rate(moment) for moment in range(180)]
    parameters = scenario.ours.parameters
    per_pod = float(parameters.cores_per_pod) / float(parameters.cpu_per_request)
    assert min(rates) < scenarios.MIN_REPLICAS * per_pod
    assert max(rates) < scenarios.MAX_REPLICAS * per_pod * scenarios.CPU_UTILIZATION / 100
    assert max(rates) > 3 * min(rates)


def test_the_small_service_serves_the_same_with_a_tenth_of_the_cpu() -> None:
    """On a laptop's cluster a pod serves as many requests, and reserves less."""
    large, small = checkout("a", seed=0).ours, scenarios.small_checkout("a", seed=0).ours
    capacities = [
        float(one.parameters.cores_per_pod) / float(one.parameters.cpu_per_request) for one in (large, small)
    ]
    assert capacities[0] == pytest.approx(capacities[1])
    assert (large.cpu, small.cpu) == ("500m", "50m")


@pytest.mark.parametrize("make", [manifests.autoscaler, manifests.baseline_only])
def test_the_rlautoscalers_are_valid(scenario: Scenario, make: object) -> None:
    """Their specs pass the custom resource's own validation."""
    assert callable(make)
    Spec.model_validate(make(scenario)["spec"])


def test_baseline_and_hpa_are_the_same(scenario: Scenario) -> None:
    """The RLAutoscaler's baseline is the twin's HPA, word for word."""
    baseline = manifests.autoscaler(scenario)["spec"]["baseline"]
    hpa = manifests.hpa(scenario)["spec"]
    assert baseline == {"metrics": hpa["metrics"], "behavior": hpa["behavior"]}


def test_flags_are_the_usual_ones_divided_by_the_speed() -> None:
    """Fifteen seconds become one, five minutes twenty, for the controller manager and for the operator."""
    assert manifests.CONTROLLER_MANAGER == (
        "--horizontal-pod-autoscaler-sync-period=1s",
        "--horizontal-pod-autoscaler-downscale-stabilization=20s",
        "--horizontal-pod-autoscaler-cpu-initialization-period=20s",
        "--horizontal-pod-autoscaler-initial-readiness-delay=2s",
    )
    assert manifests.OPERATOR == (
        "--hpa-cpu-initialization-period=20s",
        "--hpa-initial-readiness-delay=2s",
        "--hpa-downscale-stabilization=20s",
    )


async def test_twins_start_alike(scenario: Scenario) -> None:
    """Both Deployments are created with the same first size."""
    api = FakeKubeApi()
    for service in (scenario.ours, scenario.twin):
        await services.apply(api, service)
    sizes = [
        api.stored(DEPLOYMENTS, "shop", one.name)["spec"]["replicas"]
        for one in (scenario.ours, scenario.twin)
    ]
    assert sizes == [scenarios.FIRST_REPLICAS] * 2

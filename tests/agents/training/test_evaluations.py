"""Held-out figures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rlagents.policies.learned import LearnedPolicy
from rlagents.simulation import rewards
from rlagents.simulation.environments import EnvironmentSettings, ServiceEnvironment
from rlagents.training import evaluations
from rlagents.training.recipes import Trained

pytestmark = pytest.mark.torch
SETTINGS = evaluations.EvaluationSettings(seeds=(1,), services=64, ticks=80)


@pytest.fixture(scope="module")
def results(train_little: Callable[[int], Trained]) -> dict[str, evaluations.Result]:
    """A hardly trained policy and all rules, on 64 services."""
    policy = LearnedPolicy(train_little(0).model)
    return {result.name: result for result in evaluations.compare(policy, SETTINGS)}


def test_rules_are_ordered_as_they_must_be(results: dict[str, evaluations.Result]) -> None:
    """A low target is safer and dearer than a high one; sizing for the peak is safest; doing nothing is worst."""
    assert results["hpa-like-50"].resources > results["hpa-like-70"].resources
    assert results["hpa-like-50"].violations < results["hpa-like-70"].violations
    assert results["static-peak"].violations < results["hpa-like-50"].violations
    assert results["static-peak"].resources > results["hpa-like-70"].resources
    assert results["no-op"].violations > results["static-peak"].violations
    assert results["random"].resources > results["hpa-like-70"].resources


def test_whoever_does_nothing_changes_nothing(results: dict[str, evaluations.Result]) -> None:
    """Only controllers that resize are charged with it."""
    assert results["no-op"].resizes == 0
    assert results["random"].resizes > 0.1


def test_figures_are_told_by_pattern(results: dict[str, evaluations.Result]) -> None:
    """Every traffic pattern has its own row, and their violations lie around the mean."""
    patterns = results["threshold"].patterns
    assert set(patterns) == {"steady", "diurnal", "ramp", "bursty", "flash", "mix"}
    violations = [missed for _, missed in patterns.values()]
    assert min(violations) <= results["threshold"].violations <= max(violations)


def test_controllers_meet_the_same_traffic_whatever_they_decide(
    train_little: Callable[[int], Trained],
) -> None:
    """Paired: two environments of one seed offer the same requests to one that grows and one that shrinks."""
    growing, shrinking = (
        ServiceEnvironment(
            EnvironmentSettings(count=16, episode_ticks=10**9),
            rewards.cost_and_violation(0.0),
            np.random.default_rng(3),
        )
        for _ in range(2)
    )
    for _ in range(30):
        growing.resize(growing.world.fleet.replicas + 1)
        shrinking.resize(shrinking.world.fleet.replicas - 1)
    backlog = np.asarray(growing.world.load.backlog) + np.asarray(shrinking.world.load.backlog)
    whole = backlog == 0
    assert whole.any()
    np.testing.assert_array_equal(
        growing.world.fresh.throughput[whole], shrinking.world.fresh.throughput[whole]
    )
    np.testing.assert_array_equal(growing.world.known, shrinking.world.known)

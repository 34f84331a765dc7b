"""Both readings of a tick's figures, in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rlagents.simulation import rewards

FIGURES = rewards.TickFigures(
    replicas=np.array([6.0]),
    usual_replicas=np.array([4.0]),
    max_replicas=np.array([20.0]),
    violation=np.array([0.0]),
    latency_p99=np.array([0.1]),
    latency_target=np.array([0.2]),
    error_rate=np.array([0.0]),
    utilization=np.array([0.7]),
    resized=np.array([0.0]),
)
MISSED = replace(FIGURES, violation=np.array([1.0]))


def test_the_clean_reward_is_relative_cost_and_a_priced_violation() -> None:
    """6 pods of a usual 4 cost 1.5; a violation costs the price on top."""
    reward = rewards.cost_and_violation(8.0)
    assert reward(FIGURES)[0] == -1.5
    assert reward(MISSED)[0] == -9.5


def test_the_textbook_reward_adds_its_five_terms() -> None:
    """Half the target used, no errors, 70 % CPU, 30 % of maxReplicas and no change, by hand."""
    assert rewards.weighted_sum()(FIGURES)[0] == pytest.approx(0.4 * 0.5 + 0.2 - 0.15 * 0.3)


@pytest.mark.parametrize(
    "worse",
    [
        {"latency_p99": np.array([0.3])},
        {"error_rate": np.array([0.02])},
        {"utilization": np.array([0.2])},
        {"utilization": np.array([1.0])},
        {"replicas": np.array([12.0])},
        {"resized": np.array([1.0])},
    ],
    ids=["slow", "failing", "idle", "busy", "large", "restless"],
)
def test_each_term_of_the_textbook_reward_pulls_its_way(worse: dict[str, np.ndarray]) -> None:
    """Slower, failing, idle, saturated, larger or restless is each worth less."""
    reward = rewards.weighted_sum()
    assert reward(replace(FIGURES, **worse))[0] < reward(FIGURES)[0]


def test_no_target_and_no_traffic_say_nothing_about_latency() -> None:
    """A latency or target that is not there is neither rewarded nor punished, and never NaN."""
    nothing = np.array([np.nan])
    for figures in (replace(FIGURES, latency_p99=nothing), replace(FIGURES, latency_target=nothing)):
        assert rewards.weighted_sum()(figures)[0] == pytest.approx(0.2 - 0.15 * 0.3)

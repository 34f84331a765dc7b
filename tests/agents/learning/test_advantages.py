"""Generalised advantages, in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from rlagents.learning.advantages import generalized_advantages

pytestmark = pytest.mark.torch


def advantages(
    rewards: list[float],
    values: list[float],
    next_values: list[float],
    truncated: list[bool],
    gamma: float = 0.9,
    gae_lambda: float = 0.5,
) -> list[float]:
    """Of one environment."""
    column = [np.array([series], dtype=np.float32).T for series in (rewards, values, next_values)]
    estimated = generalized_advantages(
        rewards=column[0],
        values=column[1],
        next_values=column[2],
        truncated=np.array([truncated]).T,
        gamma=gamma,
        gae_lambda=gae_lambda,
    )
    return [float(each) for each in estimated[:, 0]]


def test_a_single_step_is_its_temporal_difference() -> None:
    """r + γ V(s') - V(s)."""
    assert advantages([1.0], [2.0], [3.0], [False]) == pytest.approx([1.0 + 0.9 * 3.0 - 2.0])


def test_steps_add_up_with_gamma_and_lambda() -> None:
    """A_0 = δ_0 + γλ δ_1 + (γλ)² δ_2, by hand: δ = 1.8, 0.8, 2.7 and γλ = 0.45."""
    result = advantages([1.0, 1.9, 1.0], [1.0, 2.0, 1.0], [2.0, 1.0, 3.0], [False] * 3)
    middle = 0.8 + 0.45 * 2.7
    assert result == pytest.approx([1.8 + 0.45 * middle, middle, 2.7])


def test_a_cut_episode_is_bootstrapped_and_leaks_nothing() -> None:
    """At the cut the future is the value of the state it would have gone on from, not the next episode."""
    cut = advantages([1.0, 1.0, 50.0], [0.0, 0.0, 0.0], [4.0, 4.0, 0.0], [False, True, False])
    assert cut[1] == pytest.approx(1.0 + 0.9 * 4.0)
    assert cut[0] == pytest.approx(4.6 + 0.45 * 4.6)
    assert cut[2] == pytest.approx(50.0)


def test_where_the_cut_falls_makes_no_difference_to_a_perfect_critic() -> None:
    """An endless reward of 1 is worth 1/(1-γ) everywhere: no advantage, cut or not."""
    worth = 1.0 / (1.0 - 0.9)
    for truncated in ([False, False, False], [False, True, False], [True, True, True]):
        result = advantages([1.0] * 3, [worth] * 3, [worth] * 3, truncated)
        assert result == pytest.approx([0.0] * 3, abs=1e-5)


def test_lambda_one_is_the_discounted_sum() -> None:
    """With λ = 1 values in between cancel: rewards 1, 2, 3 and 10 at the end, minus the first value."""
    result = advantages(
        [1.0, 2.0, 3.0], [7.0, 5.0, -3.0], [5.0, -3.0, 10.0], [False] * 3, gamma=0.5, gae_lambda=1.0
    )
    assert result[0] == pytest.approx(1.0 + 0.5 * 2.0 + 0.25 * 3.0 + 0.125 * 10.0 - 7.0)


def test_environments_do_not_mix() -> None:
    """A cut in one environment leaves its neighbour alone."""
    estimated = generalized_advantages(
        rewards=np.ones((2, 2), dtype=np.float32),
        values=np.zeros((2, 2), dtype=np.float32),
        next_values=np.zeros((2, 2), dtype=np.float32),
        truncated=np.array([[True, False], [False, False]]),
        gamma=1.0,
        gae_lambda=1.0,
    )
    np.testing.assert_allclose(estimated, [[1.0, 2.0], [1.0, 1.0]])

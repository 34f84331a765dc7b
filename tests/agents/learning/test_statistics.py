"""Running statistics."""

from __future__ import annotations

import numpy as np
import pytest

from rlagents.encoding.schemas import EncodedState
from rlagents.learning.statistics import FeatureRanges, ObservationStatistics, ReturnScale

pytestmark = pytest.mark.torch


def batch(features: np.ndarray) -> EncodedState:
    return EncodedState(features.astype(np.float32), np.isfinite(features), "test/1")


def test_batches_add_up_to_the_whole() -> None:
    """Mean and variance of three batches are those of all rows, unknown entries left out."""
    generator = np.random.default_rng(0)
    rows = generator.normal(3.0, 2.0, (900, 4))
    rows[generator.random(rows.shape) < 0.3] = np.nan
    statistics = ObservationStatistics.empty(4)
    for part in np.split(rows, [100, 150]):
        statistics = statistics.updated(batch(part))
    np.testing.assert_allclose(statistics.mean, np.nanmean(rows, axis=0), rtol=1e-5)
    np.testing.assert_allclose(statistics.variance, np.nanvar(rows, axis=0), rtol=1e-5)


def test_a_feature_nobody_has_seen_stays_harmless() -> None:
    """A signal that no service had leaves mean 0 and deviation 1, and no NaN."""
    statistics = ObservationStatistics.empty(2).updated(batch(np.array([[1.0, np.nan], [3.0, np.nan]])))
    assert statistics.mean.tolist() == [2.0, 0.0]
    assert statistics.deviation.tolist() == [1.0, 1.0]
    assert statistics.normalised(batch(np.array([[1.0, np.nan]]))).tolist() == [[-1.0, 0.0]]


def test_a_feature_that_never_moved_is_not_blown_up() -> None:
    """The deviation has a floor, and what is normalised a ceiling."""
    statistics = ObservationStatistics.empty(1).updated(batch(np.full((10, 1), 0.5)))
    assert statistics.normalised(batch(np.array([[0.5], [1.0]]))).tolist() == [[0.0], [10.0]]


def test_rewards_are_scaled_to_unit_deviation_of_their_returns() -> None:
    """Whatever the unit of the reward, discounted sums of what comes out deviate by about 1."""
    generator = np.random.default_rng(0)
    scale = ReturnScale(50, gamma=0.9)
    returns, kept = np.zeros(50), []
    for tick in range(2000):
        returns = 0.9 * returns + scale.scaled(1000.0 * generator.standard_normal(50), np.zeros(50, np.bool_))
        if tick > 500:
            kept.append(returns)
    assert np.std(kept) == pytest.approx(1.0, rel=0.05)


def test_ranges_are_quantiles_of_what_was_known() -> None:
    """A uniform feature is seen from about 0 to about 1; unknown entries count for nothing."""
    generator = np.random.default_rng(0)
    ranges = FeatureRanges()
    for _ in range(20):
        rows = generator.random((1000, 2))
        rows[:500, 1] = np.nan
        ranges.add(batch(rows), generator)
    low, high = ranges.quantiles(0.01, 0.99)
    np.testing.assert_allclose(low, [0.01, 0.01], atol=0.01)
    np.testing.assert_allclose(high, [0.99, 0.99], atol=0.01)

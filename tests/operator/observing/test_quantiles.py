"""Quantiles of histograms, by hand-computed numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlautoscaler.observing.quantiles import estimate

INF = math.inf


@pytest.mark.parametrize(
    ("share", "buckets", "expected"),
    [
        pytest.param(0.5, {0.1: 50, 0.2: 100, INF: 100}, 0.1, id="at a bound"),
        pytest.param(0.75, {0.1: 50, 0.2: 100, INF: 100}, 0.15, id="linear within a bucket"),
        pytest.param(0.25, {0.1: 50, 0.2: 100, INF: 100}, 0.05, id="the first bucket begins at 0"),
        pytest.param(1.0, {0.1: 50, 0.2: 100, INF: 100}, 0.2, id="all of them"),
        pytest.param(0.99, {0.1: 50, INF: 100}, 0.1, id="beyond the last bound: that bound"),
        pytest.param(0.5, {-1.0: 10, 1.0: 10, INF: 10}, -1.0, id="a first bound below 0 is the answer"),
        pytest.param(
            0.5, {0.1: 50, 0.2: 40, 0.4: 100, INF: 100}, 0.1, id="a fall between bounds is smoothed"
        ),
        pytest.param(0.5, {0.1: 0, 0.2: 0, INF: 0}, math.nan, id="no observations"),
        pytest.param(0.5, {}, math.nan, id="no buckets"),
        pytest.param(0.5, {INF: 10}, math.nan, id="no finite bound"),
        pytest.param(0.5, {0.1: 5, 0.2: 10}, math.nan, id="no infinite bound"),
        pytest.param(0.5, {0.1: math.nan, INF: 10}, math.nan, id="a count that is no number"),
        pytest.param(0.5, {math.nan: 5, INF: 10}, math.nan, id="a bound that is no number"),
    ],
)
def test_a_quantile_is_found_as_promql_finds_it(
    share: float, buckets: dict[float, float], expected: float
) -> None:
    """The rules of `histogram_quantile`, one by one."""
    assert estimate(share, buckets) == pytest.approx(expected, nan_ok=True)


@given(
    counts=st.lists(st.floats(min_value=0, max_value=1e6), min_size=2, max_size=12),
    low=st.floats(min_value=0.01, max_value=1),
    high=st.floats(min_value=0.01, max_value=1),
)
def test_quantiles_rise_with_their_share_and_stay_within_the_bounds(
    counts: list[float], low: float, high: float
) -> None:
    """p50 is never above p99, and neither beyond the last finite bound."""
    bounds = [0.1 * 2**place for place in range(len(counts) - 1)]
    buckets = dict(zip([*bounds, INF], counts, strict=True))
    below, above = estimate(min(low, high), buckets), estimate(max(low, high), buckets)
    if not math.isnan(above):
        assert 0 <= below <= above * (1 + 1e-9)
        assert above <= bounds[-1]

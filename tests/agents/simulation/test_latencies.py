"""The closed form of sojourn times."""

from __future__ import annotations

import numpy as np
import pytest

from rlagents.simulation.latencies import LatencyDistribution, service_parts


def distribution(**changes: float) -> LatencyDistribution:
    """M/M/1 at load 0.5 with services of 20 ms unless told otherwise."""
    fields = {
        "constant": 0.0,
        "delay": 0.0,
        "service_probability": 1.0,
        "service_mean": 0.020,
        "wait_probability": 0.5,
        "wait_mean": 0.040,
        "limit": 10.0,
    } | changes
    return LatencyDistribution(**{name: np.asarray(value) for name, value in fields.items()})


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9, 0.99, 0.999])
def test_one_server_with_exponential_services_is_the_textbook_queue(q: float) -> None:
    """M/M/1 sojourn times are exponential with mean 1/(mu - lambda): here 40 ms."""
    assert distribution().quantile(q) == pytest.approx(-0.040 * np.log(1 - q), rel=1e-3)


def test_the_distribution_agrees_with_sampling() -> None:
    """A million sampled sums of the parts have the same quantiles within 2 %."""
    generator = np.random.default_rng(1)
    parts = distribution(service_probability=0.4, wait_probability=0.7, constant=0.01, delay=0.02)
    samples = 0.03 + np.where(generator.random(10**6) < 0.4, generator.exponential(0.020, 10**6), 0.0)
    samples += np.where(generator.random(10**6) < 0.7, generator.exponential(0.040, 10**6), 0.0)
    for q in (0.5, 0.9, 0.99):
        assert parts.quantile(q) == pytest.approx(np.quantile(samples, q), rel=0.02)


def test_quantile_and_share_below_an_edge_invert_each_other() -> None:
    """The share of requests at or below the 95th percentile is 95 %."""
    parts = distribution(constant=0.003, delay=0.1)
    assert parts.cdf([float(parts.quantile(0.95))])[0] == pytest.approx(0.95, abs=1e-4)


def test_shares_below_rising_edges_never_fall_and_end_at_one() -> None:
    """Filling cumulative histogram buckets from it can never produce a negative bucket."""
    shares = distribution(limit=0.5).cdf(np.linspace(0, 1, 200))
    assert np.all(np.diff(shares) >= 0)
    assert shares[0] == 0.0
    assert np.all(shares[100:] == 1.0)


def test_no_completed_request_takes_longer_than_the_time_out() -> None:
    """A backlog longer than the time-out shows the time-out as the latency of what was answered."""
    assert distribution(delay=30.0, limit=5.0).quantile(0.99) == 5.0


@pytest.mark.parametrize("variability", [0.0, 0.25, 1.0, 4.0])
def test_the_service_has_the_asked_mean_and_variability(variability: float) -> None:
    """Two moments are matched exactly, below and above the exponential's 1."""
    constant, probability, mean = service_parts(np.asarray(0.02), np.asarray(variability))
    first = constant + probability * mean
    variance = 2 * probability * mean**2 - (probability * mean) ** 2
    assert first == pytest.approx(0.02, rel=1e-6)
    assert variance / first**2 == pytest.approx(variability, abs=1e-6)

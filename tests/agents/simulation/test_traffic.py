"""Arrival patterns."""

from __future__ import annotations

import numpy as np
import pytest

from rlagents.simulation import traffic

HOUR = np.arange(0.0, 7200.0, 5.0)

EVERY_PATTERN = [
    traffic.steady(200.0),
    traffic.diurnal(50.0, 300.0, period=3600.0),
    traffic.ramp(50.0, 300.0),
    traffic.bursty(50.0, 300.0),
    traffic.flash(50.0, 300.0),
    traffic.mix(50.0, 300.0),
]
NAMES = [pattern.value for pattern in traffic.PATTERNS]


@pytest.mark.parametrize("parameters", EVERY_PATTERN, ids=NAMES)
def test_a_rate_depends_on_its_moment_alone(parameters: traffic.TrafficParameters) -> None:
    """Asked for the whole trace or for one moment of it, the rate is the same number."""
    whole = traffic.arrival_rate(parameters, HOUR)
    assert float(traffic.arrival_rate(parameters, HOUR[777])) == whole[777]


@pytest.mark.parametrize("parameters", EVERY_PATTERN, ids=NAMES)
def test_fifteen_times_faster_is_the_same_trace(parameters: traffic.TrafficParameters) -> None:
    """Every duration divided by 15, a second later means fifteen seconds later."""
    np.testing.assert_allclose(
        traffic.arrival_rate(parameters.faster(15.0), HOUR / 15.0),
        traffic.arrival_rate(parameters, HOUR),
        rtol=1e-9,
    )


@pytest.mark.parametrize("parameters", EVERY_PATTERN[1:], ids=NAMES[1:])
def test_every_pattern_but_steady_uses_the_range_it_was_given(parameters: traffic.TrafficParameters) -> None:
    """Rates come near both ends and leave them by no more than noise."""
    rates = traffic.arrival_rate(parameters, HOUR)
    assert np.all(rates >= 0)
    assert np.quantile(rates, 0.02) < 110
    assert np.max(rates) > 150
    assert np.max(rates) < 300 * 1.5


@pytest.mark.parametrize("parameters", EVERY_PATTERN, ids=NAMES)
def test_the_mean_is_known_without_running_the_trace(parameters: traffic.TrafficParameters) -> None:
    """The closed form is within 5 % of the mean over a thousand hours."""
    rates = traffic.arrival_rate(parameters, np.arange(0.0, 3.6e6, 20.0))
    assert traffic.mean_rate(parameters) == pytest.approx(np.mean(rates), rel=0.05)


def test_steady_traffic_scatters_around_its_rate() -> None:
    """Mean and spread are those asked for, and no trend hides in it."""
    rates = traffic.arrival_rate(traffic.steady(200.0, noise=0.05), np.arange(0.0, 360000.0, 30.0))
    assert np.mean(rates) == pytest.approx(200.0, rel=0.01)
    assert np.std(np.log(rates)) == pytest.approx(0.05, rel=0.1)
    assert np.mean(rates[:6000]) == pytest.approx(np.mean(rates[6000:]), rel=0.01)


def test_another_seed_is_another_trace() -> None:
    """Bursts come at other moments under another seed."""
    first, second = (
        traffic.arrival_rate(traffic.bursty(50.0, 300.0, seed=seed, noise=0.0), HOUR) for seed in (1, 2)
    )
    assert np.mean(first != second) > 0.1


def test_a_flash_crowd_at_least_triples_within_its_rise() -> None:
    """It is faster than a reactive controller with a 70 % target has room for (a factor 1/0.7)."""
    rates = traffic.arrival_rate(traffic.flash(50.0, 400.0, burst=600.0, noise=0.0, seed=5), HOUR)
    assert np.max(rates[30:] / rates[:-30]) > 3.0


def test_many_traces_at_once_are_each_of_them() -> None:
    """Fields of shape [N] and a time of shape [N] give one rate a trace."""
    together = traffic.TrafficParameters(
        pattern=np.arange(6),
        low=np.full(6, 50.0),
        high=np.full(6, 300.0),
        period=np.full(6, 900.0),
        burst=np.full(6, 120.0),
        seed=np.arange(6),
    )
    rates = traffic.arrival_rate(together, np.full(6, 333.0))
    for i in range(6):
        alone = traffic.TrafficParameters(i, 50.0, 300.0, 900.0, 120.0, seed=i)
        assert rates[i] == traffic.arrival_rate(alone, 333.0)

"""Finding out how often something is scraped."""

from __future__ import annotations

import math

import pytest

from rlautoscaler.clients.protocols import Sample, Vector
from rlautoscaler.errors import PrometheusUnreachableError
from rlautoscaler.observing import cadences
from rlautoscaler.observing.cadences import Cadences


@pytest.mark.parametrize(
    ("samples", "interval"),
    [
        (300, 1.0),
        (299, 1.0),
        (60, 5.0),
        (30, 10.0),
        (20, 15.0),
        (21, 15.0),
        (19, 15.0),
        (10, 30.0),
        (5, 60.0),
        (6, 60.0),
        (1, 300.0),
        (1500, 1.0),
        (0, None),
        (math.nan, None),
        (math.inf, None),
        (-3, None),
    ],
)
def test_the_usual_interval_nearest_to_the_count_is_taken(samples: float, interval: float | None) -> None:
    """A count is off by one at its ends; nonsense says nothing."""
    assert cadences.interval(samples) == interval


@pytest.mark.parametrize(
    ("interval", "window", "stale_after"),
    [(None, 60.0, 60.0), (1.0, 60.0, 60.0), (15.0, 60.0, 60.0), (30.0, 120.0, 90.0), (60.0, 240.0, 180.0)],
)
def test_auto_follows_the_interval(interval: float | None, window: float, stale_after: float) -> None:
    """Four scrapes for a window, three until stale, a minute at least."""
    assert (cadences.window(interval), cadences.stale_after(interval)) == (window, stale_after)


def answer(samples: float) -> Vector:
    return Vector([Sample({}, samples)])


def test_a_found_interval_is_looked_at_again_after_ten_minutes() -> None:
    """Between looks it is remembered."""
    found = Cadences()
    assert found.is_due("a", 0.0)
    found.learn("a", answer(20), 0.0)
    assert found.of("a") == 15.0
    assert not found.is_due("a", 599.0)
    assert found.is_due("a", 600.0)


@pytest.mark.parametrize("nothing", [Vector(), answer(math.nan), PrometheusUnreachableError("down")])
def test_a_look_without_a_result_is_repeated_soon(nothing: Vector | PrometheusUnreachableError) -> None:
    """Young series and outages say nothing; a minute later they may."""
    found = Cadences()
    found.learn("a", nothing, 0.0)
    assert found.of("a") is None
    assert not found.is_due("a", 59.0)
    assert found.is_due("a", 60.0)


def test_an_outage_does_not_forget_the_interval() -> None:
    """What was found stays until something else is found."""
    found = Cadences()
    found.learn("a", answer(20), 0.0)
    found.learn("a", PrometheusUnreachableError("down"), 600.0)
    assert found.of("a") == 15.0
    found.learn("a", answer(5), 1200.0)
    assert found.of("a") == 60.0

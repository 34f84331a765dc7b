"""Pods that start, serve and go."""

from __future__ import annotations

import numpy as np
import pytest

from rlagents.simulation import fleets


def test_a_new_pod_serves_after_its_start_up() -> None:
    """Asked for with a start-up of three ticks, it serves from the third tick on."""
    fleet = fleets.resized(fleets.of_ready([2.0]), [3.0], [3])
    ready = []
    for _ in range(4):
        ready.append(float(fleet.ready[0]))
        fleet = fleets.advanced(fleet)
    assert ready == [2.0, 2.0, 2.0, 3.0]


def test_pods_that_do_not_serve_yet_go_first() -> None:
    """Shrinking takes the youngest starting pod, then the older ones, then one that serves."""
    fleet = fleets.resized(fleets.of_ready([2.0]), [3.0], [4])
    fleet = fleets.advanced(fleet)
    fleet = fleets.resized(fleet, [4.0], [4])
    np.testing.assert_array_equal(fleet.starting[0, :4], [0, 0, 1, 1])
    fleet = fleets.resized(fleet, [3.0], [1])
    np.testing.assert_array_equal(fleet.starting[0, :4], [0, 0, 1, 0])
    fleet = fleets.resized(fleet, [1.0], [1])
    assert fleet.ready[0] == 1.0
    assert fleet.starting.sum() == 0


@pytest.mark.parametrize("seed", range(5))
def test_pods_are_counted_once(seed: int) -> None:
    """After any sequence of sizes the fleet has exactly the pods asked for last."""
    generator = np.random.default_rng(seed)
    fleet = fleets.of_ready(np.full(20, 5.0))
    for _ in range(30):
        wanted = generator.integers(0, 12, 20).astype(float)
        fleet = fleets.resized(fleet, wanted, generator.integers(1, 9, 20))
        np.testing.assert_array_equal(fleet.replicas, wanted)
        assert (fleet.ready >= 0).all()
        assert (fleet.starting >= 0).all()
        fleet = fleets.advanced(fleet)
        np.testing.assert_array_equal(fleet.replicas, wanted)


def test_start_ups_scatter_around_their_mean_and_take_a_tick_at_least() -> None:
    """A mean of 2.4 ticks is kept although single starts are whole ticks; 0.2 ticks become one."""
    generator = np.random.default_rng(0)
    drawn = fleets.start_ticks(np.full(20000, 2.4), generator)
    assert np.mean(drawn) == pytest.approx(2.4, abs=0.02)
    assert set(np.unique(drawn)) == {2, 3}
    assert (fleets.start_ticks(np.full(100, 0.2), generator) == 1).all()

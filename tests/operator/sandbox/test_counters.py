"""Sums of fractions, shown as whole counters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlautoscaler.sandbox.counters import COMPLETED_BUCKETS, WIDTH, Counters, Figure


def counters(*keys: str) -> Counters:
    made = Counters(np.random.default_rng(1))
    made.keep(keys)
    return made


def amounts(rows: int = 1, **figures: float) -> np.ndarray:
    made = np.zeros((rows, WIDTH))
    for name, value in figures.items():
        made[:, Figure[name.upper()]] = value
    return made


def test_a_new_row_shows_nothing() -> None:
    """Whatever the start of its own, every counter of a new pod begins at 0."""
    assert not counters("a", "b", "c").shown(["a", "b", "c"]).any()


@given(st.lists(st.floats(0, 20), min_size=1, max_size=50))
def test_fractions_add_up(steps: list[float]) -> None:
    """What is shown never falls, goes up by whole requests, and stays within one of the exact sum."""
    made = counters("a")
    before = 0.0
    for step in steps:
        made.add(["a"], amounts(completed=step))
        shown = made.shown(["a"])[0, Figure.COMPLETED]
        assert shown >= before
        assert shown == int(shown)
        before = shown
    assert abs(before - sum(steps)) <= 1.0


def test_seconds_stay_exact() -> None:
    """CPU time is no count: a hundredth of a second shows."""
    made = counters("a")
    made.add(["a"], amounts(cpu_seconds=0.013))
    assert made.shown(["a"])[0, Figure.CPU_SECONDS] == pytest.approx(0.013)


def test_buckets_never_exceed_the_count() -> None:
    """The row's buckets and its count are rounded from one start, so a histogram stays ordered."""
    made = counters("a")
    row = amounts(completed=0.37)
    row[:, COMPLETED_BUCKETS] = 0.37 * np.linspace(0.1, 1.0, 19)
    for _ in range(200):
        made.add(["a"], row)
        shown = made.shown(["a"])[0]
        buckets = shown[COMPLETED_BUCKETS]
        assert (np.diff(buckets) >= 0).all()
        assert buckets[-1] <= shown[Figure.COMPLETED]


def test_rows_do_not_step_together() -> None:
    """Pods of one service with equal load reach the next whole request at different moments."""
    keys = [str(number) for number in range(50)]
    made = counters(*keys)
    made.add(keys, amounts(50, completed=0.5))
    assert 10 < made.shown(keys)[:, Figure.COMPLETED].sum() < 40


def test_a_forgotten_row_begins_anew() -> None:
    """A key that comes back counts from 0, and its neighbour's sums are untouched."""
    made = counters("a", "b")
    made.add(["a", "b"], amounts(2, completed=5))
    made.keep(["b", "c"])
    made.keep(["a", "b"])
    assert made.sums(["a", "b"])[:, Figure.COMPLETED].tolist() == [0.0, 5.0]


def test_a_missing_row_is_an_error() -> None:
    """Nobody counts for a key that was not announced."""
    with pytest.raises(KeyError):
        counters("a").add(["b"], amounts())

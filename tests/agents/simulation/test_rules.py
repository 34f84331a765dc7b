"""Rules that learn nothing."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from rlagents.encoding.classical import ClassicalInputs
from rlagents.simulation import rules


def inputs(use: float, ready: float = 10.0) -> ClassicalInputs:
    """One service of pods with one core, at this share of their limits."""
    blank = ClassicalInputs(*(np.zeros(1) for _ in fields(ClassicalInputs)))
    pods = np.array([ready])
    return replace(
        blank, cpu=np.array([use * ready]), cpu_limit=np.ones(1), ready=pods, replicas=pods, living=pods
    )


@pytest.mark.parametrize(("use", "size"), [(0.2, 9), (0.4, 10), (0.7, 10), (0.8, 11), (0.95, 12)], ids=str)
def test_thresholds_step_up_and_down(use: float, size: int) -> None:
    """Below 40 % one less, above 70 % one more, above 90 % two more."""
    assert rules.threshold()(inputs(use))[0] == size


@pytest.mark.parametrize(("use", "size"), [(0.5, 10), (0.54, 10), (0.7, 14), (1.0, 20)], ids=str)
def test_the_proportional_rule_grows_at_once(use: float, size: int) -> None:
    """ceil(pods × use / target), and nothing within a tolerance of 10 %."""
    assert rules.HpaLike(0.5)(inputs(use))[0] == size


def test_the_proportional_rule_waits_before_it_shrinks() -> None:
    """A lower recommendation counts only once every higher one is 20 steps old."""
    rule = rules.HpaLike(0.5)
    assert rule(inputs(0.5))[0] == 10
    sizes = [float(rule(inputs(0.25))[0]) for _ in range(20)]
    assert sizes == [10.0] * 19 + [5.0]


def test_square_root_staffing_leaves_relatively_less_room_in_larger_pools() -> None:
    """4 busy pods get 6, 100 busy pods get 110."""
    assert rules.square_root_staffing(1.0)(inputs(0.4))[0] == 6
    assert rules.square_root_staffing(1.0)(inputs(1.0, ready=100.0))[0] == 110

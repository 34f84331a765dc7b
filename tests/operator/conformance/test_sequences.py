"""Sequences of sizes, and when two of them agree."""

from __future__ import annotations

import pytest

from rlautoscaler.conformance import sequences
from rlautoscaler.conformance.evidence import SizeSeen
from rlautoscaler.conformance.sequences import Comparison, Step

FOUR_EIGHT = (Step(0.0, 4), Step(7.0, 8))


@pytest.mark.parametrize(
    ("ours", "agree", "why"),
    [
        (FOUR_EIGHT, True, "the same"),
        ((Step(0.0, 4), Step(9.0, 8)), True, "one period later"),
        ((Step(0.0, 4), Step(5.0, 8)), True, "one period earlier"),
        ((Step(0.0, 4), Step(9.1, 8)), False, "later than a period"),
        ((Step(0.0, 4), Step(4.9, 8)), False, "earlier than a period"),
        ((Step(0.0, 4), Step(7.0, 7)), False, "another size"),
        ((Step(0.0, 4), Step(6.0, 6), Step(7.0, 8)), False, "a size between"),
        ((Step(0.0, 4),), False, "no step"),
        ((), False, "nothing"),
    ],
)
def test_equal_sizes_within_a_period_agree(ours: tuple[Step, ...], agree: bool, why: str) -> None:
    """Sizes must be equal, and each step one period apart at most."""
    assert Comparison(FOUR_EIGHT, ours, 2.0).agree is agree, why


def test_steps_are_the_changes_since_the_beginning() -> None:
    """Sightings without a change of size, of others, or after the end are no steps."""
    seen = [
        SizeSeen(5.0, "a", 3, 3),
        SizeSeen(9.0, "a", 4, 3),
        SizeSeen(12.0, "a", 4, 4),
        SizeSeen(13.0, "b", 9, 9),
        SizeSeen(15.0, "a", 6, 4),
        SizeSeen(40.0, "a", 2, 6),
    ]
    assert sequences.steps(seen, "a", 10.0, 30.0) == (Step(0.0, 4), Step(5.0, 6))


def test_a_sequence_reads_as_a_line() -> None:
    """Sizes with the seconds at which they were taken."""
    assert sequences.written(FOUR_EIGHT) == "4 → 8 (7.0 s)"

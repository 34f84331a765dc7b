"""The arithmetic over arrays gives what the scalar arithmetic gives, number by number."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlagents.policies.hpa import counts as scalar
from rlagents.policies.hpa.arrays import counts

EDGES = [0.0, -0.0, 0.5, -0.5, 2.0**31 - 1, 2.0**31, -(2.0**31), -(2.0**31) - 1, 2.0**63, -(2.0**63), np.inf, -np.inf, np.nan]  # fmt: skip
figures = st.floats() | st.sampled_from(EDGES) | st.integers(-(2**31) - 3, 2**31 + 3).map(float)
integers = st.integers(-(2**63) + 1, 2**63 - 1) | st.integers(-5, 5) | st.integers(2**31 - 3, 2**31 + 3)


@given(figures)
def test_roundings_are_the_scalar_ones(figure):
    """Upwards and toward zero, cut at 32 or 64 bits, and 0 for what is no number."""
    one = np.array([figure])
    assert counts.ceiling(one).tolist() == [scalar.ceiling(figure)]
    assert counts.truncation(one).tolist() == [scalar.truncation(figure)]
    assert counts.figure_ceiling(one).tolist() == [scalar.ceiling(figure, scalar.LARGEST_FIGURE)]


@given(integers, integers.filter(bool))
def test_quotients_truncate_toward_zero(dividend, divisor):
    """Below zero, too, whichever of the two it is."""
    assert counts.quotient(np.array([dividend]), np.array([divisor])).tolist() == [scalar.quotient(dividend, divisor)]  # fmt: skip


@given(integers, integers)
def test_ratios_are_the_scalar_ones_also_by_zero(figure, target):
    """The same doubles to the last bit, infinities and no number included."""
    found = counts.ratio(np.array([figure]), np.array([target]))
    np.testing.assert_array_equal(found, [scalar.ratio(figure, target)])


ratios = st.builds(scalar.ratio, integers, integers)


@given(ratios, st.integers(0, 5000))
def test_a_ratio_times_pods_is_rounded_up_once(ratio, pods):
    """As the scalar form does, without a warning where an infinite ratio meets no pods."""
    assert counts.scaled(np.array([ratio]), np.array([pods])).tolist() == [scalar.ceiling(ratio * pods)]


@given(integers)
def test_counts_are_cut_at_32_bits(figure):
    """Sizes beyond end at the edge."""
    assert counts.count(np.array([figure])).tolist() == [scalar.count(figure)]


def test_a_quotient_by_zero_is_zero():
    """Rows that failed are worked out all the same, and must not stop the others."""
    assert counts.quotient(np.array([7, 7, -7]), np.array([0, 2, 2])).tolist() == [0, 3, -3]


def test_the_largest_total_is_the_last_whose_hundredfold_fits():
    """A percentage takes totals times 100 within 64 bits."""
    assert 100 * counts.LARGEST_TOTAL < 2**63 <= 100 * (counts.LARGEST_TOTAL + 1)

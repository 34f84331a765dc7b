"""Numbers as bars."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rlautoscaler.demo.sparklines import sparkline, squeezed


def test_bars_grow_with_their_values() -> None:
    """Nothing is blank, something is at least the lowest bar, the top and all above it are full."""
    assert sparkline([0, 0.1, 4, 8, 80], top=8) == " ▁▄██"


def test_a_top_of_nothing() -> None:
    """Before any traffic there is nothing to divide by."""
    assert sparkline([0.0, 0.0], top=0.0) == "  "


@given(st.lists(st.floats(0, 1e6), max_size=400), st.integers(1, 120))
def test_squeezing_keeps_the_peak_and_the_width(values: list[float], width: int) -> None:
    """As many values as fit, none invented, the largest kept."""
    shown = squeezed(values, width)
    assert len(shown) == min(len(values), width)
    assert set(shown) <= set(values)
    assert max(shown, default=0.0) == max(values, default=0.0)

"""Percentages."""

from __future__ import annotations

import pytest

from rlautoscaler.resources import percentages


@pytest.mark.parametrize(
    ("text", "share"),
    [("0%", 0), ("1%", 0.01), ("0.5%", 0.005), ("100%", 1), ("250%", 2.5), ("0.001%", 1e-5)],
)
def test_percentages_are_shares_of_one(text: str, share: float) -> None:
    """The share is the double nearest to what is written."""
    assert percentages.share(text) == share


@pytest.mark.parametrize("text", ["", "%", "1", "0.01", "1 %", "-1%", "1e1%", "1%%", ".5%", "1.%", "٣%"])
def test_what_is_no_percentage_is_refused_with_an_example(text: str) -> None:
    """Anything else raises, and the message shows how percentages are written."""
    with pytest.raises(ValueError, match=r"write it like 1% or 0\.5%"):
        percentages.share(text)

"""Durations in the form of Go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlautoscaler.resources import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("15s", 15),
        ("5m", 300),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("1m0.001s", 60.001),
        ("1h1m1s1ms", 3661.001),
        ("0.5ms", 0.0005),
        ("90s", 90),
    ],
)
def test_durations_are_read_exactly(text: str, seconds: float) -> None:
    """Every unit and fraction counts, without the error of adding doubles."""
    assert durations.seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "15", "s", "1d", "1s1m", "1s1s", "-1s", "+1s", " 1s", "1 s", "1S", "1,5s", "1s\n"]
)
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    """Anything else raises, and the message shows how durations are written."""
    with pytest.raises(ValueError, match="write it like 15s"):
        durations.seconds(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (15, "15s"), (90, "1m30s"), (5400, "1h30m"), (0.25, "250ms"), (1.0004, "1s"), (86400, "24h")],
)
def test_durations_are_written_short(seconds: float, text: str) -> None:
    """No unit that is zero is written, and nothing finer than a millisecond."""
    assert durations.written(seconds) == text


@given(st.integers(0, 10**12))
def test_writing_and_reading_is_the_same(milliseconds: int) -> None:
    """Whole milliseconds survive."""
    assert durations.seconds(durations.written(milliseconds / 1000)) == milliseconds / 1000


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan"), 1e12])
def test_what_cannot_be_written_is_refused(seconds: float) -> None:
    """Negative, endless and unknown amounts have no text."""
    with pytest.raises(ValueError, match="cannot be written"):
        durations.written(seconds)

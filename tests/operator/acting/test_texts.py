"""Messages made safe."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlautoscaler.acting import texts


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        pytest.param("New size: 6.", "New size: 6.", id="a plain sentence stays"),
        pytest.param("one\ntwo\t three", "one two three", id="on one line"),
        pytest.param("a\x00\x1b[31mb", "a [31mb", id="without control characters"),
        pytest.param("half \ud800 pair", "half pair", id="without halves of surrogate pairs"),
        pytest.param("x" * 17, "x" * 13 + "…", id="what is cut off is marked"),
        pytest.param("ü" * 9, "ü" * 6 + "…", id="no character is cut in half"),
        pytest.param("ü" * 8, "ü" * 8, id="bytes count, and the limit may be used up"),
    ],
)
def test_fitted(text: str, fitted: str) -> None:
    """A text becomes one line of at most sixteen bytes here."""
    assert texts.fitted(text, 16) == fitted


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(), limit=st.integers(3, 300))
def test_always_within_bytes(text: str, limit: int) -> None:
    """Whatever comes in, what goes out is bounded UTF-8, and fitting again changes nothing."""
    fitted = texts.fitted(text, limit)
    assert len(fitted.encode("utf-8")) <= limit
    assert texts.fitted(fitted, limit) == fitted
    assert json.loads(json.dumps(fitted)) == fitted

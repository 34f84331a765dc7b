"""Prometheus' answers, well formed and otherwise."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlautoscaler.clients import answers
from rlautoscaler.clients.protocols import Sample
from rlautoscaler.errors import PrometheusError, PrometheusUnreachableError, QueryError


def success(kind: str, result: Any, **more: Any) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}, **more}


def failure(kind: str, text: str) -> dict[str, Any]:
    return {"status": "error", "errorType": kind, "error": text}


def test_a_vector_is_samples_with_their_labels() -> None:
    """Values are text in the answer and numbers here; the special ones too."""
    result = [
        {"metric": {"pod": "a"}, "value": [1.5, "0.25"]},
        {"metric": {"pod": "b"}, "value": [1.5, "NaN"]},
        {"metric": {}, "value": [1.5, "-Inf"]},
    ]
    first, second, third = answers.vector("q", 200, success("vector", result))
    assert first == Sample({"pod": "a"}, 0.25)
    assert math.isnan(second.value)
    assert third == Sample({}, -math.inf)


def test_a_scalar_is_one_sample_without_labels() -> None:
    """`scalar(…)` and plain numbers can be asked for as well."""
    assert answers.vector("q", 200, success("scalar", [1.5, "7"])) == [Sample({}, 7.0)]


def test_warnings_are_kept() -> None:
    """A degraded reading can be told from a whole one."""
    vector = answers.vector("q", 200, success("vector", [], warnings=["store down"]))
    assert vector.warnings == ("store down",)
    assert answers.vector("q", 200, success("vector", [])).warnings == ()


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        pytest.param(
            400,
            failure("bad_data", "parse error: x."),
            QueryError,
            "`q`: parse error: x. Correct",
            id="syntax",
        ),
        pytest.param(422, failure("execution", "many-to-many"), QueryError, "many-to-many", id="execution"),
        pytest.param(
            503,
            failure("timeout", "query timed out"),
            PrometheusUnreachableError,
            "may pass",
            id="its time-out",
        ),
        pytest.param(
            503, failure("unavailable", "store"), PrometheusUnreachableError, "503: store", id="unavailable"
        ),
        pytest.param(
            429, failure("execution", "limit"), PrometheusUnreachableError, "allow it more", id="rate limit"
        ),
        pytest.param(401, "Unauthorized", PrometheusUnreachableError, "Check the token", id="no token"),
        pytest.param(403, "Forbidden", PrometheusUnreachableError, "may read", id="no right"),
        pytest.param(404, "404 page not found", PrometheusUnreachableError, "path prefix", id="wrong path"),
        pytest.param(200, "<html>", PrometheusUnreachableError, "ask for a login", id="login page"),
        pytest.param(302, "a redirect to x", PrometheusUnreachableError, "a redirect to x", id="redirect"),
        pytest.param(200, success("matrix", []), QueryError, "range vector", id="range vector"),
        pytest.param(200, success("string", [1, "x"]), QueryError, "a string", id="string"),
        pytest.param(
            200,
            success("vector", [{"metric": {}, "histogram": [1, {}]}]),
            QueryError,
            "histogram_quantile",
            id="native histogram",
        ),
        pytest.param(200, {"status": "success"}, PrometheusUnreachableError, "200", id="no data"),
        pytest.param(
            200,
            success("vector", [{"metric": {}, "value": [1, "x"]}]),
            PrometheusUnreachableError,
            "200",
            id="a value that is no number",
        ),
        pytest.param(200, success("vector", {"a": 1}), PrometheusUnreachableError, "200", id="no list"),
    ],
)
def test_whatever_is_no_vector_is_an_error_that_says_what_to_do(
    status: int, body: Any, kind: type[PrometheusError], words: str
) -> None:
    """A wrong query is told from a Prometheus in trouble."""
    with pytest.raises(kind) as caught:
        answers.vector("q", status, body)
    assert words in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "data", "resultType", "result", "metric", "value"]), inner
        )
    ),
    max_leaves=8,
)


@given(status=st.sampled_from([200, 204, 400, 500, 999]), body=_JSON)
def test_no_answer_raises_anything_but_our_errors(status: int, body: Any) -> None:
    """Arbitrary JSON is refused in our own words."""
    with pytest.raises(PrometheusError):
        answers.vector("q", status, body)


@given(result=st.lists(_JSON, max_size=3), kind=st.sampled_from(["vector", "scalar", "matrix"]))
def test_no_result_raises_anything_but_our_errors(result: Any, kind: str) -> None:
    """Arbitrary results either are samples or are refused in our own words."""
    try:
        vector = answers.vector("q", 200, success(kind, result))
    except PrometheusError:
        return
    assert all(isinstance(sample.value, float) for sample in vector)

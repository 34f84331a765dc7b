"""Prometheus' JSON answers, read without trust."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rlautoscaler.clients.protocols import Sample, Vector
from rlautoscaler.errors import PrometheusUnreachableError, QueryError

_REFUSED = {"bad_data", "execution", "not_found", "not_acceptable"}
"""`errorType` of answers that would be the same next time; the others (timeout, canceled, internal,
unavailable) are Prometheus' own trouble."""

_WRAP = {
    "matrix": "it is a range vector: wrap it in rate(…) or another function over time",
    "string": "it is a string: ask for a number",
}


def vector(promql: str, status: int, body: Any) -> Vector:
    """An instant query's answer as samples.

    Args:
        promql: the query, for messages.
        status: HTTP status.
        body: the answer, parsed JSON of any shape.

    Raises:
        QueryError: the query is wrong; the message has Prometheus' own words.
        PrometheusUnreachableError: the answer is of no use.

    """
    if not isinstance(body, Mapping):
        raise _useless(status, str(body))
    if status != HTTPStatus.OK or body.get("status") != "success":
        raise _failure(promql, status, body)
    try:
        data = body["data"]
        samples = _samples(promql, data["resultType"], data["result"])
        return Vector(samples, [str(warning) for warning in body.get("warnings") or ()])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _useless(status, str(body)) from error


def _samples(promql: str, kind: str, result: Any) -> list[Sample]:
    if kind == "scalar":
        return [Sample({}, float(result[1]))]
    if kind != "vector":
        raise QueryError(f"The query `{promql}` has no use here: {_WRAP.get(kind, kind)}.")
    if any("histogram" in series for series in result):
        raise QueryError(f"The query `{promql}` answers with histograms: wrap it in histogram_quantile(…).")
    return [Sample(series["metric"], float(series["value"][1])) for series in result]


def _failure(promql: str, status: int, body: Mapping[str, Any]) -> QueryError | PrometheusUnreachableError:
    kind, text = str(body.get("errorType") or ""), str(body.get("error") or body)
    if kind in _REFUSED and status != HTTPStatus.TOO_MANY_REQUESTS:
        return QueryError(f"Prometheus refuses the query `{promql}`: {text.rstrip('.')}. Correct the query.")
    return _useless(status, text)


def _useless(status: int, text: str) -> PrometheusUnreachableError:
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            advice = "Check the token or the password, and what its owner may read."
        case HTTPStatus.TOO_MANY_REQUESTS:
            advice = "It limits this client: allow it more queries."
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            advice = "It may pass; its log has the cause."
        case _:
            advice = "Check the URL: a path prefix may be missing, or a proxy may ask for a login."
    return PrometheusUnreachableError(f"Prometheus answered {status}: {text[:200].rstrip('.')}. {advice}")

"""What every `PrometheusApi` does, the fake like the real one."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rlautoscaler.clients import prometheus
from rlautoscaler.clients.fakes import FakePrometheus
from rlautoscaler.clients.prometheus import Settings
from rlautoscaler.clients.protocols import PrometheusApi, Sample
from rlautoscaler.errors import QueryError

TWO = 'label_replace(vector(1), "pod", "a", "", "") or label_replace(vector(2), "pod", "b", "", "")'


@pytest_asyncio.fixture(params=["fake", pytest.param("real", marks=pytest.mark.cluster)])
async def api(request: pytest.FixtureRequest) -> AsyncIterator[PrometheusApi]:
    if request.param == "fake":
        yield prepared()
        return
    async with prometheus.connect(Settings(request.getfixturevalue("sandbox").prometheus_url)) as client:
        yield client


def prepared() -> FakePrometheus:
    """The answers of the real one."""
    fake = FakePrometheus()
    fake.answer("42", 42)
    fake.answer(TWO, [Sample({"pod": "a"}, 1.0), Sample({"pod": "b"}, 2.0)])
    fake.answer("vector(1) / 0", [Sample({}, math.inf)])
    fake.answer("vector(0) / 0", [Sample({}, math.nan)])
    fake.fail(
        QueryError("Prometheus refuses the query `sum(`: it ends too early. Correct the query."), "sum("
    )
    return fake


async def test_a_scalar_is_one_sample_without_labels(api: PrometheusApi) -> None:
    """A number is answered as a sample."""
    assert await api.query("42") == [Sample({}, 42.0)]


async def test_a_vector_has_a_sample_for_each_series(api: PrometheusApi) -> None:
    """Labels and values arrive."""
    answer = await api.query(TWO)
    assert sorted((sample.labels["pod"], sample.value) for sample in answer) == [("a", 1.0), ("b", 2.0)]


async def test_a_metric_nobody_has_is_an_empty_vector(api: PrometheusApi) -> None:
    """No series is no error, and no zero."""
    assert await api.query("no_such_metric_anywhere") == []


async def test_infinity_arrives(api: PrometheusApi) -> None:
    """Division by zero is infinite."""
    [sample] = await api.query("vector(1) / 0")
    assert sample.value == math.inf


async def test_not_a_number_arrives(api: PrometheusApi) -> None:
    """Zero by zero is no number, and is answered all the same."""
    [sample] = await api.query("vector(0) / 0")
    assert math.isnan(sample.value)


async def test_a_wrong_query_is_refused_with_its_text(api: PrometheusApi) -> None:
    """The error names the query and tells what to do."""
    with pytest.raises(QueryError, match=r"`sum\(`.*Correct the query"):
        await api.query("sum(")


async def test_a_whole_answer_has_no_warnings(api: PrometheusApi) -> None:
    """Only a degraded reading warns."""
    assert (await api.query("42")).warnings == ()

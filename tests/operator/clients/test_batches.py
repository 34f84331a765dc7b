"""Many queries under one deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from rlautoscaler.clients.batches import query_all
from rlautoscaler.clients.fakes import FakePrometheus
from rlautoscaler.clients.protocols import Sample, Vector
from rlautoscaler.errors import DeadlineError, PrometheusUnreachableError, QueryError

Run = Callable[[Any], Any]


def test_each_distinct_query_is_asked_once_in_the_order_given(run_virtually: Run) -> None:
    """Autoscalers that share a query cost one."""
    api = FakePrometheus()
    api.answer("a", 1)
    answers = run_virtually(query_all(api, ["b", "a", "b", "a"], deadline=1))
    assert api.queries == ["b", "a"]
    assert answers == {"b": [], "a": [Sample({}, 1.0)]}


def test_no_queries_are_no_work(run_virtually: Run) -> None:
    """Nothing asked, nothing answered, also after the deadline."""
    assert run_virtually(query_all(FakePrometheus(), [], deadline=-1)) == {}


def test_a_late_query_is_told_apart_and_the_finished_ones_are_kept(run_virtually: Run) -> None:
    """What was answered in time survives the deadline; what was not says so."""
    api = FakePrometheus()
    for name, seconds in (("quick", 1.0), ("just", 4.9), ("late", 5.1)):
        api.answer(name, 1)
        api.delay(name, seconds)
    answers = run_virtually(query_all(api, ["late", "just", "quick"], deadline=5))
    assert answers["quick"] == answers["just"] == [Sample({}, 1.0)]
    assert isinstance(answers["late"], DeadlineError)
    assert "`late`" in str(answers["late"])


def test_a_deadline_that_has_passed_answers_at_once(run_virtually: Run) -> None:
    """Being late already is no reason to ask."""
    api = FakePrometheus()
    api.delay("a", 1.0)
    assert isinstance(run_virtually(query_all(api, ["a"], deadline=-3))["a"], DeadlineError)


def test_errors_stay_with_their_query(run_virtually: Run) -> None:
    """One wrong query does not spoil its neighbours."""
    api = FakePrometheus()
    wrong = QueryError("wrong")
    api.fail(wrong, "a")
    api.answer("b", 2)
    assert run_virtually(query_all(api, ["a", "b"], deadline=1)) == {"a": wrong, "b": [Sample({}, 2.0)]}


def test_an_outage_fails_every_query(run_virtually: Run) -> None:
    """When Prometheus is down, each query has the outage as its answer, and none is forgotten."""
    api = FakePrometheus()
    down = PrometheusUnreachableError("down")
    api.fail(down)
    assert run_virtually(query_all(api, ["a", "b"], deadline=1)) == {"a": down, "b": down}
    api.heal()
    assert run_virtually(query_all(api, ["a"], deadline=1)) == {"a": []}


def test_no_more_queries_run_at_once_than_allowed(run_virtually: Run) -> None:
    """Ten queries of one second, three at a time, take four seconds."""

    async def scene() -> float:
        api = FakePrometheus()
        names = [str(number) for number in range(10)]
        for name in names:
            api.delay(name, 1.0)
        await query_all(api, names, deadline=100, concurrency=3)
        return asyncio.get_running_loop().time()

    assert run_virtually(scene()) == pytest.approx(4.0)


def test_queries_that_waited_for_their_turn_are_late_too(run_virtually: Run) -> None:
    """The deadline holds for what was never sent."""
    api = FakePrometheus()
    api.delay("slow", 10.0)
    answers = run_virtually(query_all(api, ["slow", "never sent"], deadline=5, concurrency=1))
    assert [type(answer) for answer in answers.values()] == [DeadlineError, DeadlineError]
    assert api.queries == ["slow"]


def test_cancelling_the_caller_cancels_the_queries(run_virtually: Run) -> None:
    """Nothing goes on in the background after the tick was cancelled."""
    ended = []

    class Endless:
        async def query(self, promql: str, *, at: float | None = None) -> Vector:
            try:
                await asyncio.sleep(1e6)
            finally:
                ended.append(promql)
            return Vector()

    async def scene() -> None:
        task = asyncio.create_task(query_all(Endless(), ["a", "b"], deadline=1e9))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtually(scene())
    assert sorted(ended) == ["a", "b"]

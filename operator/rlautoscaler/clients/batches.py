"""Many questions at once, and what is left of them when the time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from functools import partial
from typing import TypeVar

from rlautoscaler.clients.protocols import PrometheusApi, Vector
from rlautoscaler.errors import DeadlineError, PrometheusError

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")

CONCURRENCY = 8
"""Queries at once: Prometheus runs 20 by default, and others ask it too."""


async def query_all(
    api: PrometheusApi, queries: Iterable[str], deadline: float, *, concurrency: int = CONCURRENCY
) -> dict[str, Vector | PrometheusError]:
    """Ask every distinct query, in the order given, and keep what was answered in time.

    Args:
        api: whom to ask.
        queries: PromQL.
        deadline: on the event loop's clock (`loop.time()`), as for `asyncio.timeout_at`.
        concurrency: how many at once.

    Returns:
        Each query with its samples, with its own error, or with a `DeadlineError` where it was too late.

    """
    return await ask_all(partial(_ask, api), queries, deadline, too_late=too_late, concurrency=concurrency)


async def ask_all(
    ask: Callable[[Question], Awaitable[Answer]],
    questions: Iterable[Question],
    deadline: float,
    *,
    too_late: Callable[[Question], Answer],
    concurrency: int = CONCURRENCY,
) -> dict[Question, Answer]:
    """The same for any kind of question.

    Args:
        ask: gives the answer, which may be an error as a value; what it raises is raised here.
        questions: asked once where they are equal.
        deadline: on the event loop's clock.
        too_late: the answer in place of one that did not come in time.
        concurrency: how many at once.

    """
    turns = asyncio.Semaphore(concurrency)

    async def in_turn(question: Question) -> Answer:
        async with turns:
            return await ask(question)

    tasks = {one: asyncio.ensure_future(in_turn(one)) for one in dict.fromkeys(questions)}
    try:
        if tasks:
            remaining = max(0.0, deadline - asyncio.get_running_loop().time())
            await asyncio.wait(tasks.values(), timeout=remaining)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    return {one: too_late(one) if task.cancelled() else task.result() for one, task in tasks.items()}


def too_late(promql: str) -> DeadlineError:
    """The error in place of a query's answer."""
    return DeadlineError(
        f"The tick's time was over before Prometheus answered `{promql}`. "
        "Give it faster storage or recording rules, or choose a longer interval."
    )


async def _ask(api: PrometheusApi, promql: str) -> Vector | PrometheusError:
    try:
        return await api.query(promql)
    except PrometheusError as error:
        return error

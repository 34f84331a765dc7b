"""Many queries at once, and what is left of them when the time is over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from rlautoscaler.clients.protocols import PrometheusApi, Vector
from rlautoscaler.errors import DeadlineError, PrometheusError

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
    turns = asyncio.Semaphore(concurrency)
    tasks = {promql: asyncio.ensure_future(_ask(api, promql, turns)) for promql in dict.fromkeys(queries)}
    try:
        if tasks:
            remaining = max(0.0, deadline - asyncio.get_running_loop().time())
            await asyncio.wait(tasks.values(), timeout=remaining)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    return {promql: _outcome(promql, task) for promql, task in tasks.items()}


async def _ask(api: PrometheusApi, promql: str, turns: asyncio.Semaphore) -> Vector | PrometheusError:
    async with turns:
        try:
            return await api.query(promql)
        except PrometheusError as error:
            return error


def _outcome(promql: str, task: asyncio.Future[Vector | PrometheusError]) -> Vector | PrometheusError:
    if task.cancelled():
        return DeadlineError(
            f"The tick's time was over before Prometheus answered `{promql}`. "
            "Give it faster storage or recording rules, or choose a longer interval."
        )
    return task.result()

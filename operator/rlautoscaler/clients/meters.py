"""A `PrometheusApi` that tells how long each query took and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable

from rlautoscaler.clients.protocols import PrometheusApi, Vector
from rlautoscaler.errors import PrometheusError


class MeteredPrometheus:
    """Passes queries on.

    on_query: called after each with its seconds and the name of its error, None where it was answered.
    """

    def __init__(self, api: PrometheusApi, on_query: Callable[[float, str | None], None]) -> None:
        self._api = api
        self._on_query = on_query

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        """As the one behind it."""
        began = time.perf_counter()
        error: str | None = "Cancelled"
        try:
            answer = await self._api.query(promql, at=at)
            error = None
        except PrometheusError as problem:
            error = type(problem).__name__
            raise
        finally:
            self._on_query(time.perf_counter() - began, error)
        return answer

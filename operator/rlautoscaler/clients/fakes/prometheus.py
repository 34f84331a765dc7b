"""A Prometheus of canned answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from rlautoscaler.clients.protocols import Sample, Vector
from rlautoscaler.errors import PrometheusError

Answer = Sequence[Sample] | PrometheusError


class FakePrometheus:
    """A `PrometheusApi` for tests; a query nobody prepared finds no series, as in the original.

    Args:
        sleep: waits out the delays that were asked for; pass one on a clock of the test's own.

    """

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.queries: list[str] = []
        """Everything that was asked, in order."""
        self._sleep = sleep
        self._answers: dict[str, Answer] = {}
        self._delays: dict[str, float] = {}
        self._outage: PrometheusError | None = None

    def answer(self, promql: str, samples: Sequence[Sample] | float, *, warnings: Sequence[str] = ()) -> None:
        """Prepare an answer; a number is one sample without labels."""
        series = [Sample({}, float(samples))] if isinstance(samples, int | float) else samples
        self._answers[promql] = Vector(series, warnings)

    def fail(self, error: PrometheusError, promql: str | None = None) -> None:
        """Let one query, or all, fail until `heal`."""
        if promql is None:
            self._outage = error
        else:
            self._answers[promql] = error

    def heal(self) -> None:
        """End an outage; answers prepared before it hold again."""
        self._outage = None

    def delay(self, promql: str, seconds: float) -> None:
        """Let a query take its time."""
        self._delays[promql] = seconds

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        """See `PrometheusApi`."""
        self.queries.append(promql)
        await self._sleep(self._delays.get(promql, 0.0))
        if self._outage is not None:
            raise self._outage
        answer = self._answers.get(promql, Vector())
        if isinstance(answer, PrometheusError):
            raise answer
        return answer if isinstance(answer, Vector) else Vector(answer)


def samples(rows: Mapping[tuple[str, ...], float], *labels: str) -> list[Sample]:
    """A vector from a table: label values to value, under these label names."""
    return [Sample(dict(zip(labels, row, strict=True)), value) for row, value in rows.items()]

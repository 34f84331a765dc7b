"""The one read of a tick: every autoscaler's signals, in a number of queries that does not grow with them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlagents.structs.pods import Pod
from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients.batches import query_all
from rlautoscaler.clients.protocols import PrometheusApi
from rlautoscaler.errors import PrometheusError, QueryError
from rlautoscaler.observing.cadences import Cadences
from rlautoscaler.observing.measurements import Measured, measured
from rlautoscaler.observing.plans import Plan, cadence_queries, plans
from rlautoscaler.observing.tables import Answers, Tables
from rlautoscaler.observing.wishes import Wanted

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What reading cost, and how well it went."""

    queries: int
    """Sent."""
    failed: int
    """Answered by an error, or not in time."""
    empty: int
    """Answered without a single series."""
    degraded: int
    """Answered with a warning."""
    seconds: float
    """From the first query to the last answer."""


@dataclass(frozen=True, slots=True)
class Snapshots:
    """What was measured at one tick."""

    by_key: Mapping[WorkloadKey, Measured]
    statistics: Statistics


class SnapshotReader:
    """Reads Prometheus, and remembers how often it scrapes and what it has complained of.

    A failing query is logged when it begins to fail and not again until it has succeeded.
    """

    def __init__(self, api: PrometheusApi) -> None:
        self._api = api
        self._cadences = Cadences()
        self._complaints: dict[str, str] = {}

    async def read(
        self,
        wanted: Sequence[Wanted],
        pods: Mapping[WorkloadKey, Sequence[Pod]],
        *,
        now: float,
        deadline: float,
        selected: Mapping[WorkloadKey, Sequence[Pod]] | None = None,
    ) -> Snapshots:
        """The signals of all autoscalers; raises nothing that Prometheus could cause.

        Args:
            wanted: the autoscalers.
            pods: of each target; one that is absent has none.
            now: seconds since the epoch.
            deadline: on the event loop's clock. What is not answered by then is unknown.
            selected: the pods that the baseline counts, where they differ from the target's own.

        """
        loop = asyncio.get_running_loop()
        planned = plans(wanted, self._cadences)
        looks = cadence_queries(wanted, self._cadences, now)
        texts = [text for plan in planned for text in plan.texts()] + list(looks.values())
        began = loop.time()
        answers = await query_all(self._api, texts, deadline)
        seconds = loop.time() - began
        for source, text in looks.items():
            self._cadences.learn(source, answers[text], now)
        self._complain(answers, planned)
        tables = Tables(answers)
        counted = pods if selected is None else selected
        by_key = {
            key: measured(plan, pods.get(key, ()), tables, now, selected=counted.get(key, ()))
            for key, plan in ((plan.wanted.key, plan) for plan in planned)
        }
        return Snapshots(by_key, _statistics(answers, seconds))

    def _complain(self, answers: Answers, planned: Sequence[Plan]) -> None:
        complaints = _complaints(answers)
        for plan in planned:
            for part in (plan.requests, plan.usage):
                if isinstance(part, QueryError):
                    complaints[f"labels of {plan.wanted.key}"] = str(part)
        for about in complaints.keys() - self._complaints.keys():
            logger.warning("%s", complaints[about])
        self._complaints = complaints


def _complaints(answers: Answers) -> dict[str, str]:
    """By query. Refused queries each; one sentence for all that found nobody or took too long."""
    complaints = {}
    for text, answer in answers.items():
        if isinstance(answer, QueryError):
            complaints[text] = str(answer)
        elif isinstance(answer, PrometheusError):
            complaints[type(answer).__name__] = str(answer)
        elif answer.warnings:
            complaints[text] = f"Prometheus warns of `{text}`: {'; '.join(answer.warnings)}"
    return complaints


def _statistics(answers: Answers, seconds: float) -> Statistics:
    failed = sum(isinstance(answer, PrometheusError) for answer in answers.values())
    vectors = [answer for answer in answers.values() if not isinstance(answer, PrometheusError)]
    return Statistics(
        queries=len(answers),
        failed=failed,
        empty=sum(not vector for vector in vectors),
        degraded=sum(bool(vector.warnings) for vector in vectors),
        seconds=seconds,
    )

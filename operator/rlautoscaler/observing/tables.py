"""Prometheus' answers, each indexed once for all who look into it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rlagents.structs.reasons import UnknownReason
from rlautoscaler.clients.protocols import Vector
from rlautoscaler.errors import DeadlineError, PrometheusError, QueryError

Answers = Mapping[str, Vector | PrometheusError]
"""By PromQL."""

Key = tuple[str, ...]
"""Values of the labels that find a workload or a pod."""

Parts = Mapping[str, float]
"""Values by one further label, as the container; under the empty text where there is none."""


@dataclass(frozen=True, slots=True)
class Table:
    """One answer."""

    rows: Mapping[Key, Parts]
    failure: UnknownReason | None = None
    """Why there are no rows at all."""
    degraded: bool = False
    """Prometheus warned that a part may be missing."""


class Tables:
    """The answers of one tick."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._tables: dict[tuple[str, Key, str], Table] = {}

    def samples(self, promql: str) -> Vector | PrometheusError:
        """An answer as it came."""
        return self._answers[promql]

    def table(self, promql: str, by: Key, part: str = "") -> Table:
        """An answer by the values of these labels. Series that lack one of them belong to nobody."""
        found = self._tables.get((promql, by, part))
        if found is None:
            found = self._tables[promql, by, part] = _table(self._answers[promql], by, part)
        return found


def why(error: PrometheusError) -> UnknownReason:
    """What an error says about the signals that needed the answer."""
    match error:
        case DeadlineError():
            return UnknownReason.DEADLINE
        case QueryError():
            return UnknownReason.QUERY_FAILED
        case _:
            return UnknownReason.UNREACHABLE


def _table(answer: Vector | PrometheusError, by: Key, part: str) -> Table:
    if isinstance(answer, PrometheusError):
        return Table({}, why(answer))
    rows: dict[Key, dict[str, float]] = {}
    for sample in answer:
        key = tuple(sample.labels.get(label, "") for label in by)
        row = rows.setdefault(key, {})
        name = sample.labels.get(part, "") if part else ""
        # Aggregations never answer twice for the same labels; whatever does cannot be trusted.
        row[name] = math.nan if name in row else sample.value
    return Table({key: row for key, row in rows.items() if all(key)}, degraded=bool(answer.warnings))

"""What is logged of answers that are of no use: once when it begins, not at every tick."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterable, Mapping

from rlautoscaler.clients.protocols import Vector
from rlautoscaler.errors import (
    MetricNotFoundError,
    MetricsApiError,
    MetricsRefusedError,
    PrometheusError,
    QueryError,
)

_EACH = (QueryError, MetricNotFoundError, MetricsRefusedError)
"""Errors of the question. All others are of who is asked, and one sentence tells them."""


class Complaints:
    """Remembers what was complained of at the last tick."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._known: frozenset[Hashable] = frozenset()

    def renew(self, complaints: Mapping[Hashable, str]) -> None:
        """Log what is new; what is no longer among them would be new again."""
        for about in complaints.keys() - self._known:
            self._logger.warning("%s", complaints[about])
        self._known = frozenset(complaints)


def of_answers(answers: Iterable[tuple[Hashable, object]]) -> dict[Hashable, str]:
    """A sentence for each error and each degraded answer, by what it is about.

    Args:
        answers: what was asked, and what came.

    """
    complaints: dict[Hashable, str] = {}
    for question, answer in answers:
        if isinstance(answer, _EACH):
            complaints[question] = str(answer)
        elif isinstance(answer, MetricsApiError):
            complaints[type(answer).__name__, answer.group] = str(answer)
        elif isinstance(answer, PrometheusError):
            complaints[type(answer).__name__] = str(answer)
        elif isinstance(answer, Vector) and answer.warnings:
            complaints[question] = f"Prometheus warns of a metric's query: {'; '.join(answer.warnings)}"
    return complaints

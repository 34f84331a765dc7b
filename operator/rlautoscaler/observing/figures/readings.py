"""The answers of a tick, sorted into one autoscaler's readings and failures. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rlagents.policies import hpa
from rlautoscaler.clients.protocols import Manifest, Vector
from rlautoscaler.errors import FigureError, MetricsApiError, PrometheusError
from rlautoscaler.observing.figures import values, vectors
from rlautoscaler.observing.figures.answers import Answers
from rlautoscaler.observing.figures.questions import NOT_OF_RESOURCES, Question


@dataclass(frozen=True, slots=True)
class Figures:
    """What was read for one autoscaler's metrics."""

    readings: hpa.Readings = hpa.NOTHING_READ
    failures: Mapping[hpa.MetricSpec, str] = field(default_factory=dict)
    """A sentence why, for each metric that could not be read."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose figures count, and when."""

    namespace: str
    pods: tuple[str, ...]
    """Names of the target's pods."""
    now: float


def figures(asked: Mapping[hpa.MetricSpec, Question], answers: Answers, place: Place) -> Figures:
    """What the answers say of one autoscaler's metrics.

    Args:
        asked: its metrics, and what was asked for each.
        answers: of the tick.
        place: whose figures count, and when.

    """
    found: dict[str, dict[hpa.MetricSpec, Any]] = {kind: {} for kind in NOT_OF_RESOURCES}
    failures = {}
    for metric, question in asked.items():
        answer = answers[question]
        try:
            if isinstance(answer, PrometheusError | MetricsApiError):
                failures[metric] = str(answer)
            elif not isinstance(answer, Vector):
                found[metric.kind][metric] = _of_values(metric, answer, place)
            elif metric.kind == hpa.MetricKind.PODS:
                series = answers.by_pod(question, answer)
                found[metric.kind][metric] = vectors.of_pods(series, place.namespace, place.pods, place.now)
            else:
                found[metric.kind][metric] = _of_the_world(metric, answer)
        except FigureError as error:
            failures[metric] = str(error)
    pods, objects, external = found.values()
    return Figures(hpa.Readings(pods, objects, external), failures)


def _of_values(metric: hpa.MetricSpec, answer: Sequence[Manifest], place: Place) -> Any:
    match metric.kind:
        case hpa.MetricKind.PODS:
            return values.of_pods(answer, place.pods)
        case hpa.MetricKind.OBJECT:
            return values.of_object(answer)
        case _:
            return values.of_series(answer)


def _of_the_world(metric: hpa.MetricSpec, answer: Vector) -> Any:
    if metric.kind == hpa.MetricKind.OBJECT:
        return vectors.of_object(answer)
    return vectors.of_series(answer)

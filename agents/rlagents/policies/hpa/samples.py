"""From the answers of the metrics APIs to one figure per pod."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from rlagents.policies.hpa.counts import LARGEST_FIGURE
from rlagents.policies.hpa.failures import Failure, MetricError
from rlagents.policies.hpa.metrics import MetricSpec
from rlagents.structs.pods import PodSample

Row = TypeVar("Row")

UNREPORTED_WINDOW: Final = 60.0
"""Seconds, where a pods metric does not say over which window it was taken."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One pod's figure, in milli-units."""

    value: int
    taken_at: float
    window: float


@dataclass(frozen=True, slots=True)
class PodFigure:
    """One row of the answer to a pods metric, in milli-units."""

    pod: str
    value: int
    taken_at: float
    window: float | None = None
    """Seconds; None where none is reported."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read for metrics other than resources; a metric without an entry could not be read."""

    pods: Mapping[MetricSpec, Sequence[PodFigure]] = field(default_factory=dict)
    objects: Mapping[MetricSpec, int] = field(default_factory=dict)
    external: Mapping[MetricSpec, Sequence[int]] = field(default_factory=dict)
    """One figure per series."""


NOTHING_READ: Final = Readings()


def of_pods(rows: Sequence[PodSample] | None, resource: str) -> dict[str, Sample]:
    """The sum over each pod's containers; a pod with a container that lacks the resource gives no sample."""
    samples = {}
    for row in answered(rows):
        usages = [usage.get(resource) for usage in row.usage.values()]
        known = [usage for usage in usages if usage is not None]
        if known and len(known) == len(usages):
            samples[row.pod] = Sample(sum(known), row.taken_at, row.window)
    return samples


def of_containers(rows: Sequence[PodSample] | None, resource: str, container: str) -> dict[str, Sample]:
    """The one container's figure; a pod without it gives no sample."""
    samples = {}
    for row in answered(rows):
        usage = row.usage.get(container, {}).get(resource)
        if usage is not None:
            samples[row.pod] = Sample(usage, row.taken_at, row.window)
    return samples


def of_figures(rows: Sequence[PodFigure] | None) -> dict[str, Sample]:
    """The figures as reported."""
    return {
        row.pod: Sample(row.value, row.taken_at, UNREPORTED_WINDOW if row.window is None else row.window)
        for row in answered(rows)
    }


def answered(rows: Sequence[Row] | None) -> Sequence[Row]:
    """The rows. No answer, or one without any row, is a failure; rows that yield no sample are not."""
    if not rows:
        raise MetricError(Failure.METRICS_UNAVAILABLE, "the metrics API gave no figures")
    return rows


def capped_total(series: Sequence[int]) -> int:
    """The sum of an external metric's series, cut for good once it exceeds the largest figure."""
    total = 0
    for value in series:
        total += value
        if total > LARGEST_FIGURE:
            return LARGEST_FIGURE
    return total


def running_total(series: Sequence[int]) -> int:
    """The same for a target per pod, where the HPA takes a running total below zero for an overflow too."""
    total = 0
    for value in series:
        total += value
        if total > LARGEST_FIGURE or total < 0:
            return LARGEST_FIGURE
    return total

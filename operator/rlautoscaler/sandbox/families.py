"""Families of series in Prometheus' text format, and how each kind is made from rows of counters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from rlautoscaler.sandbox.counters import COMPLETED_BUCKETS, FAILED_BUCKETS, Figure

Sample: TypeAlias = tuple[str, float]
"""A series as text, labels included, and its value."""

Row: TypeAlias = tuple[str, list[float]]
"""Labels with `{code}` in them, and a row of counters."""

_CODES = (
    ("200", Figure.COMPLETED, Figure.COMPLETED_SECONDS, COMPLETED_BUCKETS),
    ("503", Figure.FAILED, Figure.FAILED_SECONDS, FAILED_BUCKETS),
)


class Kind(StrEnum):
    """`# TYPE` of a family."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """All series of one metric."""

    name: str
    kind: Kind
    samples: list[Sample]
    at: float | None = None
    """When they were true, in seconds since the epoch; None for now, and then no time is written."""


def text(families: Iterable[Family]) -> str:
    """In the text format, version 0.0.4."""
    return "".join(line for family in families for line in _lines(family))


def gauge(name: str, rows: Iterable[Sample]) -> Family:
    """A gauge from labels and values."""
    return Family(name, Kind.GAUGE, _named(name, rows))


def counter(name: str, rows: Iterable[Sample]) -> Family:
    """A counter from labels and values."""
    return Family(name, Kind.COUNTER, _named(name, rows))


def requests(name: str, rows: Iterable[Row]) -> Family:
    """A counter of requests by response code."""
    samples = [
        (f"{name}{{{labels.replace('{code}', code)}}}", sums[count])
        for labels, sums in rows
        for code, count, _, _ in _CODES
        if _exists(count, sums)
    ]
    return Family(name, Kind.COUNTER, samples)


def durations(name: str, rows: Iterable[Row], bounds: Mapping[str, int], unit: float = 1.0) -> Family:
    """A histogram of requests by response code.

    Args:
        name: of the family.
        rows: one for each set of labels.
        bounds: text of `le` to the bucket's position among `counters.BOUNDS`.
        unit: seconds in one unit of the histogram.

    """
    samples: list[Sample] = []
    for labels, sums in rows:
        for code, count, seconds, buckets in _CODES:
            if not _exists(count, sums):
                continue
            own = labels.replace("{code}", code)
            below = sums[buckets]
            samples += [(f'{name}_bucket{{{own},le="{le}"}}', below[index]) for le, index in bounds.items()]
            samples.append((f'{name}_bucket{{{own},le="+Inf"}}', sums[count]))
            samples.append((f"{name}_sum{{{own}}}", sums[seconds] / unit))
            samples.append((f"{name}_count{{{own}}}", sums[count]))
    return Family(name, Kind.HISTOGRAM, samples)


def _exists(count: Figure, sums: list[float]) -> bool:
    """No exporter shows errors before the first one."""
    return count is not Figure.FAILED or sums[count] >= 1


def _named(name: str, rows: Iterable[Sample]) -> list[Sample]:
    return [(f"{name}{{{labels}}}", value) for labels, value in rows]


def _lines(family: Family) -> Iterator[str]:
    yield f"# TYPE {family.name} {family.kind}\n"
    time = "" if family.at is None else f" {round(family.at * 1000)}"
    for series, value in family.samples:
        yield f"{series} {value:.15g}{time}\n"

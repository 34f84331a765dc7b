"""One workload's readings, picked out of the answers that all share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rlagents.structs.pods import CPU
from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import SignalName
from rlautoscaler.clients.protocols import Vector
from rlautoscaler.errors import PrometheusError
from rlautoscaler.observing import quantiles
from rlautoscaler.observing.fleets import Fleet, gather, total
from rlautoscaler.observing.presets import Preset
from rlautoscaler.observing.promql import age
from rlautoscaler.observing.requests import QUANTILES, RequestQueries
from rlautoscaler.observing.signals import EARLIEST_AGE, Moment, Reading
from rlautoscaler.observing.tables import Key, Table, Tables, why
from rlautoscaler.observing.usages import BY_CONTAINER, BY_POD, UsageQueries
from rlautoscaler.observing.wishes import OwnQuery, Wanted

_CONTAINER = BY_CONTAINER[-1]


@dataclass(frozen=True, slots=True)
class RequestReadings:
    """What the preset's series say."""

    signals: Mapping[SignalName, Reading]
    failures: Reading | None
    """Failed requests per second; None where the preset does not know."""


@dataclass(frozen=True, slots=True)
class UsageReadings:
    """What cAdvisor's series say."""

    signals: Mapping[SignalName, Reading]
    throttled: Reading
    """CFS periods per second with throttling."""
    periods: Reading
    """CFS periods per second."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one workload's figures lie in the preset's tables."""

    tables: Tables
    preset: Preset
    key: Key
    fleet: Fleet

    def read(self, values: str, ages: str, window: float) -> Reading:
        """The figure of the workload, or the sum over its pods."""
        by = self.preset.by
        tables = self.tables.table(values, by), self.tables.table(ages, by)
        if self.preset.per_pod:
            return total(self.fleet, *tables, window=window)
        return _row(self.key, *tables, moment=self.fleet.moment, window=window)


def place(tables: Tables, preset: Preset, wanted: Wanted, fleet: Fleet) -> Place:
    """Where to look: under the target's names, unless the user gives these labels other values."""
    own = (wanted.key.namespace, wanted.workload)[-len(preset.by) :]
    key = tuple(
        _pinned(label, preset, wanted.labels) or value for label, value in zip(preset.by, own, strict=True)
    )
    return Place(tables, preset, key, fleet)


def of_requests(where: Place, queries: RequestQueries, interval: float | None) -> RequestReadings:
    """Request rate, latency, failures and queue. `interval`: between scrapes, where it is known."""
    window = queries.window
    instant = min(interval or window, window)
    signals = {
        SignalName.THROUGHPUT: where.read(queries.throughput, queries.requests_age, instant),
        SignalName.THROUGHPUT_SMOOTH: where.read(queries.throughput_smooth, queries.requests_age, window),
    }
    for name, text in queries.latencies.items():
        signals[name] = where.read(text, queries.latency_age, window)
    if queries.buckets is not None:
        signals |= _latencies(where, queries.buckets, queries.latency_age, window)
    if queries.queue is not None and queries.queue_age is not None:
        signals[SignalName.QUEUE_DEPTH] = where.read(queries.queue, queries.queue_age, 0.0)
    failures = queries.failures and where.read(queries.failures, queries.requests_age, window)
    return RequestReadings(signals, failures or None)


def of_usage(tables: Tables, queries: UsageQueries, fleet: Fleet, interval: float | None) -> UsageReadings:
    """CPU, memory, network, disk and throttling of the living pods."""
    window = queries.window

    def containers(values: str, ages: str, window: float, *, of_all: bool = False) -> Reading:
        figures, dates = (tables.table(text, BY_POD, _CONTAINER) for text in (values, ages))
        return total(fleet, figures, dates, window=window, by_container=True, of_all=of_all)

    network = (tables.table(text, BY_POD) for text in (queries.network, queries.network_age))
    signals = {
        SignalName.CPU: containers(
            queries.cpu, queries.cpu_age, min(interval or window, window), of_all=True
        ),
        SignalName.MEMORY: containers(queries.memory, queries.memory_age, 0.0, of_all=True),
        SignalName.NETWORK_IO: total(fleet, *network, window=window),
        SignalName.DISK_IO: containers(queries.disk, queries.disk_age, window),
    }
    return UsageReadings(
        signals,
        throttled=containers(queries.throttled, queries.periods_age, window),
        periods=containers(queries.periods, queries.periods_age, window),
    )


def can_be_throttled(fleet: Fleet) -> bool:
    """Whether any container has a CPU limit; without one there are no CFS periods to count."""
    return any(CPU in container.limits for pod in fleet.pods for container in pod.containers + pod.sidecars)


def own(tables: Tables, query: OwnQuery, *, now: float, window: float) -> Reading:
    """What the user's own query says: one number, and its age where there is a query for that."""
    value = _only(tables.samples(query.query))
    if isinstance(value, UnknownReason):
        return Reading(missing=value, window=window)
    if query.timestamp_query is None or _is_degraded(tables, query):
        return Reading(value, window=window)
    seconds = _only(tables.samples(age(query.timestamp_query)))
    if seconds is UnknownReason.NO_SERIES:
        return Reading(missing=UnknownReason.STALE, window=window)
    taken_at = None if isinstance(seconds, UnknownReason) else _taken_at(now, seconds)
    return Reading(value, taken_at=taken_at, window=window)


def _pinned(label: str, preset: Preset, labels: Mapping[str, str]) -> str | None:
    return labels.get(preset.renamed.get(label, ""), labels.get(label))


def _row(key: Key, values: Table, ages: Table, *, moment: Moment, window: float) -> Reading:
    if values.failure is not None:
        return Reading(missing=values.failure, window=window)
    if key not in values.rows:
        outdated = ages.failure is None and ages.rows.get(key, {}).get("", 0.0) > moment.stale_after
        return Reading(missing=UnknownReason.STALE if outdated else UnknownReason.NO_SERIES, window=window)
    value = values.rows[key][""]
    if ages.failure is not None or values.degraded or ages.degraded:
        return Reading(value, window=window)
    if key not in ages.rows:  # the rate still averages over what the raw series no longer has
        return Reading(missing=UnknownReason.STALE, window=window)
    return Reading(value, taken_at=_taken_at(moment.now, ages.rows[key][""]), window=window)


def _taken_at(now: float, age: float) -> float | None:
    """None for what cannot be an age."""
    return now - age if math.isfinite(age) and age >= EARLIEST_AGE else None


def _latencies(where: Place, buckets: str, ages: str, window: float) -> dict[SignalName, Reading]:
    """Quantiles over the pods that live."""
    counts = where.tables.table(buckets, where.preset.by, "le")
    dates = where.tables.table(ages, where.preset.by)
    whole = total(where.fleet, counts, dates, window=window)
    if whole.value is None:
        return dict.fromkeys(QUANTILES, whole)
    summed: dict[float, float] = {}
    for parts in gather(where.fleet, counts, dates).by_pod.values():
        for bound, count in parts.items():
            summed[_number(bound)] = summed.get(_number(bound), 0.0) + count
    unit = where.preset.families[0].unit
    return {
        name: Reading(unit * quantiles.estimate(share, summed), taken_at=whole.taken_at, window=window)
        for name, share in QUANTILES.items()
    }


def _number(bound: str) -> float:
    try:
        return float(bound)
    except ValueError:
        return math.nan


def _only(answer: Vector | PrometheusError) -> float | UnknownReason:
    """The single number of an answer, or why there is none."""
    if isinstance(answer, PrometheusError):
        return why(answer)
    if len(answer) > 1:
        return UnknownReason.AMBIGUOUS
    return answer[0].value if answer else UnknownReason.NO_SERIES


def _is_degraded(tables: Tables, query: OwnQuery) -> bool:
    answer = tables.samples(query.query)
    return isinstance(answer, Vector) and bool(answer.warnings)

"""The HPA's logs, to the status and back, and small enough for it.

A baseline that ran with `interval: 1s` and a window of an hour has thousands of recommendations, of which a
handful can still change a later size. Only those are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rlagents.policies import hpa
from rlautoscaler.resources.entries import LONGEST_LOG, BaselineLogs, SizeRecord

LONGEST_PERIOD = 1800.0
"""Seconds; no rate in `behavior` looks farther back (`periodSeconds`)."""


def to_status(logs: hpa.HpaLogs, *, now: float, kept: float, scaled_to_zero: bool = False) -> BaselineLogs:
    """The logs as they are stored; `kept` is for how many seconds a recommendation counts."""
    recommendations = [SizeRecord(time=one.at, replicas=one.replicas) for one in logs.recommendations or ()]
    return BaselineLogs(
        recommendations=_condensed(_living(recommendations, now, kept)),
        scaleUps=_events(logs.scale_ups, now),
        scaleDowns=_events(logs.scale_downs, now),
        scaledToZero=scaled_to_zero,
    )


def from_status(status: BaselineLogs | None) -> hpa.HpaLogs:
    """The stored logs. Without recommendations the HPA counts as seen for the first time, which protects the
    present size."""
    if status is None:
        return hpa.HpaLogs()
    recommendations = tuple(hpa.Recommendation(one.replicas, one.time) for one in status.recommendations)
    return hpa.HpaLogs(
        recommendations=recommendations or None,
        scale_ups=tuple(hpa.ScaleEvent(one.replicas, one.time) for one in status.scaleUps),
        scale_downs=tuple(hpa.ScaleEvent(one.replicas, one.time) for one in status.scaleDowns),
    )


def _events(events: Iterable[hpa.ScaleEvent], now: float) -> list[SizeRecord]:
    records = [SizeRecord(time=one.at, replicas=one.change) for one in events]
    return _bounded(_living(records, now, LONGEST_PERIOD), lambda older, newer: older + newer)


def _living(records: Iterable[SizeRecord], now: float, kept: float) -> list[SizeRecord]:
    """Those that still count, oldest first."""
    return sorted((one for one in records if now - one.time <= kept), key=lambda one: one.time)


def _condensed(records: Sequence[SizeRecord]) -> list[SizeRecord]:
    """Without those that a newer one makes superfluous.

    Stabilising takes the largest and the smallest recommendation of two windows, which both reach up to now.
    An entry counts only if it is larger, or smaller, than all newer ones.
    """
    kept: list[SizeRecord] = []
    largest, smallest = -1, 2**31
    for record in reversed(records):
        if record.replicas > largest or record.replicas < smallest:
            kept.append(record)
            largest, smallest = max(largest, record.replicas), min(smallest, record.replicas)
    return _bounded(kept[::-1], max)


def _bounded(records: list[SizeRecord], merged: Callable[[int, int], int]) -> list[SizeRecord]:
    """At most `LONGEST_LOG` entries: the two oldest become one at the newer's time, again and again.

    So what is held back is held back somewhat longer, never shorter.
    """
    excess = len(records) - LONGEST_LOG
    if excess <= 0:
        return records
    old, rest = records[: excess + 1], records[excess + 1 :]
    replicas = old[0].replicas
    for record in old[1:]:
        replicas = merged(replicas, record.replicas)
    return [SizeRecord(time=old[-1].time, replicas=replicas), *rest]

"""What many HPAs remember; see `hpa.logs`, whose reuse of slots is met exactly.

A log has shape [services, slots] and a length for each service: slots from there on are empty. It grows by a
slot where some service needs one. Logs are values: every change makes a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rlagents.policies.hpa.arrays.counts import Bools, Floats, Ints

T = TypeVar("T", bound=np.generic)
Log = TypeVar("Log", "RecommendationLog", "EventLog")


@dataclass(frozen=True, slots=True)
class RecommendationLog:
    """Raw proposals."""

    length: Ints
    """Shape [services]."""
    replicas: Ints
    at: Floats
    """Seconds since the epoch."""

    @property
    def filled(self) -> Bools:
        """Which slots hold an entry."""
        return _filled(self.length, self.at.shape[1])

    def noted(self, replicas: Ints, now: Floats, kept: Floats, where: Bools) -> RecommendationLog:
        """With a proposal more for the services of the mask; entries older than `kept` have had their day."""
        free = self.filled & (now[:, np.newaxis] - self.at > kept[:, np.newaxis])
        slot = _slot(free, self.length)
        log = self._widened(slot, where)
        rows = np.flatnonzero(where)
        sizes, times, places = log.replicas.copy(), log.at.copy(), slot[rows]
        sizes[rows, places], times[rows, places] = replicas[rows], now[rows]
        return RecommendationLog(_grown(log.length, slot, where), sizes, times)

    def _widened(self, slot: Ints, where: Bools) -> RecommendationLog:
        if not np.any(where & (slot >= self.at.shape[1])):
            return self
        return RecommendationLog(self.length, _wider(self.replicas), _wider(self.at))


@dataclass(frozen=True, slots=True)
class EventLog:
    """Changes of size that were written, in one direction."""

    length: Ints
    """Shape [services]."""
    change: Ints
    """Replicas, without a sign."""
    at: Floats
    outdated: Bools

    @property
    def filled(self) -> Bools:
        """Which slots hold an entry."""
        return _filled(self.length, self.at.shape[1])

    def total(self, period: Floats, now: Floats) -> Ints:
        """The changes younger than a period, which has shape [services]."""
        young = now[:, np.newaxis] - self.at < period[:, np.newaxis]
        recent = self.filled & young
        return np.asarray(np.sum(np.where(recent, self.change, 0), axis=1))

    def noted(self, change: Ints, now: Floats, longest: Floats, where: Bools) -> EventLog:
        """With an event more for the services of the mask; `longest` of their policies' periods."""
        filled = self.filled
        old = filled & (now[:, np.newaxis] - self.at > longest[:, np.newaxis])
        outdated = self.outdated | (old & where[:, np.newaxis])
        slot = _slot(outdated & filled, self.length)
        log = EventLog(self.length, self.change, self.at, outdated)._widened(slot, where)
        rows = np.flatnonzero(where)
        changes, times, marks = log.change.copy(), log.at.copy(), log.outdated.copy()
        places = slot[rows]
        changes[rows, places], times[rows, places], marks[rows, places] = change[rows], now[rows], False
        return EventLog(_grown(log.length, slot, where), changes, times, marks)

    def _widened(self, slot: Ints, where: Bools) -> EventLog:
        if not np.any(where & (slot >= self.at.shape[1])):
            return self
        return EventLog(self.length, _wider(self.change), _wider(self.at), _wider(self.outdated))


@dataclass(frozen=True, slots=True)
class LogArrays:
    """Everything that the HPAs remember."""

    seen: Bools
    """Whether there is a recommendation log at all, which an empty one is, too. Shape [services]."""
    recommendations: RecommendationLog
    scale_ups: EventLog
    scale_downs: EventLog
    scaled_to_zero: Bools
    """The mark of an HPA that set its size to 0 itself. Shape [services]."""


def unseen(services: int) -> LogArrays:
    """Of HPAs that never ran."""
    none = np.zeros(services, np.int64)
    no_sizes, no_times = np.zeros((services, 0), np.int64), np.zeros((services, 0))
    events = EventLog(none, no_sizes, no_times, np.zeros((services, 0), np.bool_))
    no = np.zeros(services, np.bool_)
    return LogArrays(no, RecommendationLog(none, no_sizes, no_times), events, events, no)


def forgotten(logs: LogArrays, where: Bools) -> LogArrays:
    """The logs with the services of the mask as if they were never seen, as where an episode starts anew.

    Logs of two batches cannot be merged row by row: they differ in their number of slots.
    """
    return LogArrays(
        seen=logs.seen & ~where,
        recommendations=_emptied(logs.recommendations, where),
        scale_ups=_emptied(logs.scale_ups, where),
        scale_downs=_emptied(logs.scale_downs, where),
        scaled_to_zero=logs.scaled_to_zero & ~where,
    )


def begun(logs: LogArrays, current: Ints, now: Floats) -> LogArrays:
    """The logs, begun with the present size where there is no recommendation log at all."""
    fresh = ~logs.seen
    if not np.any(fresh):
        return logs
    noted = logs.recommendations.noted(current, now, np.full(now.shape, np.inf), fresh)
    return LogArrays(np.ones_like(logs.seen), noted, logs.scale_ups, logs.scale_downs, logs.scaled_to_zero)


def _emptied(log: Log, where: Bools) -> Log:
    return replace(log, length=np.where(where, 0, log.length))


def _filled(length: Ints, slots: int) -> Bools:
    return np.arange(slots) < length[:, np.newaxis]


def _slot(free: Bools, length: Ints) -> Ints:
    """The last free slot of each service, else the one behind its last entry."""
    slots = free.shape[1]
    last = slots - 1 - np.argmax(free[:, ::-1], axis=1) if slots else length
    return np.where(np.any(free, axis=1), last, length)


def _grown(length: Ints, slot: Ints, where: Bools) -> Ints:
    return np.where(where & (slot == length), length + 1, length)


def _wider(array: NDArray[T]) -> NDArray[T]:
    return np.concatenate([array, np.zeros((array.shape[0], 1), array.dtype)], axis=1)

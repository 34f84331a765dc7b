"""From readings to signals: what is a value, what has no meaning now, and what is unknown.

The rules are those of "unknown is not zero": an unknown may block shrinking, a measured zero may not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import Signal, SignalName

LARGEST: Mapping[SignalName, float] = MappingProxyType(
    {
        SignalName.THROUGHPUT: 1e9,
        SignalName.THROUGHPUT_SMOOTH: 1e9,
        SignalName.LATENCY_P50: 86400.0,
        SignalName.LATENCY_P99: 86400.0,
        SignalName.ERROR_RATE: 1.0,
        SignalName.QUEUE_DEPTH: 1e9,
        SignalName.CPU: 1e6,
        SignalName.MEMORY: 1e16,
        SignalName.NETWORK_IO: 1e13,
        SignalName.DISK_IO: 1e13,
        SignalName.THROTTLED: 1.0,
    }
)
"""What no service reaches, in the signal's unit: above it a query or an exporter is wrong. A latency in
milliseconds is not noticed, one in nanoseconds is."""

EARLIEST_AGE = -60.0
"""Seconds: a sample may come from a clock that is a little ahead. What is further in the future is no time of
a sample, as a timestamp in milliseconds, and would look fresh for ever."""

_SHARE_TOLERANCE = 1.05
"""Numerator and denominator are read milliseconds apart, so a share of all may come out just above 1."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read for one signal of one workload; differs from `Signal` by being unjudged."""

    value: float | None = None
    missing: UnknownReason = UnknownReason.NO_SERIES
    """Why there is no value, where there is none."""
    taken_at: float | None = None
    """Of the newest raw sample behind it; None where nobody can tell."""
    window: float = 0.0


@dataclass(frozen=True, slots=True)
class Moment:
    """When readings are judged, and how old they may be."""

    now: float
    """Seconds since the epoch."""
    stale_after: float
    """Seconds."""


def judged(name: SignalName, reading: Reading, moment: Moment) -> Signal:
    """A reading as a signal that stands alone."""
    value = reading.value
    if value is None:
        return _unknown(reading, reading.missing)
    if not math.isfinite(value):
        return _unknown(reading, UnknownReason.NOT_A_NUMBER)
    if not 0 <= value <= LARGEST[name]:
        return _unknown(reading, UnknownReason.ABSURD)
    if reading.taken_at is not None and moment.now - reading.taken_at > moment.stale_after:
        return _unknown(reading, UnknownReason.STALE)
    return Signal.known(value, taken_at=reading.taken_at, window=reading.window)


def of_traffic(name: SignalName, reading: Reading, traffic: Signal, moment: Moment) -> Signal:
    """A latency or a share of errors, which has no meaning without requests (`fresh_traffic` tells them)."""
    if traffic.is_known and traffic.value == 0:
        return Signal.not_applicable(taken_at=traffic.taken_at, window=reading.window)
    return judged(name, reading, moment)


def fresh_traffic(*candidates: Signal) -> Signal:
    """The first throughput of known age, best that over the window of the latencies; else an unknown."""
    fresh = [signal for signal in candidates if signal.is_known and signal.taken_at is not None]
    return fresh[0] if fresh else Signal.unknown(UnknownReason.NO_DENOMINATOR)


def ratio(name: SignalName, numerator: Reading, denominator: Signal, moment: Moment) -> Signal:
    """A share whose two parts are read apart and of one age, the denominator's.

    A numerator without series beside a fresh denominator is a measured zero: Istio's 5xx series, for one,
    does not exist before the first error. Zero of nothing has no meaning.
    """
    if not denominator.is_known or denominator.taken_at is None:
        return _unknown(numerator, UnknownReason.NO_DENOMINATOR)
    taken_at, window = denominator.taken_at, numerator.window
    if denominator.value == 0:
        return Signal.not_applicable(taken_at=taken_at, window=window)
    value = numerator.value
    if value is None and numerator.missing is UnknownReason.NO_SERIES:
        value = 0.0
    share = None if value is None else _clipped(value / (denominator.value or math.nan))
    return judged(name, Reading(share, numerator.missing, taken_at, window), moment)


def _clipped(share: float) -> float:
    return 1.0 if 1.0 < share <= _SHARE_TOLERANCE else share


def _unknown(reading: Reading, reason: UnknownReason) -> Signal:
    return Signal.unknown(reason, taken_at=reading.taken_at, window=reading.window)

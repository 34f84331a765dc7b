"""What was measured: values with their age, or the reason why there is none.

Unknown is not zero, and neither is *not applicable*: a service without traffic has no latency, which is a
fact about it and does not object to shrinking it, whereas a latency that could not be read does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rlagents.structs.reasons import UnknownReason


class SignalName(StrEnum):
    """The signals a service may have. Values are the names users write under `spec.metrics.queries`."""

    THROUGHPUT = "throughput"
    """Requests per second now (`irate`: the last two samples of each series)."""
    THROUGHPUT_SMOOTH = "throughputSmooth"
    """Requests per second over the rate window; half a window late, and calm."""
    LATENCY_P50 = "latencyP50"
    """Seconds."""
    LATENCY_P99 = "latencyP99"
    """Seconds."""
    ERROR_RATE = "errorRate"
    """Failed requests as a share of all, 0 to 1."""
    QUEUE_DEPTH = "queueDepth"
    """Requests accepted and not yet answered, over all pods."""
    CPU = "cpu"
    """Cores in use, over all living pods."""
    MEMORY = "memory"
    """Bytes of working set, over all living pods."""
    NETWORK_IO = "networkIO"
    """Bytes per second received and sent, over all living pods."""
    DISK_IO = "diskIO"
    """Bytes per second read and written, over all living pods."""
    THROTTLED = "throttled"
    """Share of CFS periods in which the pods were throttled, 0 to 1."""


class SignalState(StrEnum):
    """The three things a signal can be."""

    KNOWN = "Known"
    NOT_APPLICABLE = "NotApplicable"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal at one moment. Build it with `known`, `not_applicable` or `unknown`."""

    state: SignalState
    value: float | None = None
    taken_at: float | None = None
    """When the newest raw sample behind it was scraped; None where nobody can tell (a user's own query)."""
    window: float = 0.0
    """Seconds the value averages over; 0 for an instant."""
    reason: UnknownReason | None = None

    @staticmethod
    def known(value: float, *, taken_at: float | None, window: float = 0.0) -> Signal:
        """A measured value. NaN and infinities are not values: they become unknown."""
        if not math.isfinite(value):
            return Signal.unknown(UnknownReason.NOT_A_NUMBER, taken_at=taken_at, window=window)
        return Signal(SignalState.KNOWN, float(value), taken_at, window)

    @staticmethod
    def not_applicable(*, taken_at: float | None = None, window: float = 0.0) -> Signal:
        """The signal has no meaning at this moment, as latency without traffic."""
        return Signal(SignalState.NOT_APPLICABLE, None, taken_at, window)

    @staticmethod
    def unknown(reason: UnknownReason, *, taken_at: float | None = None, window: float = 0.0) -> Signal:
        """There should be a value and there is none."""
        return Signal(SignalState.UNKNOWN, None, taken_at, window, reason)

    @property
    def is_known(self) -> bool:
        """Whether there is a value."""
        return self.state is SignalState.KNOWN

    @property
    def is_unknown(self) -> bool:
        """Whether a value is missing (not applicable is not missing)."""
        return self.state is SignalState.UNKNOWN

    def age(self, now: float) -> float | None:
        """Seconds since the newest sample behind the value, or None where nobody can tell."""
        return None if self.taken_at is None else max(0.0, now - self.taken_at)

    def may_argue_for_shrinking(self) -> bool:
        """Whether this signal may support a smaller size: a value of known age, or nothing to say."""
        if self.state is SignalState.KNOWN:
            return self.taken_at is not None
        return self.state is SignalState.NOT_APPLICABLE


_NEVER_READ = Signal.unknown(UnknownReason.NOT_CONFIGURED)


@dataclass(frozen=True, slots=True)
class MetricsSnapshot:
    """All signals of one service at one moment; a name that is absent was never configured."""

    signals: Mapping[SignalName, Signal] = field(default_factory=dict)

    def __getitem__(self, name: SignalName) -> Signal:
        return self.signals.get(name, _NEVER_READ)

    def value(self, name: SignalName) -> float | None:
        """The value of a known signal, else None."""
        return self[name].value

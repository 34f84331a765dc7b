"""What the user asked for."""

from __future__ import annotations

from dataclasses import dataclass

from rlagents.structs.signals import SignalName


@dataclass(frozen=True, slots=True)
class Prices:
    """What resources cost, in any one currency."""

    cpu_core_hour: float = 0.033
    memory_gib_hour: float = 0.0045


@dataclass(frozen=True, slots=True)
class Objective:
    """What a service must keep; a part that is None is not asked for."""

    latency_target: float | None = None
    """Seconds, at `latency_quantile`."""
    latency_quantile: float = 0.99
    error_rate: float | None = None
    """Share of requests, 0 to 1."""
    cpu_saturation: float | None = None
    """Share of the CPU limit (of the request where unlimited), 0 to 1."""
    throttled_saturation: float | None = None
    """Share of throttled CFS periods, 0 to 1."""
    violation_budget: float = 0.01
    """Share of time the objective may be missed."""
    prices: Prices = Prices()

    @property
    def latency_signal(self) -> SignalName:
        """What is compared with `latency_target`: of the two latencies measured, the asked one."""
        return SignalName.LATENCY_P50 if self.latency_quantile == 0.5 else SignalName.LATENCY_P99


@dataclass(frozen=True, slots=True)
class Bounds:
    """The user's limits on the size; both ends are allowed."""

    min_replicas: int
    max_replicas: int

    def clip(self, replicas: int) -> int:
        """The nearest size within the bounds."""
        return min(max(replicas, self.min_replicas), self.max_replicas)

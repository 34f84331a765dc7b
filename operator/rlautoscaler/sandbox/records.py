"""What truly happened to a service, second by second: not what Prometheus saw of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One second (or whatever the driver's step is) of one service."""

    at: float
    """Its end, in seconds since the epoch."""
    seconds: float
    """Its length."""
    offered: float
    """Requests that came in."""
    completed: float
    """Requests answered without an error."""
    failed: float
    latency_p99: float | None
    """Seconds, of the completed requests; None where there were none. Time-outs count as failed instead."""
    in_flight: float
    requested_replicas: int
    """`spec.replicas` of the Deployment."""
    pods: int
    """Those that exist, ready or not, until they are gone."""
    ready: int
    cpu_cores: float
    """In use, over all pods."""
    reserved_cores: float
    """CPU requests of all pods that exist: what is paid for."""
    reserved_memory: float
    """Bytes, likewise."""

    @property
    def error_rate(self) -> float:
        """Share of the answered requests that failed, 0 to 1."""
        answered = self.completed + self.failed
        return self.failed / answered if answered > 0 else 0.0

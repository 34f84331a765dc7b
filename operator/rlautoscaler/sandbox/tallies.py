"""What the steps between two records came to.

Steps are as long as the time between two scrapes, whoever makes them; records come at a fixed pace.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlagents.simulation.services import ServiceOutcome, latency_quantile
from rlautoscaler.sandbox.pods import Fleet
from rlautoscaler.sandbox.records import Record

_SECONDS, _OFFERED, _COMPLETED, _FAILED, _CPU, _IN_FLIGHT, _LATENCY = range(7)
"""Rows; the last three are weighted, by time or by completed requests."""


class Tally:
    """Sums over some steps, for all services."""

    def __init__(self, count: int) -> None:
        self._sums = np.zeros((7, count))

    def add(self, outcome: ServiceOutcome) -> None:
        """Add a step."""
        seconds = outcome.seconds
        latency = np.nan_to_num(latency_quantile(outcome, 0.99))
        self._sums[_SECONDS] += seconds
        self._sums[_OFFERED] += outcome.offered
        self._sums[_COMPLETED] += outcome.completed
        self._sums[_FAILED] += outcome.failed
        self._sums[_CPU] += outcome.cpu_cores * seconds
        self._sums[_IN_FLIGHT] += outcome.in_flight * seconds
        self._sums[_LATENCY] += latency * outcome.completed

    def records(self, fleets: Sequence[Fleet], now: float) -> list[Record]:
        """One for each service; none where no time has passed."""
        rows = self._sums.T.tolist()
        return [_record(fleet, now, row) for fleet, row in zip(fleets, rows, strict=True)]


def _record(fleet: Fleet, now: float, sums: list[float]) -> Record:
    reserved = [pod for pod in fleet.pods if pod.is_reserved]
    seconds, completed = max(sums[_SECONDS], 1e-9), sums[_COMPLETED]
    return Record(
        at=now,
        seconds=sums[_SECONDS],
        offered=sums[_OFFERED],
        completed=completed,
        failed=sums[_FAILED],
        latency_p99=sums[_LATENCY] / completed if completed > 0 else None,
        in_flight=sums[_IN_FLIGHT] / seconds,
        requested_replicas=fleet.deployment.replicas if fleet.deployment else 0,
        pods=len(reserved),
        ready=len(fleet.ready),
        cpu_cores=sums[_CPU] / seconds,
        reserved_cores=sum(pod.cpu_request for pod in reserved),
        reserved_memory=sum(pod.memory_request for pod in reserved),
    )

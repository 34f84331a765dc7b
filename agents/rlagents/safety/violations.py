"""Whether a tick missed what the user asked for."""

from __future__ import annotations

from rlagents.safety import evidence
from rlagents.structs.signals import SignalName
from rlagents.structs.states import WorkloadState

FEWEST_REQUESTS = 20.0
"""A percentile or a share over fewer requests than these says nothing."""


def missed(state: WorkloadState) -> bool | None:
    """Whether an objective was missed over the rate window; None where nothing can be judged.

    Latency and errors count on at least `FEWEST_REQUESTS` requests. Saturation needs none, so a service with
    CPU alone can be judged.
    """
    verdicts = [*_of_requests(state), *_of_saturation(state)]
    return any(verdicts) if verdicts else None


def _of_requests(state: WorkloadState) -> list[bool]:
    objective, snapshot = state.objective, state.snapshot
    rate = snapshot[SignalName.THROUGHPUT_SMOOTH]
    if rate.value is None or rate.value * rate.window < FEWEST_REQUESTS:
        return []
    pairs = (
        (snapshot.value(SignalName.LATENCY_P99), objective.latency_target),
        (snapshot.value(SignalName.ERROR_RATE), objective.error_rate),
    )
    return [value > allowed for value, allowed in pairs if value is not None and allowed is not None]


def _of_saturation(state: WorkloadState) -> list[bool]:
    objective = state.objective
    pairs = (
        (evidence.utilization(state), objective.cpu_saturation),
        (state.snapshot.value(SignalName.THROTTLED), objective.throttled_saturation),
    )
    return [value > allowed for value, allowed in pairs if value is not None and allowed is not None]

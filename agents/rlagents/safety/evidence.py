"""What the measurements say for and against shrinking; read by guards and masks alike."""

from __future__ import annotations

import math

from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import Signal, SignalName
from rlagents.structs.states import WorkloadState

JUDGED = (
    SignalName.CPU,
    SignalName.THROUGHPUT,
    SignalName.LATENCY_P99,
    SignalName.ERROR_RATE,
    SignalName.QUEUE_DEPTH,
    SignalName.THROTTLED,
)
"""Signals that can show that a service has too few pods."""

DEFAULT_CPU_SATURATION = 0.9
"""Share of the limit, where the user names none."""

_DEMAND = (SignalName.CPU, SignalName.THROUGHPUT)


def against_shrinking(state: WorkloadState) -> tuple[str, ...]:
    """Names of the signals whose absence forbids shrinking.

    A signal nobody configured is a normal case and does not object, unless nothing is left that measures
    demand.
    """
    snapshot = state.snapshot
    missing = [
        name
        for name in JUDGED
        if _configured(snapshot[name]) and not snapshot[name].may_argue_for_shrinking()
    ]
    if not any(snapshot[name].may_argue_for_shrinking() for name in _DEMAND):
        missing += [name for name in _DEMAND if name not in missing]
    return tuple(missing)


def saturation(state: WorkloadState) -> str | None:
    """Why the ready pods do not serve the demand, as a sentence, or None where nothing says so."""
    objective, snapshot = state.objective, state.snapshot
    use = utilization(state)
    ceiling = objective.cpu_saturation or DEFAULT_CPU_SATURATION
    if use is not None and math.isinf(use):
        return "no pod is ready"
    if use is not None and use >= ceiling:
        return f"CPU at {use:.0%} of the ready pods' limit, {ceiling:.0%} allowed"
    latency, target = snapshot.value(objective.latency_signal), objective.latency_target
    if latency is not None and target is not None and latency > target:
        share = f"p{objective.latency_quantile * 100:g}"
        return f"{share} {latency * 1000:.0f} ms, target {target * 1000:.0f} ms"
    errors = snapshot.value(SignalName.ERROR_RATE)
    if errors is not None and objective.error_rate is not None and errors > objective.error_rate:
        return f"error rate {errors:.2%}, {objective.error_rate:.2%} allowed"
    throttled, allowed = snapshot.value(SignalName.THROTTLED), objective.throttled_saturation
    if throttled is not None and allowed is not None and throttled > allowed:
        return f"{throttled:.0%} of CPU periods throttled, {allowed:.0%} allowed"
    return None


def utilization(state: WorkloadState) -> float | None:
    """CPU in use as a share of the ready pods' limits; infinite with load and no ready pod."""
    cpu, limit, ready = state.snapshot.value(SignalName.CPU), state.cpu_limit, state.ready_replicas
    if cpu is None or limit is None:
        return None
    if ready == 0:
        return math.inf if cpu > 0 and state.current_replicas > 0 else 0.0
    return cpu / (ready * limit)


def pods_needed(state: WorkloadState, ceiling: float) -> int | None:
    """Fewest pods that keep the measured CPU under `ceiling` of their limits; None where that is unknown."""
    cpu, limit = state.snapshot.value(SignalName.CPU), state.cpu_limit
    if cpu is None or limit is None:
        return None
    # The tiny subtraction keeps float noise from asking for one pod more at an exact fit.
    return max(0, math.ceil(cpu / (limit * ceiling) - 1e-9))


def _configured(signal: Signal) -> bool:
    return signal.reason is not UnknownReason.NOT_CONFIGURED

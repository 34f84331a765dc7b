"""A simulated service as the cluster would show it: the same figures as `WorkloadState`.

For whatever reads one workload at a time: the exact HPA, the guards, a whole decider in the loop; and for
the tests that hold the arrays of the simulator and the states of the cluster to the same features and masks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rlagents.encoding import classical
from rlagents.simulation import admissions, measurements, populations, worlds
from rlagents.structs.objectives import Bounds, Objective
from rlagents.structs.pods import CPU, MEMORY, ConditionStatus, Container, Pod, PodPhase, PodSample
from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import MetricsSnapshot, Signal, SignalName
from rlagents.structs.states import Observation, WorkloadKey, WorkloadState

MILLI = 1000.0

_SIGNALS = (
    (SignalName.CPU, "cpu", None),
    (SignalName.THROUGHPUT, "throughput", None),
    (SignalName.MEMORY, "memory", "memory"),
    (SignalName.NETWORK_IO, "network", "network"),
    (SignalName.DISK_IO, "disk", "disk"),
    (SignalName.LATENCY_P50, "latency_p50", "latency"),
    (SignalName.LATENCY_P99, "latency_p99", "latency"),
    (SignalName.ERROR_RATE, "error_rate", "errors"),
    (SignalName.QUEUE_DEPTH, "queue_depth", "queue"),
)
"""Signal, field of the inputs, and the optional group that it belongs to."""

_WITHOUT_TRAFFIC = (SignalName.LATENCY_P50, SignalName.LATENCY_P99, SignalName.ERROR_RATE)


def states(world: worlds.World) -> tuple[WorkloadState, ...]:
    """One state for each service of the world."""
    shown = worlds.inputs(world)
    return tuple(_state(world, shown, row) for row in range(len(world.population)))


def _state(world: worlds.World, shown: classical.ClassicalInputs, row: int) -> WorkloadState:
    population = world.population
    now, interval = float(shown.now[row]), float(population.tick[row])
    target = float(population.latency_target[row])
    pods = tuple(_pods(world, row, now))
    return WorkloadState(
        key=WorkloadKey("simulation", f"service-{row}"),
        now=now,
        interval=interval,
        bounds=Bounds(int(population.min_replicas[row]), int(population.max_replicas[row])),
        objective=Objective(
            latency_target=None if np.isnan(target) else target,
            error_rate=float(population.error_target[row]),
            # The simulator judges a service without a latency target by its CPU.
            cpu_saturation=admissions.CPU_SATURATION if np.isnan(target) else None,
        ),
        current_replicas=int(shown.replicas[row]),
        observed_replicas=int(shown.replicas[row]),
        snapshot=MetricsSnapshot(
            {
                SignalName.THROUGHPUT_SMOOTH: _smooth_rate(world, row, now - interval),
                **dict(_signals(world, shown, row, now - interval)),
            }
        ),
        pods=pods,
        samples=_samples(pods, float(shown.cpu[row]), now - interval, interval),
        history=tuple(_history(world, row, now, interval)),
    )


def _pods(world: worlds.World, row: int, now: float) -> Iterator[Pod]:
    """Ready pods first, then those that start."""
    population = world.population
    milli = {
        CPU: round(float(np.asarray(population.parameters.cores_per_pod)[row]) * MILLI),
        MEMORY: round(float(population.memory_limit[row]) * MILLI),
    }
    container = Container("app", requests=milli, limits=milli)
    ready = int(world.fleet.ready[row])
    for number in range(int(world.fleet.replicas[row])):
        serves = number < ready
        since = float(population.started_at[row]) if serves else now
        yield Pod(
            name=f"service-{row}-{number}",
            phase=PodPhase.RUNNING,
            created_at=since,
            started_at=since,
            readiness=ConditionStatus.TRUE if serves else ConditionStatus.FALSE,
            readiness_changed_at=since,
            containers=(container,),
        )


def _signals(
    world: worlds.World, shown: classical.ClassicalInputs, row: int, taken_at: float
) -> Iterator[tuple[SignalName, Signal]]:
    idle = shown.throughput[row] == 0
    for name, field, group in _SIGNALS:
        value = float(getattr(shown, field)[row])
        column = None if group is None else populations.OPTIONAL_SIGNALS.index(group)
        if column is not None and not world.population.configured[row, column]:
            yield name, Signal.unknown(UnknownReason.NOT_CONFIGURED)
        elif column is not None and not world.known[row, column]:
            yield name, Signal.unknown(UnknownReason.STALE)
        elif idle and name in _WITHOUT_TRAFFIC:
            yield name, Signal.not_applicable(taken_at=taken_at)
        else:
            yield name, Signal.known(value, taken_at=taken_at)


def _smooth_rate(world: worlds.World, row: int, taken_at: float) -> Signal:
    window = float(measurements.rate_window(world.population)[row])
    return Signal.known(float(world.late.throughput_smooth[row]), taken_at=taken_at, window=window)


def _samples(pods: tuple[Pod, ...], cpu: float, taken_at: float, window: float) -> tuple[PodSample, ...]:
    """The measured cores, spread evenly over the pods that serve."""
    ready = [pod for pod in pods if pod.is_ready]
    usage = {"app": {CPU: round(cpu / max(len(ready), 1) * MILLI)}}
    return tuple(PodSample(pod.name, usage, taken_at, window) for pod in ready)


def _history(world: worlds.World, row: int, now: float, interval: float) -> Iterator[Observation]:
    past, window = world.past, float(measurements.rate_window(world.population)[row])
    for column in range(worlds.SEEN_TICKS):
        rate = float(past.throughput_smooth[row, column])
        if not np.isnan(rate):
            yield Observation(
                at=now + (column - worlds.SEEN_TICKS) * interval,
                cpu=_or_none(past.cpu[row, column]),
                latency_p99=_or_none(past.latency_p99[row, column]),
                throughput=None,
                error_rate=_or_none(past.error_rate[row, column]),
                requests=rate * window,
                window=window,
            )


def _or_none(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)

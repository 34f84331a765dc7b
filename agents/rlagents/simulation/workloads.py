"""A simulated service as the cluster would show it: the same figures as `WorkloadState`.

For whatever reads one workload at a time: the exact HPA, the guards, a whole decider in the loop; and for
the tests that hold the arrays of the simulator and the states of the cluster to the same features and masks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rlagents.encoding import classical
from rlagents.simulation import populations, worlds
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
        ),
        current_replicas=int(shown.replicas[row]),
        observed_replicas=int(shown.replicas[row]),
        snapshot=MetricsSnapshot(dict(_signals(world, shown, row, now - interval))),
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


def _samples(pods: tuple[Pod, ...], cpu: float, taken_at: float, window: float) -> tuple[PodSample, ...]:
    """The measured cores, spread evenly over the pods that serve."""
    ready = [pod for pod in pods if pod.is_ready]
    usage = {"app": {CPU: round(cpu / max(len(ready), 1) * MILLI)}}
    return tuple(PodSample(pod.name, usage, taken_at, window) for pod in ready)


def _history(world: worlds.World, row: int, now: float, interval: float) -> Iterator[Observation]:
    for back, (cpu, latency) in enumerate(
        zip(world.cpu_seen[row], world.latency_seen[row], strict=True), start=-classical.TREND_TICKS
    ):
        if not np.isnan(cpu):
            yield Observation(
                at=now + back * interval,
                cpu=float(cpu),
                latency_p99=None if np.isnan(latency) else float(latency),
                throughput=None,
            )

"""The classical encoder: 16 absolute features, as the literature on learned autoscaling has them.

Ten min-max scaled measurements, the clock as sine and cosine, and two trends through tanh. Cluster and
simulator share `encode` line for line: the cluster gathers its states into `ClassicalInputs`, the simulator
has its measurements in that form already.

The scales are absolute on purpose, because the recipe is. That is its weakness: two services of the same
need and different size look different to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from rlagents.encoding.schemas import EncodedState, Feature, FeatureSchema
from rlagents.structs.signals import SignalName, SignalState
from rlagents.structs.states import Observation, WorkloadState

FloatArray = NDArray[np.float64]

MEBIBYTE = 2.0**20
DEFAULT_LATENCY_TARGET = 0.5
"""Seconds, for services whose objective names none."""
TREND_TICKS = 4
"""A trend compares now with this many decision intervals ago."""
CPU_TREND_SCALE = 0.25
"""Change of the logarithm of all cores in use that makes tanh(1)."""
CPU_TREND_FLOOR = 0.05
"""Cores below which changes are not worth the name."""
DAY, WEEK = 86400.0, 604800.0
MONDAY = 3 * DAY
"""The epoch began on a Thursday."""

SCHEMA = FeatureSchema(
    name="classical",
    version=1,
    features=(
        Feature("cpu", 0.0, 1.0, "share of the ready pods' limit, of the request where there is none"),
        Feature("memory", 0.0, 1.0, "share of the living pods' limit, of the request where there is none"),
        Feature("network", 0.0, 64 * MEBIBYTE, "bytes per second, all pods"),
        Feature("disk", 0.0, 64 * MEBIBYTE, "bytes per second, all pods"),
        # Twice the target: meeting it or not lies in the middle of the range, and by how much shows.
        Feature("latency_p50", 0.0, 2.0, "latency targets"),
        Feature("latency_p99", 0.0, 2.0, "latency targets"),
        Feature("error_rate", 0.0, 0.1, "share of requests"),
        Feature("throughput", 0.0, 1000.0, "requests per second, all pods"),
        Feature("replicas", 0.0, 1.0, "share of maxReplicas"),
        Feature("pending_requests", 0.0, 200.0, "requests, all pods"),
        Feature("hour_sin", -1.0, 1.0, "UTC"),
        Feature("hour_cos", -1.0, 1.0, "UTC"),
        Feature("weekday_sin", -1.0, 1.0, "UTC"),
        Feature("weekday_cos", -1.0, 1.0, "UTC"),
        Feature("cpu_trend", -1.0, 1.0, "tanh of the change over four intervals"),
        Feature("latency_trend", -1.0, 1.0, "tanh of the change over four intervals"),
    ),
)
_SCALED = 10
"""The first features are min-max scaled; the others are bounded by what they are."""

_OPTIONAL = (
    SignalName.MEMORY,
    SignalName.NETWORK_IO,
    SignalName.DISK_IO,
    SignalName.LATENCY_P50,
    SignalName.LATENCY_P99,
    SignalName.ERROR_RATE,
    SignalName.QUEUE_DEPTH,
)
REQUIRED_SIGNALS = (SignalName.CPU, SignalName.THROUGHPUT)
"""Without these the network sees no demand; `replicas` comes from the API server and is always there."""
REQUIRED_FEATURES = ("cpu", "throughput", "replicas")


@dataclass(frozen=True, slots=True)
class ClassicalInputs:
    """A batch in the world's units, arrays [batch]; NaN is unknown, not applicable is 0."""

    cpu: FloatArray
    """Cores, over all pods."""
    memory: FloatArray
    """Bytes, over all pods."""
    network: FloatArray
    disk: FloatArray
    latency_p50: FloatArray
    latency_p99: FloatArray
    error_rate: FloatArray
    throughput: FloatArray
    queue_depth: FloatArray
    replicas: FloatArray
    """As requested."""
    ready: FloatArray
    """Pods that take traffic."""
    living: FloatArray
    """Pods that exist and are not being deleted."""
    max_replicas: FloatArray
    cpu_limit: FloatArray
    """Cores a pod may use."""
    memory_limit: FloatArray
    """Bytes a pod may use."""
    latency_target: FloatArray
    """Seconds; NaN where none was asked for."""
    now: FloatArray
    """Seconds since the epoch."""
    cpu_before: FloatArray
    """`cpu` four intervals ago."""
    latency_before: FloatArray
    """`latency_p99` four intervals ago."""


def encode(inputs: ClassicalInputs) -> EncodedState:
    """The 16 features of a batch: the one place where their arithmetic is."""
    target = np.where(np.isnan(inputs.latency_target), DEFAULT_LATENCY_TARGET, inputs.latency_target)
    columns = [
        _share(inputs.cpu, inputs.ready * inputs.cpu_limit),
        _share(inputs.memory, inputs.living * inputs.memory_limit),
        inputs.network,
        inputs.disk,
        inputs.latency_p50 / target,
        inputs.latency_p99 / target,
        inputs.error_rate,
        inputs.throughput,
        _share(inputs.replicas, inputs.max_replicas),
        inputs.queue_depth,
        *_clock(inputs.now),
        _cpu_trend(inputs.cpu, inputs.cpu_before),
        np.tanh((inputs.latency_p99 - inputs.latency_before) / target),
    ]
    raw = np.stack(columns, axis=-1)
    raw[:, :_SCALED] = np.clip((raw[:, :_SCALED] - _LOW) / (_HIGH - _LOW), 0.0, 1.0)
    return EncodedState(raw.astype(np.float32), np.isfinite(raw), SCHEMA.key)


def encode_states(states: Sequence[WorkloadState]) -> EncodedState:
    """The 16 features of a batch of workloads."""
    return encode(gather(states))


def gather(states: Sequence[WorkloadState]) -> ClassicalInputs:
    """A batch of workloads as arrays, in the world's units."""
    rows = [_row(state) for state in states]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(fields(ClassicalInputs)))
    return ClassicalInputs(*table.T)


_LOW = np.array([feature.low for feature in SCHEMA.features[:_SCALED]])
_HIGH = np.array([feature.high for feature in SCHEMA.features[:_SCALED]])


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """`part / whole`, unknown where there is no whole."""
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0))


def _clock(now: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    hour = 2.0 * np.pi * np.mod(now, DAY) / DAY
    weekday = 2.0 * np.pi * np.mod(now + MONDAY, WEEK) / WEEK
    return np.sin(hour), np.cos(hour), np.sin(weekday), np.cos(weekday)


def _cpu_trend(cpu: FloatArray, before: FloatArray) -> FloatArray:
    """Relative, because it is demand that grows; cores over all pods, because scaling does not move them."""
    change = np.log((cpu + CPU_TREND_FLOOR) / (before + CPU_TREND_FLOOR))
    return np.asarray(np.tanh(change / CPU_TREND_SCALE))


def _row(state: WorkloadState) -> list[float]:
    before = _observed_before(state.history, state.now, state.interval)
    values = {name: _value(state, name) for name in (*REQUIRED_SIGNALS, *_OPTIONAL)}
    return [
        values[SignalName.CPU],
        values[SignalName.MEMORY],
        values[SignalName.NETWORK_IO],
        values[SignalName.DISK_IO],
        values[SignalName.LATENCY_P50],
        values[SignalName.LATENCY_P99],
        values[SignalName.ERROR_RATE],
        values[SignalName.THROUGHPUT],
        values[SignalName.QUEUE_DEPTH],
        float(state.current_replicas),
        float(state.ready_replicas),
        float(sum(pod.is_living for pod in state.pods)),
        float(state.bounds.max_replicas),
        _or_nan(state.cpu_limit),
        _or_nan(state.memory_limit),
        _or_nan(state.objective.latency_target),
        state.now,
        _or_nan(before.cpu if before else None),
        _or_nan(before.latency_p99 if before else None),
    ]


def _value(state: WorkloadState, name: SignalName) -> float:
    signal = state.snapshot[name]
    return 0.0 if signal.state is SignalState.NOT_APPLICABLE else _or_nan(signal.value)


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _observed_before(history: Iterable[Observation], now: float, interval: float) -> Observation | None:
    """What was seen `TREND_TICKS` ago, to half an interval; None where nobody looked then."""
    moment = now - TREND_TICKS * interval
    close = [seen for seen in history if abs(seen.at - moment) <= 0.5 * interval]
    return min(close, key=lambda seen: abs(seen.at - moment), default=None)

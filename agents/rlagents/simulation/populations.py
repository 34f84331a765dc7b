"""Services drawn at random, so that a policy learns none of them by heart (domain randomisation)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlagents.simulation import services, traffic

FloatArray = NDArray[np.float64]
Range = tuple[float, float]

MEBIBYTE = 2.0**20

OPTIONAL_SIGNALS = ("memory", "network", "disk", "latency", "errors", "queue")
"""What a service may lack; the order of `Services.configured`."""


@dataclass(frozen=True, slots=True)
class PopulationSettings:
    """Ranges that services are drawn from; wider ones make a more general and less exact policy."""

    cores_per_pod: Range = (0.5, 2.0)
    peak_rate: Range = (30.0, 900.0)
    """Requests a second at the highest."""
    peak_pods: Range = (0.5, 14.0)
    """Pods that the peak keeps fully busy."""
    cpu_per_request: Range = (0.002, 0.08)
    """Seconds; wins over `peak_pods` where both cannot be had."""
    quiet_share: Range = (0.03, 0.5)
    """Lowest rate as a share of the highest."""
    room: Range = (1.3, 6.0)
    """maxReplicas as a multiple of the pods that the peak keeps fully busy; between 4 and 50."""
    start_ticks: Range = (1.0, 4.0)
    """Decision intervals until a new pod serves."""
    period_ticks: Range = (80.0, 480.0)
    latency_target: Range = (0.1, 0.5)
    """Seconds."""
    latency_slack: Range = (1.5, 4.0)
    """Target as a multiple of the unloaded 99th percentile, before `latency_target` clips it."""
    tick_seconds: tuple[float, ...] = (1.0, 5.0, 15.0)
    """Lengths of a decision interval."""
    without_latency_target: float = 0.1
    """Share of services judged by saturation and errors alone."""
    complete_signals: float = 0.5
    """Share of services that have every optional signal."""
    missing_signal: float = 0.25
    """Chance of each optional signal to be missing in the others."""
    gap: float = 0.01
    """Chance that optional signals that exist are missing for one tick."""


@dataclass(frozen=True, slots=True)
class Services:
    """N services; arrays [N] unless said otherwise."""

    parameters: services.ServiceParameters
    traffic: traffic.TrafficParameters
    """Durations in ticks."""
    tick: FloatArray
    """Seconds."""
    start_ticks: FloatArray
    """Mean, of one launch."""
    min_replicas: FloatArray
    max_replicas: FloatArray
    latency_target: FloatArray
    """Seconds at the 99th percentile; NaN where none is asked for."""
    error_target: FloatArray
    """Share of requests."""
    memory_limit: FloatArray
    """Bytes a pod."""
    started_at: FloatArray
    """Seconds since the epoch at tick 0."""
    configured: NDArray[np.bool_]
    """Shape [N, 6]: which of `OPTIONAL_SIGNALS` exist."""
    gap: FloatArray
    """Chance that one of them is missing for a tick."""
    noise: FloatArray
    """Standard deviation of the logarithm of a measured value."""
    smoothing: FloatArray
    """Weight of the newest value in a rate window's mean, 0 to 1."""

    def __len__(self) -> int:
        return len(self.tick)

    def pods_at_full_use(self, rate: FloatArray) -> FloatArray:
        """Pods that a rate would keep fully busy."""
        return np.asarray(rate / services.capacity(self.parameters, 1.0))


def draw(generator: np.random.Generator, count: int, settings: PopulationSettings | None = None) -> Services:
    """`count` services."""
    ranges = settings or PopulationSettings()
    # In whole milli-cores and bytes, as a cluster has them.
    cores = np.round(_log_uniform(generator, ranges.cores_per_pod, count), 2)
    peak = _log_uniform(generator, ranges.peak_rate, count)
    cpu = np.clip(_log_uniform(generator, ranges.peak_pods, count) * cores / peak, *ranges.cpu_per_request)
    # Where the lower end of cpu_per_request won, fewer requests keep the peak within peak_pods.
    peak = np.minimum(peak, ranges.peak_pods[1] * cores / cpu)
    parameters = _parameters(generator, count, cpu, cores)
    min_replicas = np.where(generator.random(count) < 0.8, 1.0, 2.0)
    room = _log_uniform(generator, ranges.room, count)
    return Services(
        parameters=parameters,
        traffic=_traffic(generator, count, peak, ranges),
        tick=generator.choice(ranges.tick_seconds, count),
        start_ticks=_log_uniform(generator, ranges.start_ticks, count),
        min_replicas=min_replicas,
        max_replicas=np.clip(np.ceil(peak * cpu / cores * room), 4.0, 50.0),
        latency_target=_latency_target(generator, count, parameters, ranges),
        error_target=np.full(count, 0.01),
        memory_limit=np.round(np.asarray(parameters.memory_base) * generator.uniform(1.5, 4.0, count)),
        started_at=generator.uniform(0.0, 52 * 604800.0, count),
        configured=_configured(generator, count, ranges),
        gap=np.full(count, ranges.gap),
        noise=_log_uniform(generator, (0.01, 0.06), count),
        smoothing=generator.uniform(0.4, 1.0, count),
    )


def _parameters(
    generator: np.random.Generator, count: int, cpu: FloatArray, cores: FloatArray
) -> services.ServiceParameters:
    return services.ServiceParameters(
        cpu_per_request=cpu,
        cpu_variability=generator.uniform(0.1, 2.0, count),
        cores_per_pod=cores,
        base_latency=_log_uniform(generator, (0.002, 0.04), count),
        timeout=generator.uniform(3.0, 20.0, count),
        base_error_rate=np.where(generator.random(count) < 0.7, 0.0, generator.uniform(0.0, 0.005, count)),
        memory_base=_log_uniform(generator, (64 * MEBIBYTE, 400 * MEBIBYTE), count),
        memory_per_request=_log_uniform(generator, (0.05 * MEBIBYTE, 1.0 * MEBIBYTE), count),
        bytes_per_request=_log_uniform(generator, (1e3, 200e3), count),
        disk_per_request=np.where(generator.random(count) < 0.5, 0.0, generator.uniform(0.0, 100e3, count)),
        cpu_idle=cores * generator.uniform(0.0, 0.02, count),
    )


def _traffic(
    generator: np.random.Generator, count: int, peak: FloatArray, ranges: PopulationSettings
) -> traffic.TrafficParameters:
    period = _log_uniform(generator, ranges.period_ticks, count)
    return traffic.TrafficParameters(
        pattern=generator.integers(len(traffic.PATTERNS), size=count),
        low=peak * _log_uniform(generator, ranges.quiet_share, count),
        high=peak,
        period=period,
        burst=np.maximum(period * generator.uniform(0.08, 0.3, count), 6.0),
        noise=_log_uniform(generator, (0.01, 0.1), count),
        noise_period=_log_uniform(generator, (2.0, 20.0), count),
        phase=generator.random(count),
        seed=generator.integers(2**31, size=count),
    )


def _latency_target(
    generator: np.random.Generator,
    count: int,
    parameters: services.ServiceParameters,
    ranges: PopulationSettings,
) -> FloatArray:
    unloaded = services.latency_distribution(
        parameters, arrival_rate=np.zeros(count), ready_pods=np.ones(count), backlog=np.zeros(count)
    ).quantile(0.99)
    target = np.clip(unloaded * generator.uniform(*ranges.latency_slack, count), *ranges.latency_target)
    # A target below what an idle service takes can be met by no size.
    target = np.maximum(target, 1.3 * unloaded)
    return np.where(generator.random(count) < ranges.without_latency_target, np.nan, target)


def _configured(generator: np.random.Generator, count: int, ranges: PopulationSettings) -> NDArray[np.bool_]:
    there = generator.random((count, len(OPTIONAL_SIGNALS))) >= ranges.missing_signal
    return there | (generator.random((count, 1)) < ranges.complete_signals)


def _log_uniform(generator: np.random.Generator, ends: Range, count: int) -> FloatArray:
    return np.exp(generator.uniform(np.log(ends[0]), np.log(ends[1]), count))

"""What monitoring makes of a service: noisy, averaged over a rate window, one scrape late, with gaps."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from rlagents.simulation import services
from rlagents.simulation.fleets import Fleet
from rlagents.simulation.populations import OPTIONAL_SIGNALS, Services

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measurements:
    """The signals of N services, arrays [N] in the world's units; not applicable is 0, unknown NaN."""

    cpu: FloatArray
    memory: FloatArray
    network: FloatArray
    disk: FloatArray
    latency_p50: FloatArray
    latency_p99: FloatArray
    error_rate: FloatArray
    throughput: FloatArray
    throughput_smooth: FloatArray
    queue_depth: FloatArray


_OF_A_RATE_WINDOW = (
    "cpu",
    "network",
    "disk",
    "latency_p50",
    "latency_p99",
    "error_rate",
    "throughput_smooth",
)
"""The others are instants: throughput is read by `irate`, memory and queue are gauges."""
_OF_REQUESTS = ("latency_p50", "latency_p99", "error_rate")
_GROUP_OF = {
    "memory": "memory",
    "network": "network",
    "disk": "disk",
    "latency_p50": "latency",
    "latency_p99": "latency",
    "error_rate": "errors",
    "queue_depth": "queue",
}


def error_rate(outcome: services.ServiceOutcome) -> FloatArray:
    """Share of a tick's answers that were errors; 0 where nothing was answered."""
    answered = np.asarray(outcome.completed + outcome.failed)
    share = np.divide(outcome.failed, answered, out=np.zeros(answered.shape), where=answered > 0)
    return np.asarray(np.clip(share, 0.0, 1.0))


def measure(
    population: Services,
    fleet: Fleet,
    outcome: services.ServiceOutcome,
    latency_p99: FloatArray,
    generator: np.random.Generator,
) -> Measurements:
    """One tick as monitoring sees it; the true 99th percentile is handed in, as it is dear to compute."""
    parameters = population.parameters

    def noisy(value: FloatArray) -> FloatArray:
        return np.asarray(value * np.exp(population.noise * generator.standard_normal(len(population))))

    return Measurements(
        cpu=noisy(outcome.cpu_cores),
        memory=noisy(outcome.memory_per_pod * fleet.ready + parameters.memory_base * fleet.starting.sum(-1)),
        network=noisy(outcome.network_rate),
        disk=noisy(outcome.disk_rate),
        latency_p50=noisy(_taken(outcome, services.latency_quantile(outcome, 0.5), parameters.timeout)),
        latency_p99=noisy(_taken(outcome, latency_p99, parameters.timeout)),
        error_rate=error_rate(outcome),
        throughput=(rate := noisy(np.maximum(outcome.completed + outcome.failed, 0.0) / population.tick)),
        throughput_smooth=rate,
        queue_depth=noisy(outcome.in_flight),
    )


def _taken(outcome: services.ServiceOutcome, latency: FloatArray, timeout: services.Quantity) -> FloatArray:
    """Where nothing was completed, requests that timed out took the time-out, and none took no time."""
    return np.where(np.isnan(latency), np.where(outcome.failed > 0, timeout, 0.0), latency)


def averaged(before: Measurements, new: Measurements, weight: FloatArray) -> Measurements:
    """Rates and ratios as a window's mean, in which the newest tick has `weight`; instants as they are."""
    return Measurements(
        **{
            field.name: getattr(before, field.name)
            + (weight if field.name in _OF_A_RATE_WINDOW else 1.0)
            * (getattr(new, field.name) - getattr(before, field.name))
            for field in fields(Measurements)
        }
    )


def rate_window(population: Services) -> FloatArray:
    """Seconds of the window whose mean varies as much as that of `averaged`."""
    return np.asarray(population.tick * (2.0 - population.smoothing) / population.smoothing)


def shown(measurements: Measurements, known: NDArray[np.bool_]) -> Measurements:
    """What can be read now: NaN where `known` (shape [N, 6], as `OPTIONAL_SIGNALS`) is False.

    Without throughput now, latency and errors are not applicable, whatever their window still holds.
    """
    idle = measurements.throughput == 0

    def seen(name: str) -> FloatArray:
        value: FloatArray = getattr(measurements, name)
        if name not in _GROUP_OF:
            return value
        if name in _OF_REQUESTS:
            value = np.where(idle, 0.0, value)
        return np.where(known[:, OPTIONAL_SIGNALS.index(_GROUP_OF[name])], value, np.nan)

    return Measurements(**{field.name: seen(field.name) for field in fields(Measurements)})

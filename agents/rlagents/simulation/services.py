"""One service under load: what of the offered requests is answered, how fast, and what it costs.

Two time scales, added. Within a step requests meet a stationary pooled queue (Sakasegawa's waiting
probability, with the square-root loss that a plain load balancer costs against an ideal shared queue);
across steps the work that capacity could not serve is a fluid backlog whose requests give up after
`timeout` on average (the fluid limit of Erlang-A, solved exactly, so that fifteen steps of one second and
one of fifteen agree).

Every field is a number or an array `[N]`, one entry a service; numpy's broadcasting does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from rlagents.simulation.latencies import FloatArray, LatencyDistribution, service_parts

Quantity: TypeAlias = float | FloatArray

POOLING = 0.6
"""n pods behind a plain load balancer wait like n**POOLING servers behind one queue."""
HIGHEST_STATIONARY_LOAD = 0.97
"""Stationary formulas have no meaning at 1; beyond this load the backlog tells the delay."""
CFS_PERIOD = 0.1
"""Seconds; after `limit x period` of CPU time a container stands still until the next period begins."""
THROTTLING_EXPONENT = 3.0
"""Share of throttled periods is utilisation to this power, after a stepped simulation of eight threads."""


@dataclass(frozen=True, slots=True)
class ServiceParameters:
    """What a service is, whatever its load."""

    cpu_per_request: Quantity
    """CPU seconds a request costs, on average."""
    cpu_variability: Quantity
    """Squared coefficient of variation of that."""
    cores_per_pod: Quantity
    """CPU limit; a pod serves at most `cores_per_pod / cpu_per_request` requests a second."""
    base_latency: Quantity = 0.005
    """Seconds a request takes besides CPU."""
    timeout: Quantity = 10.0
    """Seconds after which a waiting request is answered with an error (on average; some are less patient)."""
    base_error_rate: Quantity = 0.0
    """Share of requests that fail whatever the load."""
    memory_base: Quantity = 64.0 * 2**20
    """Bytes of a pod at rest."""
    memory_per_request: Quantity = 2.0**20
    """Bytes for each request in flight in a pod."""
    bytes_per_request: Quantity = 8192.0
    """Over the network, in and out."""
    disk_per_request: Quantity = 0.0
    """Bytes read and written."""
    cpu_idle: Quantity = 0.0
    """Cores a pod burns without any request."""


@dataclass(frozen=True, slots=True)
class ServiceLoad:
    """What carries over from one step to the next."""

    backlog: Quantity = 0.0
    """Requests that wait because capacity did not suffice."""


@dataclass(frozen=True, slots=True)
class ServiceOutcome:
    """What one step of `seconds` came to. Requests are a fluid: fractions are meant."""

    seconds: Quantity
    offered: FloatArray
    completed: FloatArray
    """Answered without an error."""
    failed: FloatArray
    """Timed out, or failed anyway."""
    cpu_cores: FloatArray
    """Mean cores in use, over all pods."""
    utilization: FloatArray
    """Share of all ready pods' limits, 0 to 1; 0 without pods."""
    throttled: FloatArray
    """Share of CFS periods, 0 to 1."""
    in_flight: FloatArray
    """Mean number of requests accepted and not answered, over all pods."""
    memory_per_pod: FloatArray
    network_rate: FloatArray
    """Bytes per second, over all pods."""
    disk_rate: FloatArray
    latency: LatencyDistribution


def capacity(parameters: ServiceParameters, ready_pods: ArrayLike) -> FloatArray:
    """Requests a second that so many ready pods can serve."""
    ready = np.asarray(ready_pods, dtype=np.float64)
    return np.asarray(ready * parameters.cores_per_pod / parameters.cpu_per_request)


def step(
    parameters: ServiceParameters,
    load: ServiceLoad,
    *,
    arrival_rate: ArrayLike,
    ready_pods: ArrayLike,
    seconds: Quantity,
    generator: np.random.Generator | None = None,
) -> tuple[ServiceLoad, ServiceOutcome]:
    """Let `seconds` pass.

    `arrival_rate` is in requests a second; with a generator the number of arrivals is drawn (Poisson),
    without one it is the mean. Requests are conserved: backlog before + offered = completed + failed +
    backlog after. With no ready pod everything waits and then times out.
    """
    rate = np.asarray(arrival_rate, dtype=np.float64)
    ready = np.asarray(ready_pods, dtype=np.float64)
    before = np.asarray(load.backlog, dtype=np.float64)
    service_rate = capacity(parameters, ready)
    offered = np.asarray(rate * seconds if generator is None else generator.poisson(rate * seconds), float)
    served, after = _serve(before, offered / seconds, service_rate, parameters.timeout, seconds)
    timed_out = np.maximum(before + offered - served - after, 0.0)
    completed = served * (1.0 - np.asarray(parameters.base_error_rate))
    failed = before + offered - after - completed
    # Whoever waits gives up at the rate 1/timeout, so those who did tell the mean backlog.
    waiting = timed_out * parameters.timeout / seconds
    latency = latency_distribution(parameters, arrival_rate=rate, ready_pods=ready, backlog=waiting)
    outcome = _outcome(parameters, ready, seconds, offered, served, completed, failed, waiting, latency)
    return ServiceLoad(after), outcome


def latency_distribution(
    parameters: ServiceParameters, *, arrival_rate: ArrayLike, ready_pods: ArrayLike, backlog: ArrayLike
) -> LatencyDistribution:
    """Sojourn times of requests that find so many pods under this load, behind this backlog."""
    rate = np.asarray(arrival_rate, dtype=np.float64)
    pods = np.maximum(np.asarray(ready_pods, dtype=np.float64), 1.0)
    cores = np.asarray(parameters.cores_per_pod, dtype=np.float64)
    cpu = np.asarray(parameters.cpu_per_request, dtype=np.float64)
    service_rate = capacity(parameters, pods)
    busy = np.minimum(rate / service_rate, HIGHEST_STATIONARY_LOAD)
    servers = np.maximum(cores, 1.0) * pods**POOLING
    variability = np.asarray(parameters.cpu_variability, dtype=np.float64)
    wait_probability = busy ** (np.sqrt(2.0 * (servers + 1.0)) - 1.0)
    turn = cpu / np.minimum(cores, 1.0)
    wait_mean = turn * (1.0 + variability) / 2.0 / (servers * (1.0 - busy))
    constant, probability, exponential = service_parts(_service_time(cpu, cores), variability)
    # Two equal means have no difference to divide by; a part in ten thousand of distance changes nothing.
    close = np.abs(wait_mean - exponential) < 1e-4 * exponential
    delay = _delay(np.asarray(backlog, dtype=np.float64), service_rate, parameters.timeout)
    shape = np.broadcast_shapes(np.shape(busy), np.shape(probability), np.shape(delay))
    return LatencyDistribution(
        constant=np.broadcast_to(parameters.base_latency + constant, shape),
        delay=np.broadcast_to(delay, shape),
        service_probability=np.broadcast_to(probability, shape),
        service_mean=np.broadcast_to(exponential, shape),
        wait_probability=np.broadcast_to(wait_probability, shape),
        wait_mean=np.broadcast_to(np.where(close, exponential * 1.0001, wait_mean), shape),
        limit=np.broadcast_to(np.asarray(parameters.timeout, dtype=np.float64), shape),
    )


def latency_quantile(outcome: ServiceOutcome, q: float) -> FloatArray:
    """Seconds at quantile `q` of the step's completed requests; NaN where none was completed."""
    return np.where(outcome.completed > 0, outcome.latency.quantile(q), np.nan)


def latency_cdf(outcome: ServiceOutcome, edges: ArrayLike) -> FloatArray:
    """Share of the step's completed requests at or below each edge (seconds), one more axis than the fields.

    Multiplied by `completed` it fills the buckets of a histogram, also where nothing was completed.
    """
    return outcome.latency.cdf(edges)


def _serve(
    backlog: FloatArray, rate: FloatArray, service_rate: FloatArray, timeout: Quantity, seconds: Quantity
) -> tuple[FloatArray, FloatArray]:
    """Requests served in the step, and the backlog after it.

    Solves q' = rate - service_rate - q/timeout while there is a backlog; once it is gone, whatever comes is
    served as it comes.
    """
    patience = np.asarray(timeout, dtype=np.float64)
    settles_at = (rate - service_rate) * patience
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        empty_after = np.where(settles_at < 0, patience * np.log1p(backlog / -settles_at), np.inf)
    busy = np.minimum(empty_after, seconds)
    decay = np.exp(-seconds / patience)
    after = np.where(empty_after > seconds, np.maximum(settles_at + (backlog - settles_at) * decay, 0.0), 0.0)
    most = np.maximum(backlog + rate * seconds - after, 0.0)
    served = np.minimum(service_rate * busy + np.minimum(rate, service_rate) * (seconds - busy), most)
    return served, after


def _delay(backlog: FloatArray, service_rate: FloatArray, timeout: Quantity) -> FloatArray:
    """Seconds until the requests ahead are served or gone: q' = -service_rate - q/timeout down to 0."""
    patience = np.asarray(timeout, dtype=np.float64)
    return np.asarray(np.minimum(patience * np.log1p(backlog / (service_rate * patience)), patience))


def _service_time(cpu: FloatArray, cores: FloatArray) -> FloatArray:
    """Seconds a request needs when nobody else is there.

    Below one core it runs at full speed until the quota of the CFS period is used and then stands still, so
    only what exceeds one quota is stretched.
    """
    share = np.minimum(cores, 1.0)
    return cpu + np.maximum(cpu - share * CFS_PERIOD, 0.0) * (1.0 - share) / share


def _outcome(
    parameters: ServiceParameters,
    ready: FloatArray,
    seconds: Quantity,
    offered: FloatArray,
    served: FloatArray,
    completed: FloatArray,
    failed: FloatArray,
    waiting: FloatArray,
    latency: LatencyDistribution,
) -> ServiceOutcome:
    limit = np.asarray(ready * parameters.cores_per_pod)
    used = served / seconds * parameters.cpu_per_request + ready * parameters.cpu_idle
    cores = np.minimum(used, limit)
    utilization = np.divide(cores, limit, out=np.zeros(np.shape(cores)), where=limit > 0)
    # Those behind the backlog as they stand, the others by Little's law.
    in_flight = waiting + served / seconds * latency.stationary_mean()
    per_pod = in_flight / np.maximum(ready, 1.0)
    answered = (completed + failed) / seconds
    return ServiceOutcome(
        seconds=seconds,
        offered=offered,
        completed=completed,
        failed=failed,
        cpu_cores=cores,
        utilization=utilization,
        throttled=utilization**THROTTLING_EXPONENT,
        in_flight=in_flight,
        memory_per_pod=parameters.memory_base + parameters.memory_per_request * per_pod,
        network_rate=np.asarray(answered * parameters.bytes_per_request),
        disk_rate=np.asarray(answered * parameters.disk_per_request),
        latency=latency,
    )

"""All services' load, step by step: traffic meets the pods that are ready, and counters go up.

Knows no API server and no clock; the driver brings pods and time. One step serves any number of services.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from rlagents.simulation.services import (
    CFS_PERIOD,
    ServiceLoad,
    ServiceOutcome,
    ServiceParameters,
    latency_cdf,
    step,
)
from rlagents.structs.states import WorkloadKey
from rlautoscaler.sandbox.counters import (
    BOUNDS,
    COMPLETED_BUCKETS,
    FAILED_BUCKETS,
    WIDTH,
    Counters,
    Figure,
    FloatArray,
)
from rlautoscaler.sandbox.pods import Fleet, PodView
from rlautoscaler.sandbox.records import Record
from rlautoscaler.sandbox.services import SandboxService
from rlautoscaler.sandbox.tallies import Tally

KEPT_RECORDS = 7200
"""For each service; two hours at one a second."""

_RECEIVED_SHARE = 0.2
"""Of a service's traffic: requests are small beside their answers."""


@dataclass(frozen=True, slots=True)
class RunningPod:
    """A pod whose containers run, with its gauges."""

    service: SandboxService
    pod: PodView
    memory: float
    """Bytes of working set."""
    in_flight: float

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.service.namespace, self.pod.name


class Loads:
    """State of all services.

    Args:
        services: which; their order is kept everywhere.
        generator: draws arrivals and the counters' starts.
        is_fluid: whether as many requests arrive as the pattern says on average, so that services of one
            pattern meet the same traffic; else their number is drawn (Poisson).

    """

    def __init__(
        self,
        services: Sequence[SandboxService],
        generator: np.random.Generator,
        *,
        is_fluid: bool = False,
    ) -> None:
        self.services = tuple(services)
        self.fleets: tuple[Fleet, ...] = tuple(Fleet() for _ in services)
        self.running: tuple[RunningPod, ...] = ()
        self.in_flight: list[float] = [0.0 for _ in services]
        """Requests accepted and not answered, by service."""
        self.now = 0.0
        """End of the last step, since the epoch."""
        self.by_pod = Counters(generator)
        self.by_service = Counters(generator)
        self.records: Mapping[WorkloadKey, deque[Record]] = {
            service.key: deque(maxlen=KEPT_RECORDS) for service in services
        }
        self._arrivals = None if is_fluid else generator
        self._parameters = _stacked([service.parameters for service in services])
        self._load = ServiceLoad(np.zeros(len(self.services)))
        self._tally = Tally(len(self.services))
        self.by_service.keep(service.key for service in services)

    def advance(self, fleets: Sequence[Fleet], *, now: float, elapsed: float, seconds: float) -> None:
        """Let `seconds` pass.

        Args:
            fleets: one for each service, as they were during the step.
            now: end of the step, since the epoch.
            elapsed: end of the step, since the traffic began; the patterns' time.
            seconds: length of the step.

        """
        self.fleets = tuple(fleets)
        ready = np.array([len(fleet.ready) for fleet in fleets], dtype=np.float64)
        moment = elapsed - seconds / 2
        rates = np.array([service.pattern(moment) for service in self.services], dtype=np.float64)
        parameters = replace(self._parameters, cores_per_pod=self._cores_per_pod(fleets))
        self.now = now
        self._load, outcome = step(
            parameters,
            self._load,
            arrival_rate=rates,
            ready_pods=ready,
            seconds=seconds,
            generator=self._arrivals,
        )
        amounts = _amounts(parameters, outcome, ready)
        self.in_flight = outcome.in_flight.tolist()
        self.running = self._running_pods(outcome, ready)
        self._count(amounts, ready, seconds)
        self._tally.add(outcome)

    def record(self) -> None:
        """Write down what came of the steps since the last record."""
        for service, record in zip(self.services, self._tally.records(self.fleets, self.now), strict=True):
            self.records[service.key].append(record)
        self._tally = Tally(len(self.services))

    def _cores_per_pod(self, fleets: Sequence[Fleet]) -> FloatArray:
        """Mean over the ready pods, which may differ while they are resized."""
        usual = np.asarray(self._parameters.cores_per_pod, dtype=np.float64)
        cores = [
            np.mean([pod.cpu_limit or given for pod in fleet.ready] or [given])
            for fleet, given in zip(fleets, usual.tolist(), strict=True)
        ]
        return np.array(cores, dtype=np.float64)

    def _running_pods(self, outcome: ServiceOutcome, ready: FloatArray) -> tuple[RunningPod, ...]:
        busy = np.broadcast_to(outcome.memory_per_pod, ready.shape).tolist()
        idle = np.broadcast_to(self._parameters.memory_base, ready.shape).tolist()
        shares = (outcome.in_flight / np.maximum(ready, 1.0)).tolist()
        return tuple(
            RunningPod(
                service=service,
                pod=pod,
                memory=busy[index] if pod.is_ready else idle[index],
                in_flight=shares[index] if pod.is_ready else 0.0,
            )
            for index, (service, fleet) in enumerate(zip(self.services, self.fleets, strict=True))
            for pod in fleet.pods
            if pod.is_running
        )

    def _count(self, amounts: FloatArray, ready: FloatArray, seconds: float) -> None:
        """Each service's amounts, split evenly over its ready pods; others only burn what idling costs."""
        self.by_service.add([service.key for service in self.services], amounts)
        keys = [running.key for running in self.running]
        self.by_pod.keep(keys)
        if not keys:
            return
        position = {service.key: index for index, service in enumerate(self.services)}
        owner = np.array([position[running.service.key] for running in self.running], dtype=np.intp)
        takes_traffic = np.array([running.pod.is_ready for running in self.running])
        shares = (amounts / np.maximum(ready, 1.0)[:, None])[owner] * takes_traffic[:, None]
        idle = np.broadcast_to(self._parameters.cpu_idle, ready.shape)[owner] * seconds
        shares[:, Figure.CPU_SECONDS] = np.where(takes_traffic, shares[:, Figure.CPU_SECONDS], idle)
        shares[:, Figure.CFS_PERIODS] = seconds / CFS_PERIOD
        self.by_pod.add(keys, shares)


def _stacked(parameters: Sequence[ServiceParameters]) -> ServiceParameters:
    """Parameters of many services as arrays `[N]`."""
    columns = {
        field.name: np.array([getattr(one, field.name) for one in parameters], dtype=np.float64)
        for field in fields(ServiceParameters)
    }
    return ServiceParameters(**columns)


def _amounts(parameters: ServiceParameters, outcome: ServiceOutcome, ready: FloatArray) -> FloatArray:
    """What a step adds to each service's counters, over all its pods, `[N, WIDTH]`."""
    latency = outcome.latency
    mean = np.minimum(latency.stationary_mean() + latency.delay, latency.limit)
    # Errors that have nothing to do with the load come as fast as other answers; the rest has timed out.
    share = np.minimum(np.asarray(parameters.base_error_rate), 0.999999)
    answered = np.minimum(outcome.completed * share / (1.0 - share), outcome.failed)
    timed_out = outcome.failed - answered
    below = latency_cdf(outcome, BOUNDS)
    amounts = np.zeros((len(outcome.offered), WIDTH))
    amounts[:, Figure.COMPLETED] = outcome.completed
    amounts[:, Figure.FAILED] = outcome.failed
    amounts[:, Figure.COMPLETED_SECONDS] = outcome.completed * mean
    amounts[:, Figure.FAILED_SECONDS] = answered * mean + timed_out * parameters.timeout
    amounts[:, Figure.CPU_SECONDS] = outcome.cpu_cores * outcome.seconds
    amounts[:, Figure.CFS_PERIODS] = ready * outcome.seconds / CFS_PERIOD
    amounts[:, Figure.THROTTLED_PERIODS] = outcome.throttled * amounts[:, Figure.CFS_PERIODS]
    traffic = outcome.network_rate * outcome.seconds
    amounts[:, Figure.RECEIVED] = traffic * _RECEIVED_SHARE
    amounts[:, Figure.SENT] = traffic * (1.0 - _RECEIVED_SHARE)
    amounts[:, [Figure.READ, Figure.WRITTEN]] = (outcome.disk_rate * outcome.seconds / 2)[:, None]
    amounts[:, COMPLETED_BUCKETS] = outcome.completed[:, None] * below
    patience = np.broadcast_to(parameters.timeout, outcome.offered.shape)
    is_late = np.asarray(BOUNDS) >= patience[:, None]
    amounts[:, FAILED_BUCKETS] = answered[:, None] * below + timed_out[:, None] * is_late
    return amounts

"""What the demo runs: a service, its twin, and the traffic that both get.

Everything is 15 times faster than in real life: a second stands for fifteen, the usual interval between two
decisions. Traffic, start-up delay, windows and the HPA controller's own settings are all divided by 15.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rlagents.simulation import traffic
from rlagents.simulation.services import ServiceParameters
from rlagents.simulation.traffic import TrafficParameters
from rlagents.structs.objectives import Prices
from rlautoscaler.sandbox.services import SandboxService, Source

SPEED = 15.0

LATENCY_TARGET = 0.25
"""Seconds, at the 99th percentile; one of Istio's bucket bounds, so that Prometheus sees exactly when it is
missed."""
ERROR_TARGET = 0.01
MIN_REPLICAS = 2
MAX_REPLICAS = 20
FIRST_REPLICAS = 4
CPU_UTILIZATION = 60
"""Percent; the target of the HPA, and of the RLAutoscaler's baseline. With it both cost the same within a
tenth, so that what differs is how long the objective is missed. At the more usual 70 the HPA is cheaper, and
misses it for much longer."""

_PARAMETERS = ServiceParameters(
    cpu_per_request=0.012,
    cpu_variability=1.0,
    cores_per_pod=0.5,
    base_latency=0.02,
    timeout=3.0,
    memory_base=96.0 * 2**20,
    memory_per_request=0.5 * 2**20,
    bytes_per_request=20_000.0,
    cpu_idle=0.005,
)
"""A pod serves at most 42 requests a second. The time-out is not sped up: latency is real."""


class Traffic:
    """Requests a second by seconds, held at its beginning until it is let go.

    So every run of a seed has the same traffic, however long its start took.
    """

    def __init__(self, parts: Sequence[TrafficParameters]) -> None:
        self._parts = tuple(parts)
        self._began: float | None = None

    def begin(self, elapsed: float) -> None:
        """Let it go; `elapsed` is the driver's time."""
        self._began = elapsed

    def __call__(self, elapsed: float) -> float:
        """The rate at a moment of the driver's time."""
        return self.rate(0.0 if self._began is None else max(0.0, elapsed - self._began))

    def rate(self, moment: float) -> float:
        """The rate so many seconds after it was let go."""
        return sum(float(traffic.arrival_rate(part, moment)) for part in self._parts)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Two services of one model, one traffic."""

    ours: SandboxService
    twin: SandboxService
    traffic: Traffic
    twin_label: str = "HPA"
    """Who scales the twin, as the result calls it."""
    latency_target: float = LATENCY_TARGET
    error_target: float = ERROR_TARGET
    prices: Prices = field(default=Prices())


def checkout(namespace: str, *, seed: int) -> Scenario:
    """A shop's checkout: days of 25 minutes with bursts on top, in 15 times real speed."""
    return _scenario(namespace, seed, _PARAMETERS, cpu="500m", memory="256Mi")


def small_checkout(namespace: str, *, seed: int) -> Scenario:
    """The same with a tenth of the CPU, in pods and for requests, so that it fits on a laptop's cluster."""
    parameters = replace(
        _PARAMETERS, cpu_per_request=0.0012, cores_per_pod=0.05, cpu_idle=0.0005, memory_base=16.0 * 2**20
    )
    scenario = _scenario(namespace, seed, parameters, cpu="50m", memory="32Mi")
    return replace(scenario, twin_label="baseline")


def _scenario(namespace: str, seed: int, parameters: ServiceParameters, *, cpu: str, memory: str) -> Scenario:
    tide = traffic.diurnal(40.0, 170.0, period=1500.0, seed=seed).faster(SPEED)
    bursts = traffic.bursty(0.0, 120.0, period=700.0, burst=150.0, noise=0.0, seed=seed + 1).faster(SPEED)
    both = Traffic([tide, bursts])
    ours, twin = (
        SandboxService(
            namespace=namespace,
            name=name,
            parameters=parameters,
            pattern=both,
            replicas=FIRST_REPLICAS,
            startup_delay=30.0 / SPEED,
            cpu=cpu,
            memory=memory,
            metrics=frozenset({Source.ISTIO}),
        )
        for name in ("checkout", "checkout-hpa")
    )
    return Scenario(ours, twin, both)

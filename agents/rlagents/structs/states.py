"""The state of one workload at one moment: everything a decision may depend on.

Differs from `MetricsSnapshot` (only what was measured) by the pods, the limits, the history and the user's
wishes; from `EncodedState` by being in the world's units. A recorded `WorkloadState` replays to the same
`Decision`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rlagents.structs.objectives import Bounds, Objective
from rlagents.structs.pods import CPU, MEMORY, Pod, PodSample
from rlagents.structs.reasons import Source, UnknownReason
from rlagents.structs.signals import MetricsSnapshot, Signal, SignalName, SignalState


@dataclass(frozen=True, slots=True, order=True)
class WorkloadKey:
    """The autoscaler a state belongs to."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Observation:
    """What an earlier tick saw, as far as later ticks need it: trends, and verdicts on too few requests."""

    at: float
    cpu: float | None
    """Cores in use, over all pods."""
    latency_p99: float | None
    """Seconds; 0 where there was no traffic."""
    throughput: float | None
    """Requests per second."""
    latency_p50: float | None = None
    """As `latency_p99`."""
    error_rate: float | None = None
    """Share of the requests, 0 to 1; 0 where there was no traffic."""
    requests: float | None = None
    """Answered in the rate window that latencies and errors are of."""
    window: float = 0.0
    """Seconds of that rate window."""


@dataclass(frozen=True, slots=True)
class SizeChange:
    """A change of size that took place."""

    at: float
    before: int
    after: int
    source: Source


@dataclass(frozen=True, slots=True)
class Health:
    """What stands against trusting the pods' figures."""

    rolling_out: bool = False
    """The target is between two templates."""
    crash_looping: int = 0
    """Living pods in a restart back-off."""
    never_ready: int = 0
    """Living pods that should long have been ready and never were."""


@dataclass(frozen=True, slots=True)
class WorkloadState:
    """One workload at one `now`."""

    key: WorkloadKey
    now: float
    interval: float
    """Seconds between two decisions; the unit in which the brain counts time."""
    bounds: Bounds
    objective: Objective
    current_replicas: int
    """Requested: `spec.replicas` of the scale."""
    observed_replicas: int
    """`status.replicas` of the scale."""
    snapshot: MetricsSnapshot
    pods: tuple[Pod, ...] = ()
    samples: tuple[PodSample, ...] | None = None
    """Usage per pod; None where none could be read at all."""
    history: tuple[Observation, ...] = ()
    """Of the ticks before this one, oldest first, at most one hour."""
    changes: tuple[SizeChange, ...] = ()
    """Oldest first, at most one hour."""
    health: Health = field(default=Health())
    quota_room: int | None = None
    """Pods that the namespace's ResourceQuotas still admit; None where nothing limits them."""

    @property
    def ready_replicas(self) -> int:
        """Pods that take traffic."""
        return sum(pod.is_ready for pod in self.pods)

    @property
    def cpu_limit(self) -> float | None:
        """Cores one pod may use: its limit, else its request, else None. The smallest living pod's."""
        return self._per_pod(CPU, 1e-3)

    @property
    def memory_limit(self) -> float | None:
        """Bytes one pod may use: its limit, else its request, else None. The smallest living pod's."""
        return self._per_pod(MEMORY, 1e-3)

    def observation(self) -> Observation:
        """What later ticks need of this one."""
        rate = self._rate()
        return Observation(
            at=self.now,
            cpu=self.snapshot.value(SignalName.CPU),
            latency_p99=self._of_traffic(SignalName.LATENCY_P99),
            throughput=self.snapshot.value(SignalName.THROUGHPUT),
            latency_p50=self._of_traffic(SignalName.LATENCY_P50),
            error_rate=self._of_traffic(SignalName.ERROR_RATE),
            requests=None if rate.value is None else rate.value * rate.window,
            window=rate.window,
        )

    def signal_per_ready_pod(self, name: SignalName) -> float | None:
        """A summed signal divided by the pods that take traffic; None where either is missing."""
        value = self.snapshot.value(name)
        ready = self.ready_replicas
        return None if value is None or ready == 0 else value / ready

    def _rate(self) -> Signal:
        """Requests per second over the rate window; a user's own query gives no other."""
        smooth = self.snapshot[SignalName.THROUGHPUT_SMOOTH]
        is_there = smooth.reason is not UnknownReason.NOT_CONFIGURED
        return smooth if is_there else self.snapshot[SignalName.THROUGHPUT]

    def _of_traffic(self, name: SignalName) -> float | None:
        """As the encoder reads it: what does not apply is 0, not missing."""
        signal = self.snapshot[name]
        return 0.0 if signal.state is SignalState.NOT_APPLICABLE else signal.value

    def _per_pod(self, resource: str, unit: float) -> float | None:
        figures = [pod.limit(resource) or pod.request(resource) for pod in self.pods if pod.is_living]
        known = [figure for figure in figures if figure]
        return min(known) * unit if known else None

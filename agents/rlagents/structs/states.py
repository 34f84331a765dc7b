"""The state of one workload at one moment: everything a decision may depend on.

Differs from `MetricsSnapshot` (only what was measured) by the pods, the limits, the history and the user's
wishes; from `EncodedState` by being in the world's units. A recorded `WorkloadState` replays to the same
`Decision`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rlagents.structs.objectives import Bounds, Objective
from rlagents.structs.pods import CPU, MEMORY, Pod, PodSample
from rlagents.structs.reasons import Source
from rlagents.structs.signals import MetricsSnapshot, SignalName


@dataclass(frozen=True, slots=True, order=True)
class WorkloadKey:
    """The autoscaler a state belongs to."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Observation:
    """What an earlier tick saw, as far as later decisions need it (trends)."""

    at: float
    cpu: float | None
    """Cores in use, over all pods."""
    latency_p99: float | None
    """Seconds."""
    throughput: float | None
    """Requests per second."""


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
    """Oldest first, at most one hour."""
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

    def signal_per_ready_pod(self, name: SignalName) -> float | None:
        """A summed signal divided by the pods that take traffic; None where either is missing."""
        value = self.snapshot.value(name)
        ready = self.ready_replicas
        return None if value is None or ready == 0 else value / ready

    def _per_pod(self, resource: str, unit: float) -> float | None:
        figures = [pod.limit(resource) or pod.request(resource) for pod in self.pods if pod.is_living]
        known = [figure for figure in figures if figure]
        return min(known) * unit if known else None

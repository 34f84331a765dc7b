"""Pods as the API server describes them, reduced to what deciding needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

CPU = "cpu"
MEMORY = "memory"


class PodPhase(StrEnum):
    """`status.phase` of a pod."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


class ConditionStatus(StrEnum):
    """`status` of a Kubernetes condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Container:
    """A container's resources in milli-units (CPU in thousandths of a core, memory in thousandths of a byte).

    Milli-units for memory too, because the HPA counts so and its truncations must be met exactly.
    """

    name: str
    requests: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InitContainer(Container):
    """An init container that ends before the regular containers start (one that stays is a sidecar)."""

    sidecars_before: int = 0
    """How many of the pod's sidecars start before it, and so run beside it."""


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod behind the target's selector."""

    name: str
    phase: PodPhase
    created_at: float
    started_at: float | None = None
    readiness: ConditionStatus | None = None
    """Status of the `Ready` condition, None where the pod has no such condition."""
    readiness_changed_at: float | None = None
    deleting: bool = False
    """A deletion timestamp is set."""
    containers: tuple[Container, ...] = ()
    sidecars: tuple[Container, ...] = ()
    """Init containers with restart policy Always."""
    restarts: int = 0
    """Over all containers."""
    waiting_reason: str = ""
    """Of the first container that waits, as `CrashLoopBackOff`."""
    last_terminated_reason: str = ""
    """Of the container that ended last, as `OOMKilled`."""
    init_containers: tuple[InitContainer, ...] = ()
    """In their order, without the sidecars."""
    pod_requests: Mapping[str, int] = field(default_factory=dict)
    """Requests of the pod as a whole (`spec.resources`), in milli-units."""
    overhead: Mapping[str, int] = field(default_factory=dict)
    """What the runtime class adds (`spec.overhead`), in milli-units."""

    @property
    def is_ready(self) -> bool:
        """Whether the pod takes traffic."""
        return not self.deleting and self.phase is PodPhase.RUNNING and self.readiness is ConditionStatus.TRUE

    @property
    def is_living(self) -> bool:
        """Whether the pod counts: neither ended nor being deleted."""
        return not self.deleting and self.phase not in (PodPhase.FAILED, PodPhase.SUCCEEDED)

    def limit(self, resource: str) -> int | None:
        """Limit of the whole pod in milli-units; None where any container has none."""
        return _total(self.containers + self.sidecars, "limits", resource)

    def request(self, resource: str) -> int | None:
        """Request of the whole pod in milli-units; None where any container has none."""
        return _total(self.containers + self.sidecars, "requests", resource)


@dataclass(frozen=True, slots=True)
class PodSample:
    """Resource usage of one pod's containers, in milli-units."""

    pod: str
    usage: Mapping[str, Mapping[str, int]]
    """By container name, then resource. A container without a figure for a resource lacks the entry."""
    taken_at: float
    window: float


def _total(containers: tuple[Container, ...], kind: str, resource: str) -> int | None:
    figures = [getattr(container, kind).get(resource) for container in containers]
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known and len(known) == len(figures) else None

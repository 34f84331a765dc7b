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
    pod_limits: Mapping[str, int] = field(default_factory=dict)
    """Limits of the pod as a whole (`spec.resources`), in milli-units."""
    last_terminated_at: float | None = None
    """When the container that ended last did."""
    qos_class: str = ""
    """`BestEffort`, `Burstable` or `Guaranteed`; empty where the API server has not told."""
    priority_class: str = ""
    """`spec.priorityClassName`; empty without one."""
    has_deadline: bool = False
    """Whether it may run for so long and no longer (`spec.activeDeadlineSeconds`)."""

    @property
    def is_ready(self) -> bool:
        """Whether the pod takes traffic."""
        return not self.deleting and self.phase is PodPhase.RUNNING and self.readiness is ConditionStatus.TRUE

    @property
    def is_living(self) -> bool:
        """Whether the pod counts: neither ended nor being deleted."""
        return not self.deleting and self.phase not in (PodPhase.FAILED, PodPhase.SUCCEEDED)

    def limit(self, resource: str) -> int | None:
        """What all its containers together may use, in milli-units; None where one of them is unlimited."""
        total, own = _total(self._running, "limits", resource), self.pod_limits.get(resource)
        if total is None or own is None:
            return own if total is None else total
        return min(total, own)

    def request(self, resource: str) -> int | None:
        """The 100 % of the HPA's utilisation, in milli-units; None where a container names none.

        A pod with requests of its own (KEP-2837) counts with what is reserved for it.
        """
        if CPU in self.pod_requests or MEMORY in self.pod_requests:
            return self.reserved_request(resource)
        return _total(self._running, "requests", resource)

    def reserved_request(self, resource: str) -> int | None:
        """What the scheduler reserves and quotas charge, in milli-units; None where nothing names it.

        Its own request, else what its containers need at their worst moment; its overhead comes on top.
        """
        return self._reserved("requests", self.pod_requests, resource)

    def reserved_limit(self, resource: str) -> int | None:
        """What quotas charge as limit, in milli-units; None where nothing names it."""
        return self._reserved("limits", self.pod_limits, resource)

    @property
    def _running(self) -> tuple[Container, ...]:
        return self.containers + self.sidecars

    def _reserved(self, kind: str, own: Mapping[str, int], resource: str) -> int | None:
        figure = own.get(resource, self._worst(kind, resource))
        if figure is None:
            # Nothing limits what has no limit; a request may consist of the overhead alone.
            return self.overhead.get(resource) if kind == "requests" else None
        return figure + self.overhead.get(resource, 0)

    def _worst(self, kind: str, resource: str) -> int | None:
        """The most that its containers need at once, at the start or later (KEP-753)."""
        moments = (
            self._running,
            *((one, *self.sidecars[: one.sidecars_before]) for one in self.init_containers),
        )
        sums = [_sum(moment, kind, resource) for moment in moments]
        return max((figure for figure in sums if figure is not None), default=None)


@dataclass(frozen=True, slots=True)
class PodSample:
    """Resource usage of one pod's containers, in milli-units."""

    pod: str
    usage: Mapping[str, Mapping[str, int]]
    """By container name, then resource. A container without a figure for a resource lacks the entry."""
    taken_at: float
    window: float


def _total(containers: tuple[Container, ...], kind: str, resource: str) -> int | None:
    """None where any of them has none."""
    figures = [getattr(container, kind).get(resource) for container in containers]
    return None if None in figures or not figures else sum(figures)


def _sum(containers: tuple[Container, ...], kind: str, resource: str) -> int | None:
    """None where none of them has one."""
    figures = [getattr(container, kind).get(resource) for container in containers]
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None

"""What happens to a pair of twins: acts at moments, equal for both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.conformance import paces

NAMESPACE = "twins"


class Side(StrEnum):
    """Who scales a twin."""

    THEIRS = "hpa"
    """The cluster's own HPA controller."""
    OURS = "rla"
    """The operator, mode `Baseline`."""


class Quantity(StrEnum):
    """What is measured of each twin as a whole; its ready pods share it evenly."""

    CPU = "cpu"
    """Cores that the traffic wants."""
    STARTING = "starting"
    """Cores that each pod burns while it is not ready; not shared."""
    MEMORY = "memory"
    """MiB."""
    SIDECAR = "sidecar"
    """Cores of the second container, where there is one."""
    REQUESTS = "requests"
    """Requests a second, a custom metric of pods."""
    HITS = "hits"
    """A custom metric of an Ingress, not shared."""
    QUEUE = "queue"
    """An external metric, not shared."""


@dataclass(frozen=True, slots=True)
class Level:
    """A quantity takes a value."""

    quantity: Quantity
    value: float


@dataclass(frozen=True, slots=True)
class Hide:
    """So many of the ready pods have no samples from now on; 0 for all have theirs again."""

    pods: int


@dataclass(frozen=True, slots=True)
class Silence:
    """The metrics API has no answer for a quantity any more, or has one again."""

    quantity: Quantity
    is_silent: bool = True


@dataclass(frozen=True, slots=True)
class Edit:
    """The user edits both autoscalers; fields of an HPA's `spec`, as a merge patch."""

    patch: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resize:
    """Somebody sets the size of both Deployments by hand."""

    replicas: int


@dataclass(frozen=True, slots=True)
class Release:
    """Both Deployments get a new version, which rolls out."""

    version: str


@dataclass(frozen=True, slots=True)
class Sicken:
    """So many ready pods of both stop being ready, and stay so; they burn what starting pods burn."""

    pods: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Both autoscalers end at once and start again."""


Act: TypeAlias = Level | Hide | Silence | Edit | Resize | Release | Sicken | Restart


@dataclass(frozen=True, slots=True)
class Moment:
    """An act and its time."""

    at: float
    """Seconds since the scenario's beginning."""
    act: Act


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table."""

    name: str
    sentence: str
    """What it shows."""
    metrics: Sequence[Manifest]
    """As in `autoscaling/v2`."""
    levels: Mapping[Quantity, float]
    """At the beginning."""
    moments: tuple[Moment, ...]
    seconds: float
    """Length; the last steps must have settled by then."""
    replicas: int
    """At the beginning."""
    min_replicas: int = 1
    max_replicas: int = 20
    behavior: Mapping[str, Any] | None = None
    startup: float = paces.STARTUP
    sample_window: int = paces.SAMPLE_WINDOW
    """Seconds that usage is measured over; a new pod's CPU is not believed before a whole one."""
    has_sidecar: bool = False

    @property
    def restarts(self) -> bool:
        """Whether it restarts the autoscalers, which concerns all others too."""
        return any(isinstance(moment.act, Restart) for moment in self.moments)


@dataclass(frozen=True, slots=True)
class Twin:
    """One Deployment of a pair."""

    scenario: Scenario
    side: Side
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.scenario.name}-{self.side}")


def twins(scenario: Scenario) -> tuple[Twin, Twin]:
    """The pair, theirs first."""
    return Twin(scenario, Side.THEIRS), Twin(scenario, Side.OURS)

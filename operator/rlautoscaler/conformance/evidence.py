"""What was seen of a run, with the times at which it was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rlagents.structs.pods import Pod
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.sandbox.adapters import Answer


@dataclass(frozen=True, slots=True)
class SizeSeen:
    """A Deployment as it was from a moment on."""

    at: float
    """Seconds since the epoch, as all times here."""
    name: str
    replicas: int
    observed: int


@dataclass(frozen=True, slots=True)
class PodSeen:
    """A pod as it was from a moment on."""

    at: float
    service: str
    name: str
    pod: Pod | None
    """None where it is gone."""


@dataclass(frozen=True, slots=True)
class HpaSeen:
    """An HPA as it was from a moment on."""

    at: float
    name: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it."""

    sizes: Sequence[SizeSeen]
    pods: Sequence[PodSeen]
    hpas: Sequence[HpaSeen]
    answers: Sequence[Answer]
    """Of the metrics APIs, to both sides."""
    audit: Sequence[str]
    """Lines of the API server's audit log: reads and writes of scales."""
    log: Sequence[str]
    """Lines of the controller's log."""
    restarts: Sequence[float] = field(default=())
    """When the controller was ended, to be started again."""

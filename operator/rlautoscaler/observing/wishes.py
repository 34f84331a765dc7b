"""Whose signals are wanted, and how the user described them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rlagents.structs.signals import SignalName
from rlagents.structs.states import WorkloadKey


@dataclass(frozen=True, slots=True)
class OwnQuery:
    """One signal's own PromQL in place of the preset's, giving one number in the signal's unit."""

    query: str
    timestamp_query: str | None = None
    """PromQL for the time of the newest raw sample, in seconds since the epoch. None: the age is unknown, and
    the value may not argue for shrinking."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One autoscaler, as far as reading its signals needs to know."""

    key: WorkloadKey
    """The autoscaler; its namespace is the target's."""
    workload: str
    """Name of the target."""
    preset: str = "none"
    labels: Mapping[str, str] = field(default_factory=dict)
    """`spec.metrics.labels`."""
    queries: Mapping[SignalName, OwnQuery] = field(default_factory=dict)
    """`spec.metrics.queries`."""
    window: float | None = None
    """Seconds; None: four times the scrape interval found, at least a minute."""
    stale_after: float | None = None
    """Seconds; None: three times the scrape interval found, at least a minute."""

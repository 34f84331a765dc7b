"""How far a set of samples is from its target: the ratio that sizes are multiplied with.

Two yardsticks, the utilisation and the average value. Both truncate before they divide: 55.9 % of the
requests against a target of 50 % is a ratio of 1.1, not 1.118.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from rlagents.policies.hpa import counts
from rlagents.policies.hpa.failures import Failure, MetricError
from rlagents.structs import quantities


@dataclass(frozen=True, slots=True)
class Figures:
    """What the status reports of a metric; what does not apply is None."""

    utilization: int | None = None
    """Percent of the requests."""
    average_value: int | None = None
    """Milli-units per pod."""
    value: int | None = None
    """Milli-units."""

    def to_plain(self, *, binary: bool = False) -> dict[str, int | str]:
        """As `current` in an `autoscaling/v2` status; `binary` for memory, which is shown in Ki, Mi, …"""
        plain: dict[str, int | str] = {}
        if self.utilization is not None:
            plain["averageUtilization"] = self.utilization
        if self.average_value is not None:
            plain["averageValue"] = quantities.from_milli(self.average_value, binary=binary)
        if self.value is not None:
            plain["value"] = quantities.from_milli(self.value, binary=binary)
        return plain


NO_FIGURES: Final = Figures()


@dataclass(frozen=True, slots=True)
class Measured:
    """The ratio, and the figures it comes from."""

    ratio: float
    figures: Figures
    used: int = 0
    """Milli-units, of all samples that count."""
    requested: int | None = None
    """Milli-units that their pods request; None where usage is not compared with requests."""
    samples: int = 0
    """How many they are."""


class Yardstick(Protocol):
    """A target, and what it means of one pod."""

    def measure(self, usage: Mapping[str, int]) -> Measured:
        """The ratio of usage per pod, in milli-units, to the target."""

    def on_target(self, pod: str) -> int:
        """What a pod without a sample is taken to use where the size might fall."""


@dataclass(frozen=True, slots=True)
class Utilization:
    """Usage as a share of the requests. Samples of pods whose request is unknown, strays, do not enter."""

    target: int
    """Percent."""
    requests: Mapping[str, int]
    """Milli-units, by pod."""

    def measure(self, usage: Mapping[str, int]) -> Measured:
        """Raises `MetricError` where no sample has a request, or the requests sum to 0."""
        known = [pod for pod in usage if pod in self.requests]
        requested = sum(self.requests[pod] for pod in known)
        if requested == 0:
            raise MetricError(Failure.NO_MATCHING_REQUESTS, "no figure belongs to a pod with a request")
        used = sum(usage[pod] for pod in known)
        percent = counts.quotient(used * 100, requested)
        average = counts.quotient(used, len(known))
        ratio = counts.ratio(percent, self.target)
        return Measured(ratio, Figures(percent, average), used, requested, len(known))

    def on_target(self, pod: str) -> int:
        """Its whole request, or more where the target is above 100 %."""
        return counts.quotient(self.requests[pod] * max(100, self.target), 100)


@dataclass(frozen=True, slots=True)
class Average:
    """Usage per pod, over all samples, strays too."""

    target: int
    """Milli-units."""

    def measure(self, usage: Mapping[str, int]) -> Measured:
        """The usage must hold at least one pod."""
        used = sum(usage.values())
        average = counts.quotient(used, len(usage))
        ratio = counts.ratio(average, self.target)
        return Measured(ratio, Figures(average_value=average), used, samples=len(usage))

    def on_target(self, pod: str) -> int:
        """The target itself."""
        return self.target

"""How a metric's proposal came about, noted on the way: for people, and nothing is decided by it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rlagents.policies.hpa.counts import Tolerance
from rlagents.policies.hpa.grouping import Groups
from rlagents.policies.hpa.ratios import Measured


class Rule(StrEnum):
    """What made a size of the ratio."""

    MULTIPLIED = "Multiplied"
    """The ratio times the pods that count, rounded up."""
    DIVIDED = "Divided"
    """The figure by what each replica shall have, rounded up."""
    WITHIN_TOLERANCE = "WithinTolerance"
    """The ratio is near enough to 1, so the size stays."""
    TURNED = "Turned"
    """With unready or missing pods counted, the ratio lies on the other side of 1, so the size stays."""
    AGAINST_DIRECTION = "AgainstDirection"
    """The product would have moved the size against the ratio, so the size stays."""


@dataclass(frozen=True, slots=True)
class PodCounts:
    """How many pods fell into each group."""

    ready: int
    unready: int
    missing: int
    ignored: int


@dataclass(frozen=True, slots=True)
class Working:
    """One metric's way from figures to a size. Per pod (`first` is there) or of one figure (`figure` is)."""

    rule: Rule
    ratio: float
    """What was measured to what was wanted; of the first pass, where there are two."""
    tolerance: Tolerance
    multiplier: int | None = None
    """Pods with which the ratio that counts was multiplied, or would have been; None where it was not."""
    sharers: int | None = None
    """Observed replicas among which the figure was shared."""
    figure: int | None = None
    """Milli-units."""
    pods: PodCounts | None = None
    first: Measured | None = None
    second: Measured | None = None
    """With unready and missing pods counted against the change; None where that was not called for."""


def counted(groups: Groups) -> PodCounts:
    """The groups' sizes."""
    return PodCounts(len(groups.ready), len(groups.unready), len(groups.missing), len(groups.ignored))

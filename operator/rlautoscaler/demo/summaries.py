"""The demo's result: what each side cost, how long it missed the objective, how often it scaled.

Computed from what truly happened to the services, not from what Prometheus saw of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from rlagents.structs.objectives import Prices
from rlautoscaler.demo.scenarios import SPEED, Scenario
from rlautoscaler.sandbox.records import Record

OURS = "RLAutoscaler"

_GIB = 2.0**30
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Side:
    """One service over the whole run."""

    name: str
    seconds: float
    cost: float
    """Of the CPU and memory that its pods reserved, starting ones included."""
    core_hours: float
    violation_seconds: float
    """In which the 99th percentile or the error rate was above its target."""
    scale_ups: int
    scale_downs: int
    mean_replicas: float
    """Pods that existed."""
    offered: float
    failed: float

    @property
    def violation_minutes(self) -> float:
        """As `violation_seconds`."""
        return self.violation_seconds / 60.0

    @property
    def violation_share(self) -> float:
        """Of the time, 0 to 1."""
        return self.violation_seconds / self.seconds if self.seconds > 0 else 0.0

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **asdict(self),
            "violation_minutes": self.violation_minutes,
            "violation_share": self.violation_share,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """Both sides over the same seconds."""

    ours: Side
    twin: Side
    policy_share: float
    """Share of the time in which the learned policy's size stood, 0 to 1; else the baseline's."""
    is_complete: bool
    """False where it was interrupted."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "ours": self.ours.document(),
            "twin": self.twin.document(),
            "policy_share": self.policy_share,
            "speed": SPEED,
            "complete": self.is_complete,
            "verdict": sentence(self.ours, self.twin),
        }


def is_violation(record: Record, scenario: Scenario) -> bool:
    """Whether the objective was missed in that second. Without any request it was not."""
    is_slow = record.latency_p99 is not None and record.latency_p99 > scenario.latency_target
    return is_slow or record.error_rate > scenario.error_target


def cost(record: Record, prices: Prices) -> float:
    """Of that second."""
    memory = record.reserved_memory / _GIB * prices.memory_gib_hour
    return (record.reserved_cores * prices.cpu_core_hour + memory) * record.seconds / _HOUR


def summarize(
    scenario: Scenario,
    ours: Sequence[Record],
    twin: Sequence[Record],
    sources: Sequence[str],
    *,
    is_complete: bool,
) -> Summary:
    """The result.

    Args:
        scenario: with the targets and prices.
        ours: records of our service since the comparison began.
        twin: those of its twin; both count only as far as both reach.
        sources: whose size stood, once a second.
        is_complete: whether the run came to its end.

    """
    length = min(len(ours), len(twin))
    decided = [source for source in sources if source]
    return Summary(
        side(OURS, ours[:length], scenario),
        side(scenario.twin_label, twin[:length], scenario),
        policy_share=decided.count("Policy") / len(decided) if decided else 0.0,
        is_complete=is_complete,
    )


def side(name: str, records: Sequence[Record], scenario: Scenario) -> Side:
    """One service's sums."""
    seconds = sum(record.seconds for record in records)
    steps = [after.requested_replicas - before.requested_replicas for before, after in pairwise(records)]
    return Side(
        name=name,
        seconds=seconds,
        cost=sum(cost(record, scenario.prices) for record in records),
        core_hours=sum(record.reserved_cores * record.seconds for record in records) / _HOUR,
        violation_seconds=sum(record.seconds for record in records if is_violation(record, scenario)),
        scale_ups=sum(step > 0 for step in steps),
        scale_downs=sum(step < 0 for step in steps),
        mean_replicas=sum(record.pods * record.seconds for record in records) / seconds
        if seconds > 0
        else 0.0,
        offered=sum(record.offered for record in records),
        failed=sum(record.failed for record in records),
    )


def sentence(ours: Side, twin: Side) -> str:
    """Who was cheaper, and who missed the objective for longer."""
    if ours.seconds == 0 or twin.cost == 0:
        return "Nothing was measured."
    return f"{_cheaper(ours, twin)}; {_calmer(ours, twin)}."


def _cheaper(ours: Side, twin: Side) -> str:
    difference = ours.cost / twin.cost - 1.0
    if abs(difference) < 0.005:
        return f"Both cost the same ({ours.name} {difference:+.1%})"
    cheap, dear = (ours, twin) if difference < 0 else (twin, ours)
    return f"The {cheap.name} was cheaper, by {1.0 - cheap.cost / dear.cost:.0%}"


def _calmer(ours: Side, twin: Side) -> str:
    counts = f"{ours.name} {ours.violation_seconds:.0f} s, {twin.name} {twin.violation_seconds:.0f} s"
    difference = round(ours.violation_seconds) - round(twin.violation_seconds)
    if difference == 0:
        return f"both missed the objective equally long ({counts})"
    longer = ours if difference > 0 else twin
    return f"the {longer.name} missed the objective for longer ({counts})"

"""Which sizes a Deployment took, and whether two of them did the same. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlautoscaler.conformance.evidence import SizeSeen


@dataclass(frozen=True, slots=True)
class Step:
    """A size, and when it was taken."""

    at: float
    """Seconds since the scenario's beginning; 0 for the first size."""
    size: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sequences side by side."""

    theirs: tuple[Step, ...]
    ours: tuple[Step, ...]
    allowed: float
    """Seconds by which equal steps may lie apart."""

    @property
    def are_equal(self) -> bool:
        """Whether both took the same sizes in the same order."""
        return [step.size for step in self.theirs] == [step.size for step in self.ours]

    @property
    def distances(self) -> tuple[float, ...]:
        """Seconds by which ours was later, negative where it was first, step by step as far as both go."""
        return tuple(
            ours.at - theirs.at for theirs, ours in zip(self.theirs[1:], self.ours[1:], strict=False)
        )

    @property
    def farthest(self) -> float:
        """Seconds between the two steps that lie farthest apart; 0 where there are none."""
        return max(map(abs, self.distances), default=0.0)

    @property
    def agree(self) -> bool:
        """Same sizes, each step within what is allowed."""
        return self.are_equal and self.farthest <= self.allowed


def steps(seen: Sequence[SizeSeen], name: str, began_at: float, ended_at: float) -> tuple[Step, ...]:
    """The sizes of one Deployment from the scenario's beginning to its end, each once."""
    own = [one for one in seen if one.name == name and one.at <= ended_at]
    earlier = [one for one in own if one.at <= began_at]
    found = [Step(0.0, earlier[-1].replicas)] if earlier else []
    for one in own:
        if one.at > began_at and (not found or one.replicas != found[-1].size):
            found.append(Step(one.at - began_at, one.replicas))
    return tuple(found)


def written(sequence: Sequence[Step]) -> str:
    """As `4 → 8 (7.1 s) → 4 (48.9 s)`."""
    return " → ".join(
        str(step.size) if place == 0 else f"{step.size} ({step.at:.1f} s)"
        for place, step in enumerate(sequence)
    )

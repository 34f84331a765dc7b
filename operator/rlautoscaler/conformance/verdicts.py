"""What is to be said of each scenario: the sides beside each other, the controller beside the pure pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rlagents.policies import hpa
from rlautoscaler.conformance import journals, paces, replays, restarts, sequences
from rlautoscaler.conformance.evidence import Evidence
from rlautoscaler.conformance.replays import Replayed
from rlautoscaler.conformance.restarts import Expectation
from rlautoscaler.conformance.scenarios import Scenario, twins
from rlautoscaler.conformance.sequences import Comparison
from rlautoscaler.sandbox.adaptations import RESOURCE_METRICS
from rlautoscaler.sandbox.adapters import Answer

_UNUSABLE = paces.PERIOD / 2
"""Seconds of jitter beyond which a run proves nothing: steps could change places."""


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario that was played."""

    scenario: Scenario
    began_at: float
    """Seconds since the epoch."""

    @property
    def ended_at(self) -> float:
        """Seconds since the epoch."""
        return self.began_at + self.scenario.seconds


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a run leaves."""

    played: tuple[Played, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the table."""

    scenario: Scenario
    comparison: Comparison
    replayed: tuple[Replayed, ...]
    expectation: Expectation | None = None
    """Only with a restart, after which the two sides are compared with it and not with each other."""

    @property
    def rescales(self) -> tuple[Replayed, ...]:
        """The passes in which the controller, or the pure pass, changed the size."""
        return tuple(one for one in self.replayed if one.is_rescale)

    @property
    def mismatches(self) -> tuple[Replayed, ...]:
        """The passes to which the pure pass came otherwise."""
        return tuple(one for one in self.replayed if not one.agrees)

    @property
    def nearby(self) -> int:
        """Passes that agree with a state just before or after the likeliest."""
        return sum(one.is_nearby for one in self.replayed if one.agrees)

    @property
    def sides_agree(self) -> bool:
        """Whether both did the same, or each what was computed for it."""
        if self.expectation is None:
            return self.comparison.agree
        return all(one.agree for one in self.beside_expectation)

    @property
    def beside_expectation(self) -> tuple[Comparison, ...]:
        """Each side beside what was computed for it, theirs first."""
        if self.expectation is None:
            return ()
        limit = self.comparison.allowed
        return (
            Comparison(self.expectation.theirs, self.comparison.theirs, limit),
            Comparison(self.expectation.ours, self.comparison.ours, limit),
        )

    @property
    def has_passed(self) -> bool:
        """Whether nothing disagrees."""
        return self.sides_agree and bool(self.replayed) and not self.mismatches


def jitter(recorded: Recorded) -> float:
    """Seconds by which the longest gap between two passes of either side exceeded the period.

    Two sides that look at one thing see it change at most one gap apart, so a step may lie this much beyond a
    period. While an autoscaler is down there are no passes to speak of.
    """
    evidence = recorded.evidence
    longest = paces.PERIOD
    for played in recorded.played:
        if played.scenario.restarts:
            continue
        theirs = twins(played.scenario)[0]
        passes = journals.passes(evidence, theirs)
        own = [one.at for one in evidence.answers if _is_ours(one)]
        for times in ([one.read.at for one in passes], own):
            inside = [at for at in times if played.began_at <= at <= played.ended_at]
            longest = max(longest, *(later - earlier for earlier, later in pairwise(inside)), 0.0)
    return longest - paces.PERIOD


def verdicts(recorded: Recorded, parameters: hpa.HpaParameters) -> tuple[Verdict, ...]:
    """A verdict on every scenario, in the order in which they are played."""
    limit = allowed(recorded)
    return tuple(_verdict(recorded.evidence, one, parameters, limit) for one in recorded.played)


def allowed(recorded: Recorded) -> float:
    """Seconds by which equal steps of the two sides may lie apart: one sync period, and the jitter."""
    return paces.PERIOD + min(jitter(recorded), _UNUSABLE)


def _verdict(evidence: Evidence, played: Played, parameters: hpa.HpaParameters, limit: float) -> Verdict:
    theirs, ours = twins(played.scenario)
    began_at, ended_at = played.began_at, played.ended_at
    passes = [one for one in journals.passes(evidence, theirs) if one.now <= ended_at]
    comparison = Comparison(
        sequences.steps(evidence.sizes, theirs.name, began_at, ended_at),
        sequences.steps(evidence.sizes, ours.name, began_at, ended_at),
        limit,
    )
    expectation = None
    if played.scenario.restarts:
        own = [one for one in restarts.passes_of_ours(evidence, ours.name) if one.now <= ended_at]
        expectation = Expectation(
            restarts.computed(passes, evidence, parameters, began_at, logs_kept=False),
            restarts.computed(own, evidence, parameters, began_at, logs_kept=True),
        )
    return Verdict(
        played.scenario,
        comparison,
        replays.replayed(_whole(passes), evidence, parameters),
        expectation,
    )


def _whole(passes: Sequence[journals.Pass]) -> Sequence[journals.Pass]:
    """Without the last one, which the end of the recording may have cut."""
    return passes[:-1]


def _is_ours(answer: Answer) -> bool:
    return answer.question.group == RESOURCE_METRICS.group and not journals.is_controller(answer.agent)

"""What a restart makes of either side, computed by the pure pass. Pure.

The cluster's controller forgets: its logs begin with the size that it meets. Ours keeps its logs in the
status, and adds the size that it meets, so that it is never less protective. Both are computed from what each
side read, up to the restart and beyond, and laid beside what each side did. The two may differ from each
other after a restart; neither may differ from what is computed for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlagents.policies import hpa
from rlautoscaler.conformance import replays
from rlautoscaler.conformance.evidence import Evidence, SizeSeen
from rlautoscaler.conformance.journals import Pass, ScaleCall, is_controller
from rlautoscaler.conformance.sequences import Step
from rlautoscaler.sandbox.adaptations import RESOURCE_METRICS


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the pure pass says each side does."""

    theirs: tuple[Step, ...]
    """With the logs forgotten at the restart."""
    ours: tuple[Step, ...]
    """With the logs kept."""

    @property
    def differ(self) -> bool:
        """Whether the two sides are expected to take different sizes, or the same much apart."""
        return [step.size for step in self.theirs] != [step.size for step in self.ours]


def computed(
    passes: Sequence[Pass],
    evidence: Evidence,
    parameters: hpa.HpaParameters,
    began_at: float,
    logs_kept: bool,
) -> tuple[Step, ...]:
    """The sizes that the pure pass takes on what one side read, each with the time of its pass.

    passes: of one side.
    logs_kept: whether what was remembered survives a restart.
    """
    found: list[Step] = []
    for one in replays.replayed(passes, evidence, parameters, logs_kept=logs_kept):
        current = one.original.read.replicas
        at = one.original.now - began_at
        if not found:
            found.append(Step(0.0, current))
        if one.desired is not None and one.desired != found[-1].size and at > 0:
            found.append(Step(at, one.desired))
    return tuple(found)


def passes_of_ours(evidence: Evidence, name: str) -> tuple[Pass, ...]:
    """The ticks of our operator over a twin on CPU: each began when it asked for the namespace's usage."""
    sizes = [one for one in evidence.sizes if one.name == name]
    asked = [
        answer
        for answer in evidence.answers
        if answer.question.group == RESOURCE_METRICS.group and not is_controller(answer.agent)
    ]
    found = []
    for answer in asked:
        size = _at(sizes, answer.at)
        if size is not None:
            read = ScaleCall(answer.at, name, False, 200, size.replicas, size.observed, "")
            found.append(Pass(name, read, (answer,)))
    return tuple(found)


def _at(sizes: Sequence[SizeSeen], at: float) -> SizeSeen | None:
    return next((one for one in reversed(sizes) if one.at <= at), None)

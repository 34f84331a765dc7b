"""What one tick knows of one autoscaler, as far as its status and its events tell it."""

from __future__ import annotations

from dataclasses import dataclass, field

from rlagents.deciding.cases import Mode, Overrides
from rlagents.policies.hpa import conditions as hpa
from rlagents.structs.decisions import Decision, Limitation, Outcome
from rlagents.structs.reasons import Reason, Source
from rlagents.structs.states import WorkloadState
from rlautoscaler.resources.entries import BaselineLogs
from rlautoscaler.resources.explanations import Explanation
from rlautoscaler.resources.statuses import ModelStatus, RolloutStatus, VerticalStatus

PAUSES = (Reason.PAUSED, Reason.PAUSED_SCALE_IN, Reason.PAUSED_SCALE_OUT, Reason.PAUSED_REPLICAS)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why nothing could be decided at all: an invalid spec, a target that cannot be read."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Success:
    """A state, the decision made from it, and what came of that."""

    state: WorkloadState
    decision: Decision
    outcome: Outcome
    baseline: tuple[hpa.Condition, ...] = ()
    """What the HPA says of itself."""
    refusal: str = ""
    """Why the learned policy could not be asked, as part of a sentence."""
    notes: tuple[str, ...] = ()
    """What could not be read as it should, and what stood in for it."""

    @property
    def replicas(self) -> int:
        """The size that the target is known to ask for after this tick."""
        accepted = self.outcome.accepted
        return self.state.current_replicas if accepted is None else accepted

    @property
    def has_rescaled(self) -> bool:
        """Whether the size was changed by us at this tick."""
        return self.outcome.reason is Reason.SUCCEEDED_RESCALE

    @property
    def limitation(self) -> Limitation | None:
        """What had the last word on the size decided; None where it is as proposed.

        The learned policy's guards say nothing about the baseline's size, the user's pauses do.
        """
        decision = self.decision
        binding = [
            one
            for one in decision.limitations
            if one.before != one.after and (decision.source is Source.POLICY or one.reason in PAUSES)
        ]
        return binding[-1] if binding else None


@dataclass(frozen=True, slots=True)
class Sections:
    """Parts of the status that others keep; None leaves what stands there."""

    rollout: RolloutStatus | None = None
    model: ModelStatus | None = None
    vertical: VerticalStatus | None = None
    baseline: BaselineLogs | None = None
    selector: str | None = None
    explanation: Explanation | None = None
    """How the baseline came to its size at this tick; stands beside the decision, and never outlives it."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One autoscaler at one tick."""

    now: float
    """Seconds since the epoch."""
    generation: int
    """Of the spec that was obeyed."""
    result: Success | Failure
    mode: Mode = Mode.SHADOW
    overrides: Overrides = field(default=Overrides())
    problems: tuple[str, ...] = ()
    """A sentence for each annotation that could not be read as it was meant."""
    sections: Sections = field(default=Sections())

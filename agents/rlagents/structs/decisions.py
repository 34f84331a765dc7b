"""From what could be done to what is done.

`Action` is one entry of an action space. `Proposal` is what a decider wants, before anything limits it.
`Decision` is what shall happen, with everything that led to it; doing nothing is a decision. `Outcome` is
what the cluster made of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from rlagents.structs.reasons import Reason, Source
from rlagents.structs.states import WorkloadKey


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of a discrete action space: a change of replicas or of each pod's limits, never of both."""

    name: str
    replicas: int = 0
    cpu: float = 0.0
    """Cores added to each pod's CPU limit."""
    memory: float = 0.0
    """Bytes added to each pod's memory limit."""

    @property
    def is_limit_action(self) -> bool:
        """Whether it resizes pods instead of adding or removing them."""
        return self.cpu != 0 or self.memory != 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one decider wants, untouched by guards."""

    source: Source
    replicas: int
    reason: Reason
    message: str
    """One sentence for people: which figures led here."""
    action: Action | None = None
    action_index: int | None = None
    log_probability: float | None = None
    """Natural logarithm, under the masked distribution the action was taken from."""
    value: float | None = None
    """The critic's estimate of the return."""
    probabilities: tuple[float, ...] = ()
    """Of every action, under the masked distribution; empty for deciders that do not draw."""
    preference: Action | None = None
    """The action it would have liked best had limit actions been allowed; the vertical recommendation."""


@dataclass(frozen=True, slots=True)
class Limitation:
    """One guard's change to a proposal."""

    reason: Reason
    before: int
    after: int
    message: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.before} -> {self.after} ({self.message})"


@dataclass(frozen=True, slots=True)
class Decision:
    """What shall happen to one workload at one tick, and why."""

    key: WorkloadKey
    at: float
    replicas_from: int
    replicas_to: int
    source: Source
    """Whose proposal stands."""
    reason: Reason
    """Why it was this source's turn."""
    message: str
    baseline: Proposal | None
    """None where the baseline had no valid metric."""
    policy: Proposal | None
    """None where the policy could not be asked; `policy_reason` tells why."""
    policy_replicas: int | None = None
    """The policy's proposal after the guards; in Shadow what would have been done."""
    policy_reason: Reason | None = None
    """Why the policy did not act, or could not be asked; None where it acted."""
    limitations: tuple[Limitation, ...] = ()
    """Guards that changed the learned policy's proposal, and the user's pauses, in order."""
    writes: bool = True
    """False where only a proposal is wanted (the target is managed elsewhere, or paused)."""

    @property
    def changes_size(self) -> bool:
        """Whether there is anything to write to the target."""
        return self.writes and self.replicas_to != self.replicas_from

    def __str__(self) -> str:
        """The audit line."""
        parts = [
            f"{self.key}: {self.replicas_from} -> {self.replicas_to}",
            f"{self.source} ({self.reason})",
            f"baseline {_size(self.baseline)}",
            f"policy {_size(self.policy)}",
        ]
        if self.policy_reason is not None:
            parts.append(f"policy held back: {self.policy_reason}")
        parts.extend(str(limitation) for limitation in self.limitations)
        if not self.writes:
            parts.append("not written")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the cluster made of a decision."""

    key: WorkloadKey
    at: float
    requested: int
    accepted: int | None
    """The size the API server stored; None where it refused or was not asked."""
    reason: Reason
    message: str


def _size(proposal: Proposal | None) -> str:
    return "none" if proposal is None else str(proposal.replicas)

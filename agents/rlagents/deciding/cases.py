"""What a decision is made from, and what comes out beside it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rlagents.policies import hpa
from rlagents.safety.guards import DEFAULTS, GuardSettings
from rlagents.safety.masks import SafetyMask
from rlagents.structs.decisions import Decision
from rlagents.structs.pods import Pod
from rlagents.structs.states import WorkloadState


class Mode(StrEnum):
    """`spec.rollout.mode`: who may act. Set by the user only."""

    BASELINE = "Baseline"
    SHADOW = "Shadow"
    AUTO = "Auto"


@dataclass(frozen=True, slots=True)
class Overrides:
    """What overrules both deciders: the user's annotations, and another owner of the target."""

    paused: bool = False
    paused_scale_in: bool = False
    paused_scale_out: bool = False
    paused_replicas: int | None = None
    force_baseline: bool = False
    """By annotation, namespace label or the cluster-wide switch."""
    managed_by: str = ""
    """Another autoscaler that owns the target, as `HorizontalPodAutoscaler/checkout`; empty for none."""


@dataclass(frozen=True, slots=True)
class Case:
    """One workload to be decided."""

    state: WorkloadState
    mode: Mode
    baseline: hpa.HpaSpec
    logs: hpa.HpaLogs | None
    """What the HPA remembers; None for an HPA that never ran, which protects the present size."""
    overrides: Overrides = Overrides()
    guards: GuardSettings = DEFAULTS
    selected: tuple[Pod, ...] | None = None
    """Every pod behind the selector of the target's scale, which is what the HPA looks at: others may carry
    the same labels as the target's own. None: just those of the state."""
    selector: hpa.Selector = hpa.Selector.VALID
    readings: hpa.Readings = hpa.NOTHING_READ
    """What was read for the baseline's pods, object and external metrics."""
    conditions: tuple[hpa.Condition, ...] = ()
    """The HPA's of the pass before; they tell a size of 0 of its own making from one set by hand."""

    @property
    def baseline_pods(self) -> tuple[Pod, ...]:
        """What the HPA counts."""
        return self.state.pods if self.selected is None else self.selected


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, with what the next tick and the status need."""

    decision: Decision
    baseline: hpa.HpaResult
    mask: SafetyMask | None
    """None where the policy was not asked."""
    refusal: str = ""
    """Why the policy must not be asked, as a sentence."""

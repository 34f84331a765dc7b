"""`spec.rollout` and `spec.safety`: how far the learned policy is trusted, and what holds it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, Strict

from rlautoscaler.resources import durations, percentages
from rlautoscaler.resources.documents import Part
from rlautoscaler.resources.rules import Rule


class RolloutMode(StrEnum):
    """How far the learned policy may go; set by the user only."""

    BASELINE = "Baseline"
    SHADOW = "Shadow"
    CANARY = "Canary"
    AUTO = "Auto"


class Safety(Part):
    """What holds the learned policy. None of it touches the baseline."""

    place = "safety"

    minSafety: Annotated[float, Field(ge=0, le=1)] = 0.9
    """Probability, 0 to 1, that no violation follows within `horizon`; actions below it are barred, and if
    none remains the safest is taken. Default 0.9. Higher is more careful and saves less; 0 switches it off.
    Not available yet: this version has no critic to tell the probability, and takes the default alone."""

    horizon: Annotated[str, durations.between("1s", "1h", usual="5m")] = "5m"
    """How far ahead `minSafety` looks, as a duration. Default `5m`. It should cover the time that a new pod
    needs to become ready. Not available yet, as `minSafety`."""

    maxScaleDownPercentPerMinute: Annotated[int, Field(ge=1, le=100)] = 100
    """Share of the replicas that may be removed within one minute, in percent, 1 to 100; one pod may always
    be removed. Default 100. Lower shrinks more calmly."""


Ratio = Annotated[float, Field(gt=0, le=1)]


class Rollout(Part):
    """How far the learned policy is trusted, and how it gains more. Under `Canary` time is cut into blocks,
    each owned by the baseline or by the policy, so that the two can be compared; all fields but `mode` are
    about that."""

    place = "rollout"
    own_rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="duration(self.washOut) < duration(self.block)",
            holds=lambda rollout: durations.seconds(rollout.washOut) < durations.seconds(rollout.block),
            message="washOut must be shorter than block, or no time of the block is left to judge",
            field="washOut",
        ),
    )

    mode: Annotated[RolloutMode, Strict(False)] = RolloutMode.SHADOW
    """How far it may go. `Baseline`: the policy is not asked. `Shadow`: it only proposes, the baseline acts.
    `Canary`: it earns blocks of time by evidence (not available yet). `Auto`: it acts at once, the baseline
    takes over wherever a guard says so. Default `Shadow`. The operator never changes it."""

    initialRatio: Ratio = 0.1
    """Share of the blocks that the policy gets first, above 0 to 1. Default 0.1."""

    stepUp: Ratio = 0.1
    """What a promotion adds to the share, above 0 to 1. Default 0.1."""

    stepDown: Ratio = 0.2
    """What harm takes from the share, above 0 to 1. Default 0.2: trust is lost faster than won."""

    maxCostIncrease: Annotated[str, percentages.between("0%", "1000%", usual="25%")] = "25%"
    """What fewer violations may cost, as a percentage of the baseline's cost, where the baseline misses the
    violation budget. Default `25%`. At `0%` the policy is promoted only where it is cheaper."""

    block: Annotated[str, durations.between("10s", "24h", usual="30m")] = "30m"
    """Length of a block, as a duration. Default `30m`. Longer blocks are compared more fairly and give
    evidence later."""

    washOut: Annotated[str, durations.between("0s", "24h", usual="10m")] = "10m"
    """Start of each block that is not judged, because it still shows the other's work; a duration shorter
    than `block`. Default `10m`."""

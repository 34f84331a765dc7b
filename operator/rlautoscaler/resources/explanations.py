"""`status.horizontal.explanation`: how the baseline came to its size, figure by figure.

Quantities are exact: the text has every thousandth that the HPA's arithmetic had. Words of a vocabulary are
open texts, because a newer version may know more of them.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from rlautoscaler.resources.behaviors import PolicyType
from rlautoscaler.resources.entries import Count, Entry, Message, ReasonText
from rlautoscaler.resources.timestamps import Timestamp

LONGEST_NAME = 253
MOST_METRICS = 16
MOST_POLICIES = 16
"""What `spec.baseline` admits."""


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_NAME:
        return value[: LONGEST_NAME - 1] + "…"
    return value


Name = Annotated[str, BeforeValidator(_shortened), Field(max_length=LONGEST_NAME)]
Quantity = Annotated[str, Field(max_length=30)]
Size = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
"""Replicas as the arithmetic has them: a figure below zero may propose less than none."""
Percent = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
"""32 bits, as in the status of an HPA."""


class TargetExplanation(Entry):
    """What the metric shall be; one of the three."""

    utilization: Percent | None = None
    """Percent of the requests."""

    averageValue: Quantity | None = None
    """Per pod, as a quantity."""

    value: Quantity | None = None
    """In all, as a quantity."""


class Measurement(Entry):
    """A sum over pods, and how far it is from the target."""

    used: Quantity | None = None
    """The sum over the samples that count, as a quantity."""

    requested: Quantity | None = None
    """What their pods request in all, as a quantity; absent where usage is not compared with requests."""

    samples: Count | None = None
    """How many they are."""

    utilization: Percent | None = None
    """`used` in whole percent of `requested`, cut, not rounded."""

    averageValue: Quantity | None = None
    """`used` per sample in whole thousandths, cut, not rounded."""

    ratio: float | None = None
    """Utilization, or the average, divided by the target; absent where that is no number."""


class PodsExplanation(Entry):
    """The pods behind the selector, sorted for this metric."""

    ready: Count = 0
    """Their samples count."""

    unready: Count = 0
    """Starting up: they count as using nothing where the size might grow, and not at all where it might
    shrink."""

    missing: Count = 0
    """Without a sample: they count as using nothing where the size might grow, and as on target where it
    might shrink."""

    ignored: Count = 0
    """Ending or ended: they count for nothing."""


class MetricExplanation(Entry):
    """One metric's way to the size that it proposes."""

    name: Name
    """As in the HPA's messages."""

    type: Annotated[str, Field(max_length=63)]
    """As in `spec.baseline.metrics`."""

    resource: Annotated[str, Field(max_length=63)] | None = None
    """`cpu` or `memory`; absent where the metric is no resource."""

    target: TargetExplanation | None = None
    """What it shall be."""

    pods: PodsExplanation | None = None
    """Absent where pods are not looked at one by one."""

    first: Measurement | None = None
    """Over the pods whose samples count. Gives the direction."""

    second: Measurement | None = None
    """With missing pods, and unready pods where the size might grow, counted against the change; absent where
    there are none."""

    value: Quantity | None = None
    """The one figure of an object or external metric, as a quantity."""

    sharers: Count | None = None
    """Observed replicas among which `value` is shared; absent where the target is a value as a whole."""

    averageValue: Quantity | None = None
    """Each replica's share of `value`, as the status of an HPA reports it."""

    ratio: float | None = None
    """What was measured, divided by the target (of `first` where there are pods); absent where that is no
    number."""

    multiplier: Count | None = None
    """Pods with which the ratio that counts was multiplied; absent where it was not."""

    rule: ReasonText | None = None
    """What made a size of the ratio: `Multiplied`, `Divided`, or why the size stays: `WithinTolerance`,
    `Turned` or `AgainstDirection`."""

    proposal: Size | None = None
    """The size that this metric asks for; absent where it failed."""

    failure: ReasonText | None = None
    """What exactly was missing, as `missing-request`."""

    message: Message | None = None
    """What was missing, in a sentence; absent where nothing was."""


class ToleranceExplanation(Entry):
    """How far a ratio may be from 1 without a change of size."""

    up: float
    """Above 1."""

    down: float
    """Below 1."""


class Hold(Entry):
    """What a stabilisation window says."""

    windowSeconds: float
    """How far back it looks."""

    replicas: Size
    """The size may grow to this (`scaleUp`), or shrink to this (`scaleDown`)."""

    time: Timestamp | None = None
    """When that was recommended last; absent where it is the present proposal."""


class Stabilization(Entry):
    """What recent recommendations made of the proposal."""

    replicas: Size
    """The size after it."""

    reason: ReasonText
    """`ReadyForNewScale`, `ScaleUpStabilized` or `ScaleDownStabilized`."""

    scaleUp: Hold | None = None
    """Absent without `behavior`."""

    scaleDown: Hold | None = None
    """Holds up a size that might shrink."""


class PolicyExplanation(Entry):
    """What one policy of `behavior` allows."""

    type: PolicyType
    """`Pods` or `Percent`."""

    value: Count
    """How many."""

    periodSeconds: float
    """Within which time."""

    start: Size
    """The size before the changes of this period."""

    limit: Size
    """The farthest size."""


class Limits(Entry):
    """What bounds and rates made of the stabilised size."""

    replicas: Size
    """The size after it."""

    reason: ReasonText
    """`DesiredWithinRange`, `ScaleUpLimit`, `ScaleDownLimit`, `TooManyReplicas` or `TooFewReplicas`."""

    limit: Size | None = None
    """The farthest size that the rates allow; absent where no rate was asked."""

    selectPolicy: Annotated[str, Field(max_length=63)] | None = None
    """Which of `policies` counts; absent without `behavior`."""

    policies: list[PolicyExplanation] = Field(default=[], max_length=MOST_POLICIES)
    """Of the direction in which the size would move."""


class Explanation(Entry):
    """How the baseline came to its size, whoever decided. From the same moment as `target`, always: the two
    are worked out and written together."""

    course: ReasonText
    """Which way it took: `Measured`, or one without metrics: `AboveMaximum`, `BelowMinimum`, `Disabled`,
    `NoMetrics`, `ShrinkingBlocked`, `Unmeasured` or `NoScale`."""

    current: Count | None = None
    """The size that the target asked for."""

    tolerance: ToleranceExplanation | None = None
    """Absent where no metric was read."""

    metrics: list[MetricExplanation] = Field(default=[], max_length=MOST_METRICS)
    """In the order of the spec; none where none was read."""

    largest: Name | None = None
    """The metric that asks for most."""

    proposal: Count | None = None
    """The metrics' size; absent where there is none that counts."""

    stabilized: Stabilization | None = None
    """Absent where there was no proposal."""

    limited: Limits | None = None
    """Absent where there was no proposal."""

    desired: Count | None = None
    """The size wanted in the end; absent where there is none and the size stays."""

    reason: ReasonText
    """What had the last word."""

    message: Message = ""
    """The same in words."""

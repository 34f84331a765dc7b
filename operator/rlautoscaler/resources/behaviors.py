"""`spec.baseline.behavior`: how fast the baseline may scale, in the words of `autoscaling/v2`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, Strict

from rlautoscaler.resources import quantities
from rlautoscaler.resources.documents import Part
from rlautoscaler.resources.rules import Cause, Rule


class PolicyType(StrEnum):
    """What a rate is counted in."""

    PODS = "Pods"
    PERCENT = "Percent"


class SelectPolicy(StrEnum):
    """Which of several rates counts."""

    MAX = "Max"
    MIN = "Min"
    DISABLED = "Disabled"


class ScalingPolicy(Part):
    """One rate: no more than `value` pods or percent within `periodSeconds`."""

    place = "baseline.behavior.policies"

    type: Annotated[PolicyType, Strict(False)]
    """What `value` counts: `Pods`, or `Percent` of the size at the start of the period. Required."""

    value: Annotated[int, Field(ge=1, le=2**31 - 1)]
    """How many pods or percent. Required."""

    periodSeconds: Annotated[int, Field(ge=1, le=1800)]
    """The period in seconds, 1 to 1800. Required."""


class ScalingRules(Part):
    """Limits in one direction, as `autoscaling/v2` has them."""

    place = "baseline.behavior.rules"
    own_rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!has(self.policies) || size(self.policies) > 0",
            holds=lambda rules: rules.policies is None or len(rules.policies) > 0,
            message="policies needs at least one entry; leave the field out for the default rates",
            field="policies",
            cause=Cause.REQUIRED,
        ),
    )

    stabilizationWindowSeconds: Annotated[int, Field(ge=0, le=3600)] | None = None
    """Seconds of earlier recommendations that hold the size back, 0 to 3600. Default: 0 up, 300 down. A
    longer window follows load less closely and flaps less."""

    selectPolicy: Annotated[SelectPolicy, Strict(False)] | None = None
    """Which of `policies` counts: `Max` (the one that allows most), `Min`, or `Disabled` (never scale in this
    direction). Default `Max`."""

    policies: Annotated[list[ScalingPolicy], Field(max_length=16)] | None = None
    """Rates, of which `selectPolicy` takes one. Default: 4 pods or 100% in 15 seconds up, 100% in 15 seconds
    down. A list given here replaces the default as a whole."""

    tolerance: Annotated[int | str, quantities.TOLERANCE] | None = None
    """How far the metric may be from its target without a change, as a share (`0.05`, or `50m`). Default
    0.1."""


class Behavior(Part):
    """The HPA's `behavior`, as in `autoscaling/v2`: how fast the baseline may scale. Where it is absent, the
    HPA's older rules hold: up to 4 pods or the double at each interval, down with a window of 300 seconds."""

    place = "baseline.behavior"

    scaleUp: ScalingRules | None = None
    """Limits on adding replicas. Default: 4 pods or 100% in 15 seconds, without window."""

    scaleDown: ScalingRules | None = None
    """Limits on removing replicas. Default: 100% in 15 seconds, with a window of 300 seconds."""

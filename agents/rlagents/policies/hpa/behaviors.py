"""How fast an HPA may move: `spec.behavior`, as the user wrote it and with its gaps filled in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rlagents.policies.hpa.counts import Tolerance
from rlagents.policies.hpa.parameters import HpaParameters


class PolicyKind(StrEnum):
    """`type` of a scaling policy."""

    PODS = "Pods"
    PERCENT = "Percent"


class SelectPolicy(StrEnum):
    """Which of several policies counts: the one that allows most, least, or none."""

    MAX = "Max"
    MIN = "Min"
    DISABLED = "Disabled"


@dataclass(frozen=True, slots=True)
class Policy:
    """At most so many pods, or such a percentage, within a period."""

    kind: PolicyKind
    value: int
    period: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class ScalingRules:
    """One direction as the user wrote it; None stands for the default."""

    window: float | None = None
    """Seconds over which recommendations are held together."""
    select: SelectPolicy | None = None
    policies: tuple[Policy, ...] | None = None
    tolerance: float | None = None


@dataclass(frozen=True, slots=True)
class Behavior:
    """`spec.behavior`. That there is one, even an empty one, changes how the HPA works."""

    scale_up: ScalingRules = ScalingRules()
    scale_down: ScalingRules = ScalingRules()


@dataclass(frozen=True, slots=True)
class Rules:
    """One direction with nothing left open."""

    window: float
    select: SelectPolicy
    policies: tuple[Policy, ...]


UP_POLICIES: Final = (Policy(PolicyKind.PODS, 4, 15.0), Policy(PolicyKind.PERCENT, 100, 15.0))
DOWN_POLICIES: Final = (Policy(PolicyKind.PERCENT, 100, 15.0),)


def up_rules(behavior: Behavior) -> Rules:
    """The rules for growing, filled in; there is no window unless the user names one."""
    given = behavior.scale_up
    window = 0.0 if given.window is None else given.window
    return Rules(window, given.select or SelectPolicy.MAX, up_policies(behavior))


def down_rules(behavior: Behavior, parameters: HpaParameters) -> Rules:
    """The rules for shrinking, filled in; the window is the controller's unless the user names one."""
    given = behavior.scale_down
    window = parameters.downscale_window if given.window is None else given.window
    return Rules(window, given.select or SelectPolicy.MAX, down_policies(behavior))


def up_policies(behavior: Behavior) -> tuple[Policy, ...]:
    """The policies for growing: the user's list as a whole, or the default."""
    given = behavior.scale_up.policies
    return UP_POLICIES if given is None else given


def down_policies(behavior: Behavior) -> tuple[Policy, ...]:
    """The policies for shrinking: the user's list as a whole, or the default."""
    given = behavior.scale_down.policies
    return DOWN_POLICIES if given is None else given


def longest_period(policies: tuple[Policy, ...]) -> float:
    """Seconds after which none of the policies looks at a scale event any more."""
    return max((policy.period for policy in policies), default=0.0)


def tolerance(behavior: Behavior | None, parameters: HpaParameters) -> Tolerance:
    """The user's tolerance per direction where the gate is on, else the controller's."""
    if behavior is None or not parameters.configurable_tolerance:
        return Tolerance(parameters.tolerance, parameters.tolerance)
    up, down = behavior.scale_up.tolerance, behavior.scale_down.tolerance
    return Tolerance(
        up=parameters.tolerance if up is None else up,
        down=parameters.tolerance if down is None else down,
    )

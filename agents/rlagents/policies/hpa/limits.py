"""How far one pass may move the size: bounds, and rates with or without a memory of earlier changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rlagents.policies.hpa import counts
from rlagents.policies.hpa.behaviors import Policy, PolicyKind, Rules, SelectPolicy
from rlagents.policies.hpa.logs import HpaLogs, ScaleEvent
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.structs.reasons import Reason

_MESSAGES = {
    Reason.SCALE_UP_LIMIT: "the size may not grow faster at present",
    Reason.SCALE_DOWN_LIMIT: "the size may not shrink faster at present",
    Reason.TOO_MANY_REPLICAS: "the wanted size is above the maximum",
    Reason.TOO_FEW_REPLICAS: "the wanted size is below the minimum",
    Reason.DESIRED_WITHIN_RANGE: "the wanted size is within the bounds and the rates",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """What one policy of `behavior` allows at this pass."""

    policy: Policy
    start: int
    """The size before the changes of its period."""
    limit: int
    """The farthest size."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How far this pass may move the size, whatever the bounds."""

    limit: int
    """The farthest size. It may lie on the wrong side of the present size, which then is the limit."""
    select: SelectPolicy | None = None
    """Which of the rates counts; None without `behavior`."""
    rates: tuple[Rate, ...] = ()


@dataclass(frozen=True, slots=True)
class Limited:
    """The size after the limits, and which of them changed it."""

    replicas: int
    reason: Reason
    pace: Pace | None = None
    """None where no rate was asked: with `behavior`, a size that stays; without, one below the minimum."""

    @property
    def message(self) -> str:
        """The reason as a sentence."""
        return _MESSAGES[self.reason]


def per_pass(desired: int, current: int, low: int, high: int, parameters: HpaParameters) -> Limited:
    """Without `behavior`: the bounds, and a limit on growth that knows nothing of earlier passes.

    So the size can double at every pass, and nothing limits how fast it shrinks.
    """
    factor, least = parameters.scale_up_limit_factor, parameters.scale_up_limit_minimum
    limit = counts.truncation(max(factor * current, least))
    if desired < low:
        return Limited(low, Reason.TOO_FEW_REPLICAS)
    pace = Pace(limit)
    if desired > min(limit, high):
        return _capped(limit, high, pace)
    return Limited(desired, Reason.DESIRED_WITHIN_RANGE, pace)


def by_events(
    desired: int, current: int, low: int, high: int, up: Rules, down: Rules, logs: HpaLogs, now: float
) -> Limited:
    """With `behavior`: the policies' limits from the period's start, and the bound on the way.

    Only the maximum binds on the way up and only the minimum on the way down. `current` in between: growing
    never becomes shrinking because too much was added already, nor the other way round.
    """
    pace = None
    if desired > current:
        pace = up_pace(current, up, logs, now)
        limit = max(pace.limit, current)
        if desired > min(limit, high):
            return _capped(limit, high, pace)
    elif desired < current:
        pace = down_pace(current, down, logs, now)
        limit = min(pace.limit, current)
        if desired < max(limit, low):
            return _floored(limit, low, pace)
    return Limited(desired, Reason.DESIRED_WITHIN_RANGE, pace)


def up_limit(current: int, rules: Rules, logs: HpaLogs, now: float) -> int:
    """The greatest size that the rules for growing allow."""
    return up_pace(current, rules, logs, now).limit


def down_limit(current: int, rules: Rules, logs: HpaLogs, now: float) -> int:
    """The smallest size that the rules for shrinking allow."""
    return down_pace(current, rules, logs, now).limit


def up_pace(current: int, rules: Rules, logs: HpaLogs, now: float) -> Pace:
    """The greatest size that the rules for growing allow, with what each of them says."""
    rates = _rates(current, rules, logs, now, _up)
    limit = _selected([rate.limit for rate in rates], rules.select, current, generous=max, strict=min)
    return Pace(limit, rules.select, rates)


def down_pace(current: int, rules: Rules, logs: HpaLogs, now: float) -> Pace:
    """The smallest size that the rules for shrinking allow, with what each of them says."""
    rates = _rates(current, rules, logs, now, _down)
    limit = _selected([rate.limit for rate in rates], rules.select, current, generous=min, strict=max)
    return Pace(limit, rules.select, rates)


def period_start(current: int, period: float, logs: HpaLogs, now: float) -> int:
    """The size before the changes of the period, those up and those down, in either direction of scaling."""
    added, removed = _sum(logs.scale_ups, period, now), _sum(logs.scale_downs, period, now)
    return current - added + removed


def _rates(
    current: int, rules: Rules, logs: HpaLogs, now: float, allowed: Callable[[Policy, int], int]
) -> tuple[Rate, ...]:
    starts = [(policy, period_start(current, policy.period, logs, now)) for policy in rules.policies]
    return tuple(Rate(policy, start, allowed(policy, start)) for policy, start in starts)


def _sum(events: Iterable[ScaleEvent], period: float, now: float) -> int:
    return sum(event.change for event in events if now - event.at < period)


def _up(policy: Policy, start: int) -> int:
    if policy.kind is PolicyKind.PODS:
        return counts.count(start + policy.value)
    # Rounded up, or a small percentage of a small size could never grow. In doubles, 10 % above 100 is 111.
    return counts.ceiling(float(start) * (1.0 + policy.value / 100.0))


def _down(policy: Policy, start: int) -> int:
    if policy.kind is PolicyKind.PODS:
        return counts.count(start - policy.value)
    return counts.truncation(float(start) * (1.0 - policy.value / 100.0))


def _selected(
    limits: Sequence[int],
    select: SelectPolicy,
    current: int,
    *,
    generous: Callable[[Sequence[int]], int],
    strict: Callable[[Sequence[int]], int],
) -> int:
    if select is SelectPolicy.DISABLED or not limits:
        return current
    return strict(limits) if select is SelectPolicy.MIN else generous(limits)


def _capped(limit: int, high: int, pace: Pace) -> Limited:
    if high > limit:
        return Limited(limit, Reason.SCALE_UP_LIMIT, pace)
    return Limited(high, Reason.TOO_MANY_REPLICAS, pace)


def _floored(limit: int, low: int, pace: Pace) -> Limited:
    if low < limit:
        return Limited(limit, Reason.SCALE_DOWN_LIMIT, pace)
    return Limited(low, Reason.TOO_FEW_REPLICAS, pace)

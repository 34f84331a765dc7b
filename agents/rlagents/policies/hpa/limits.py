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
class Limited:
    """The size after the limits, and which of them changed it."""

    replicas: int
    reason: Reason

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
    if desired > min(limit, high):
        return _capped(limit, high)
    return Limited(desired, Reason.DESIRED_WITHIN_RANGE)


def by_events(
    desired: int, current: int, low: int, high: int, up: Rules, down: Rules, logs: HpaLogs, now: float
) -> Limited:
    """With `behavior`: the policies' limits from the period's start, and the bound on the way.

    Only the maximum binds on the way up and only the minimum on the way down. `current` in between: growing
    never becomes shrinking because too much was added already, nor the other way round.
    """
    if desired > current:
        limit = max(up_limit(current, up, logs, now), current)
        if desired > min(limit, high):
            return _capped(limit, high)
    elif desired < current:
        limit = min(down_limit(current, down, logs, now), current)
        if desired < max(limit, low):
            return _floored(limit, low)
    return Limited(desired, Reason.DESIRED_WITHIN_RANGE)


def up_limit(current: int, rules: Rules, logs: HpaLogs, now: float) -> int:
    """The greatest size that the rules for growing allow."""
    limits = [_up(policy, period_start(current, policy.period, logs, now)) for policy in rules.policies]
    return _selected(limits, rules.select, current, generous=max, strict=min)


def down_limit(current: int, rules: Rules, logs: HpaLogs, now: float) -> int:
    """The smallest size that the rules for shrinking allow."""
    limits = [_down(policy, period_start(current, policy.period, logs, now)) for policy in rules.policies]
    return _selected(limits, rules.select, current, generous=min, strict=max)


def period_start(current: int, period: float, logs: HpaLogs, now: float) -> int:
    """The size before the changes of the period, those up and those down, in either direction of scaling."""
    added, removed = _sum(logs.scale_ups, period, now), _sum(logs.scale_downs, period, now)
    return current - added + removed


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


def _capped(limit: int, high: int) -> Limited:
    return Limited(limit, Reason.SCALE_UP_LIMIT) if high > limit else Limited(high, Reason.TOO_MANY_REPLICAS)


def _floored(limit: int, low: int) -> Limited:
    return Limited(limit, Reason.SCALE_DOWN_LIMIT) if low < limit else Limited(low, Reason.TOO_FEW_REPLICAS)

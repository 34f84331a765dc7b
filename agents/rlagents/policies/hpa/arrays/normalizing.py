"""From proposals to the sizes wanted, both ways; see `hpa.stabilizing` and `hpa.limits`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlagents.policies.hpa.arrays import counts
from rlagents.policies.hpa.arrays.counts import Bools, Codes, Floats, Ints
from rlagents.policies.hpa.arrays.logs import LogArrays, RecommendationLog
from rlagents.policies.hpa.behaviors import SelectPolicy
from rlagents.policies.hpa.counts import LARGEST_COUNT
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.structs.reasons import Reason

REASONS = (None, *Reason)
"""What the codes of reasons stand for; the first where a pass says nothing of it."""
SELECTS = tuple(SelectPolicy)
"""What the codes of `RuleArrays.select` stand for."""

_MIN, _DISABLED = SELECTS.index(SelectPolicy.MIN), SELECTS.index(SelectPolicy.DISABLED)


def code(reason: Reason) -> np.int16:
    """A reason as it stands in arrays."""
    return np.int16(REASONS.index(reason))


@dataclass(frozen=True, slots=True)
class RuleArrays:
    """One direction of `behavior`, with nothing left open."""

    window: Floats
    """Seconds, shape [services]."""
    select: Codes
    """Shape [services]."""
    exists: Bools
    """Policies have shape [services, policies]; here, which slots hold one."""
    is_percent: Bools
    value: Ints
    period: Floats
    """Seconds."""

    @property
    def longest_period(self) -> Floats:
        """Of all policies; shape [services]."""
        return np.asarray(np.max(np.where(self.exists, self.period, 0.0), axis=1, initial=0.0))


@dataclass(frozen=True, slots=True)
class BehaviorArrays:
    """Both directions."""

    up: RuleArrays
    down: RuleArrays


@dataclass(frozen=True, slots=True)
class Normalized:
    """Sizes and reasons; shape [services]."""

    replicas: Ints
    is_limited: Bools
    able: Codes
    """Reason of `AbleToScale`."""
    limited: Codes
    """Reason of `ScalingLimited`."""


def retention(behavior: BehaviorArrays | None, parameters: HpaParameters, services: int) -> Floats:
    """Seconds after which a recommendation counts for nothing."""
    if behavior is None:
        return np.full(services, parameters.downscale_window)
    return np.asarray(np.maximum(behavior.up.window, behavior.down.window))


def normalize(
    proposal: Ints,
    current: Ints,
    bounds: tuple[Ints, Ints],
    behavior: BehaviorArrays | None,
    parameters: HpaParameters,
    logs: LogArrays,
    now: Floats,
) -> Normalized:
    """The sizes wanted; `logs` are those before this pass, `bounds` minimum and maximum."""
    if behavior is None:
        stable = _extreme(logs.recommendations, proposal, now, parameters.downscale_window, closed=True)
        able = np.where(stable != proposal, code(Reason.SCALE_DOWN_STABILIZED), _FREE)
        replicas, limited = _per_pass(stable, current, bounds, parameters)
    else:
        lowest = _extreme(logs.recommendations, proposal, now, behavior.up.window, largest=False)
        highest = _extreme(logs.recommendations, proposal, now, behavior.down.window)
        stable = np.minimum(np.maximum(current, lowest), highest)
        held = np.where(
            proposal >= current, code(Reason.SCALE_UP_STABILIZED), code(Reason.SCALE_DOWN_STABILIZED)
        )
        able = np.where(stable == proposal, _FREE, held)
        replicas, limited = _by_events(stable, current, bounds, behavior, logs, now)
    return Normalized(replicas, replicas != stable, able, limited)


_FREE = code(Reason.READY_FOR_NEW_SCALE)


def _extreme(
    log: RecommendationLog,
    proposal: Ints,
    now: Floats,
    window: Floats | float,
    *,
    largest: bool = True,
    closed: bool = False,
) -> Ints:
    """Of the proposal and the recommendations of a window; `closed`: whether its far end counts."""
    age, reach = now[:, np.newaxis] - log.at, np.asarray(window).reshape(-1, 1)
    recent = log.filled & ((age <= reach) if closed else (age < reach))
    if largest:
        past = np.where(recent, log.replicas, -LARGEST_COUNT - 1)
        return np.asarray(np.maximum(proposal, np.max(past, axis=1, initial=-LARGEST_COUNT - 1)))
    past = np.where(recent, log.replicas, LARGEST_COUNT)
    return np.asarray(np.minimum(proposal, np.min(past, axis=1, initial=LARGEST_COUNT)))


def _per_pass(
    desired: Ints, current: Ints, bounds: tuple[Ints, Ints], parameters: HpaParameters
) -> tuple[Ints, Codes]:
    low, high = bounds
    limit = counts.truncation(
        np.maximum(parameters.scale_up_limit_factor * current, parameters.scale_up_limit_minimum)
    )
    cap = np.where(high > limit, limit, high)
    capped = np.where(high > limit, code(Reason.SCALE_UP_LIMIT), code(Reason.TOO_MANY_REPLICAS))
    below, above = desired < low, desired > cap
    reason = np.where(above, capped, code(Reason.DESIRED_WITHIN_RANGE))
    return (
        np.where(below, low, np.where(above, cap, desired)),
        np.where(below, code(Reason.TOO_FEW_REPLICAS), reason),
    )


def _by_events(
    desired: Ints,
    current: Ints,
    bounds: tuple[Ints, Ints],
    behavior: BehaviorArrays,
    logs: LogArrays,
    now: Floats,
) -> tuple[Ints, Codes]:
    low, high = bounds
    most = np.maximum(_up_limit(current, behavior.up, logs, now), current)
    least = np.minimum(_down_limit(current, behavior.down, logs, now), current)
    cap, floor = np.minimum(most, high), np.maximum(least, low)
    above, below = (desired > current) & (desired > cap), (desired < current) & (desired < floor)
    capped = np.where(high > most, code(Reason.SCALE_UP_LIMIT), code(Reason.TOO_MANY_REPLICAS))
    floored = np.where(low < least, code(Reason.SCALE_DOWN_LIMIT), code(Reason.TOO_FEW_REPLICAS))
    within = code(Reason.DESIRED_WITHIN_RANGE)
    return (
        np.where(above, cap, np.where(below, floor, desired)),
        np.where(above, capped, np.where(below, floored, within)),
    )


def _up_limit(current: Ints, rules: RuleArrays, logs: LogArrays, now: Floats) -> Ints:
    start = _starts(current, rules, logs, now)
    grown = counts.ceiling(start.astype(np.float64) * (1.0 + rules.value / 100.0))
    limits = np.where(rules.is_percent, grown, counts.count(start + rules.value))
    return _selected(limits, rules, current, generous_is_largest=True)


def _down_limit(current: Ints, rules: RuleArrays, logs: LogArrays, now: Floats) -> Ints:
    start = _starts(current, rules, logs, now)
    shrunk = counts.truncation(start.astype(np.float64) * (1.0 - rules.value / 100.0))
    limits = np.where(rules.is_percent, shrunk, counts.count(start - rules.value))
    return _selected(limits, rules, current, generous_is_largest=False)


def _starts(current: Ints, rules: RuleArrays, logs: LogArrays, now: Floats) -> Ints:
    """The sizes before each policy's period; shape [services, policies]."""
    changes = [
        logs.scale_downs.total(period, now) - logs.scale_ups.total(period, now) for period in rules.period.T
    ]
    if not changes:
        return np.zeros((len(current), 0), np.int64)
    return current[:, np.newaxis] + np.stack(changes, axis=1)


def _selected(limits: Ints, rules: RuleArrays, current: Ints, *, generous_is_largest: bool) -> Ints:
    largest = np.max(np.where(rules.exists, limits, -LARGEST_COUNT - 1), axis=1, initial=-LARGEST_COUNT - 1)
    smallest = np.min(np.where(rules.exists, limits, LARGEST_COUNT), axis=1, initial=LARGEST_COUNT)
    wants_largest = (rules.select != _MIN) if generous_is_largest else (rules.select == _MIN)
    chosen = np.where(wants_largest, largest, smallest)
    idle = (rules.select == _DISABLED) | ~np.any(rules.exists, axis=1)
    return np.where(idle, current, chosen)

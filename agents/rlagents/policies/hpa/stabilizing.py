"""Holding a size against proposals that come and go: the largest or smallest of the recent ones counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rlagents.policies.hpa.behaviors import Rules
from rlagents.policies.hpa.logs import Recommendation
from rlagents.structs.reasons import Reason


@dataclass(frozen=True, slots=True)
class Hold:
    """What one window says."""

    window: float
    """Seconds."""
    replicas: int
    """The size may grow to this (scale-up window), or shrink to this (scale-down window)."""
    at: float | None = None
    """When that was recommended, last; None for the proposal of this very pass."""


@dataclass(frozen=True, slots=True)
class Stabilized:
    """The size after looking back, and which recommendation it comes from."""

    replicas: int
    reason: Reason
    message: str
    up: Hold | None = None
    """Of the scale-up window; None without `behavior`, which has none."""
    down: Hold | None = None
    """Of the scale-down window."""


def by_window(
    proposal: int, recommendations: Sequence[Recommendation], window: float, now: float
) -> Stabilized:
    """Without `behavior`: the largest recommendation of the window, whose far end still counts."""
    recent = [one for one in recommendations if now - one.at <= window]
    stable = max([proposal, *(one.replicas for one in recent)])
    told = _held_down(stable) if stable != proposal else _free(stable)
    return replace(told, down=_hold(window, stable, proposal, recent))


def by_rules(
    proposal: int, current: int, recommendations: Sequence[Recommendation], up: Rules, down: Rules, now: float
) -> Stabilized:
    """With `behavior`: the present size, moved no further than all recent recommendations agree on.

    The far end of either window does not count. Where both are open the size stays between the two bounds,
    whichever way the proposal points.
    """
    recent_up = [one for one in recommendations if now - one.at < up.window]
    recent_down = [one for one in recommendations if now - one.at < down.window]
    lowest = min([proposal, *(one.replicas for one in recent_up)])
    highest = max([proposal, *(one.replicas for one in recent_down)])
    stable = min(max(current, lowest), highest)
    if stable == proposal:
        told = _free(stable)
    else:
        told = _held_up(stable) if proposal >= current else _held_down(stable)
    return replace(
        told,
        up=_hold(up.window, lowest, proposal, recent_up),
        down=_hold(down.window, highest, proposal, recent_down),
    )


def _hold(window: float, replicas: int, proposal: int, recent: Sequence[Recommendation]) -> Hold:
    if replicas == proposal:
        return Hold(window, replicas)
    return Hold(window, replicas, max(one.at for one in recent if one.replicas == replicas))


def _free(replicas: int) -> Stabilized:
    return Stabilized(
        replicas, Reason.READY_FOR_NEW_SCALE, "no recent recommendation stands against the proposal"
    )


def _held_down(replicas: int) -> Stabilized:
    message = "recent recommendations were higher than the proposal, the highest of them counts"
    return Stabilized(replicas, Reason.SCALE_DOWN_STABILIZED, message)


def _held_up(replicas: int) -> Stabilized:
    message = "recent recommendations were lower than the proposal, the lowest of them counts"
    return Stabilized(replicas, Reason.SCALE_UP_STABILIZED, message)

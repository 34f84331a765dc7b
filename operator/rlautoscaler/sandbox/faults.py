"""What can go wrong with metrics, on demand."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from rlautoscaler.sandbox.families import Family


class Effect(StrEnum):
    """What happens to the series that a fault meets."""

    STOPPED = "stopped"
    """They are no longer shown; Prometheus ends them at its next scrape."""
    FROZEN = "frozen"
    """The last values stay, with the time at which they were true, so their age grows."""
    STUCK = "stuck"
    """The last values stay and claim to be fresh: counters stand still."""
    NOT_A_NUMBER = "nan"
    DELAYED = "delayed"
    """Values come late, with the time at which they were true."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Of several that meet a series, the one injected first counts."""

    effect: Effect
    metric: str = ""
    """Start of the metric's name, as `istio_`; empty for all."""
    containing: str = ""
    """Part of the series' text, as `pod="checkout-x"`; empty for all."""
    seconds: float = 0.0
    """How late, for `DELAYED`."""

    def meets(self, series: str) -> bool:
        """Whether a series, `name{labels}`, is concerned."""
        return series.startswith(self.metric) and self.containing in series

    def part(self, family: Family, *, met: bool) -> Family:
        """The series of a family that are concerned, or those that are not."""
        return replace(family, samples=[one for one in family.samples if self.meets(one[0]) is met])


class ActiveFault:
    """A fault that was injected, with the past values that it shows."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._past: deque[tuple[float, Mapping[str, Family]]] = deque()

    @property
    def wants_more(self) -> bool:
        """Whether it is to be shown the values of this moment."""
        if self.fault.effect is Effect.DELAYED:
            return True
        return self.fault.effect in (Effect.FROZEN, Effect.STUCK) and not self._past

    def observe(self, families: Iterable[Family], now: float) -> None:
        """Remember the true values of a moment, those it meets."""
        self._past.append((now, {family.name: self.fault.part(family, met=True) for family in families}))
        while len(self._past) > 1 and self._past[1][0] <= now - self.fault.seconds:
            self._past.popleft()

    def shown(self, met: Family, now: float) -> Family:
        """What is shown in place of a family's concerned series."""
        match self.fault.effect:
            case Effect.STOPPED:
                return replace(met, samples=[])
            case Effect.NOT_A_NUMBER:
                return replace(met, samples=[(series, math.nan) for series, _ in met.samples])
            case Effect.STUCK:
                return self._past[0][1].get(met.name, met) if self._past else met
            case Effect.FROZEN | Effect.DELAYED:
                return self._from_the_past(met, now)

    def _from_the_past(self, met: Family, now: float) -> Family:
        if not self._past or self._past[0][0] > now - self.fault.seconds:
            return replace(met, samples=[])  # nothing that old is known yet
        at, families = self._past[0]
        return replace(families.get(met.name, replace(met, samples=[])), at=at)


def applied(faults: Iterable[ActiveFault], families: Iterable[Family], now: float) -> list[Family]:
    """The families as an exporter with these faults shows them; a family may come in several parts."""
    parts = []
    for family in families:
        for active in faults:
            parts.append(active.shown(active.fault.part(family, met=True), now))
            family = active.fault.part(family, met=False)
        parts.append(family)
    return parts

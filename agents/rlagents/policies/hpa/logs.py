"""What an HPA remembers between passes: its recommendations, and the changes of size it made.

Kubernetes reuses the slots of its lists in its own way, met here exactly: a new entry overwrites the *last*
slot whose entry has had its day, all other such entries stay, and without one the list grows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from operator import index
from typing import Any, TypeVar

from rlagents.policies.hpa import behaviors, counts
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.policies.hpa.specs import HpaSpec

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What the metrics proposed at one pass, before anything stabilised or limited it."""

    replicas: int
    at: float


@dataclass(frozen=True, slots=True)
class ScaleEvent:
    """A change of size that was written."""

    change: int
    """Replicas added or removed, without a sign."""
    at: float
    outdated: bool = False
    """Its slot may be overwritten. Sums go by age alone."""


@dataclass(frozen=True, slots=True)
class HpaLogs:
    """Everything an HPA remembers; times are seconds since the epoch."""

    recommendations: tuple[Recommendation, ...] | None = None
    """None where the HPA is seen for the first time, which an empty log does not mean."""
    scale_ups: tuple[ScaleEvent, ...] = ()
    scale_downs: tuple[ScaleEvent, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Columns of numbers, to be stored as JSON; `from_plain` reads them back to the same logs."""
        plain: dict[str, Any] = {
            "scaleUps": _columns(self.scale_ups),
            "scaleDowns": _columns(self.scale_downs),
        }
        if self.recommendations is not None:
            plain["recommendations"] = {
                "replicas": [one.replicas for one in self.recommendations],
                "at": [one.at for one in self.recommendations],
            }
        return plain

    @staticmethod
    def from_plain(plain: Any) -> HpaLogs:
        """The stored logs, as far as they can be read. Never raises: anybody may have edited them.

        Recommendations that are absent or damaged are None as a whole, so that the next pass protects the
        present size; damaged events are forgotten.
        """
        fields = plain if isinstance(plain, dict) else {}
        return HpaLogs(
            recommendations=_recommendations(fields.get("recommendations")),
            scale_ups=_events(fields.get("scaleUps")),
            scale_downs=_events(fields.get("scaleDowns")),
        )


def begun(logs: HpaLogs | None, current: int, now: float) -> HpaLogs:
    """The logs, begun with the present size where there is no recommendation log at all.

    So nothing shrinks for one downscale window after an HPA is seen for the first time.
    """
    known = logs or HpaLogs()
    if known.recommendations is not None:
        return known
    return replace(known, recommendations=(Recommendation(current, now),))


def resumed(logs: HpaLogs, spec: HpaSpec, parameters: HpaParameters, current: int, now: float) -> HpaLogs:
    """Logs that were stored some time before a restart: what may be missing becomes the present size.

    That protects it for one window, as the HPA's own restart does. Times ahead of the clock become now.
    """
    if logs.recommendations is None:
        return begun(logs, current, now)
    past = tuple(replace(one, at=min(one.at, now)) for one in logs.recommendations)
    return recommended(replace(logs, recommendations=past), current, now, retention(spec, parameters))


def retention(spec: HpaSpec, parameters: HpaParameters) -> float:
    """Seconds after which a recommendation counts for nothing and its slot may be overwritten."""
    if spec.behavior is None:
        return parameters.downscale_window
    return max(
        behaviors.up_rules(spec.behavior).window, behaviors.down_rules(spec.behavior, parameters).window
    )


def recommended(logs: HpaLogs, proposal: int, now: float, kept: float) -> HpaLogs:
    """The logs with a raw proposal noted; entries older than `kept` seconds have had their day."""
    entries = _noted(
        logs.recommendations or (), Recommendation(proposal, now), lambda entry: now - entry.at > kept
    )
    return replace(logs, recommendations=entries)


def rescaled(logs: HpaLogs, spec: HpaSpec, current: int, desired: int, now: float) -> HpaLogs:
    """The logs after the size was written. Without a `behavior` section nothing is noted."""
    if spec.behavior is None or desired == current:
        return logs
    event = ScaleEvent(abs(desired - current), now)
    if desired > current:
        period = behaviors.longest_period(behaviors.up_policies(spec.behavior))
        return replace(logs, scale_ups=_happened(logs.scale_ups, event, period))
    period = behaviors.longest_period(behaviors.down_policies(spec.behavior))
    return replace(logs, scale_downs=_happened(logs.scale_downs, event, period))


def _happened(events: Iterable[ScaleEvent], event: ScaleEvent, period: float) -> tuple[ScaleEvent, ...]:
    """The mark stays with an entry, also where the periods grow longer later."""
    marked = [replace(one, outdated=one.outdated or event.at - one.at > period) for one in events]
    return _noted(marked, event, lambda one: one.outdated)


def _noted(entries: Iterable[Entry], new: Entry, is_free: Callable[[Entry], bool]) -> tuple[Entry, ...]:
    slots = list(entries)
    free = [place for place, entry in enumerate(slots) if is_free(entry)]
    if free:
        slots[free[-1]] = new
    else:
        slots.append(new)
    return tuple(slots)


def _columns(events: Iterable[ScaleEvent]) -> dict[str, Any]:
    listed = list(events)
    return {
        "change": [one.change for one in listed],
        "at": [one.at for one in listed],
        "outdated": [one.outdated for one in listed],
    }


def _recommendations(columns: Any) -> tuple[Recommendation, ...] | None:
    try:
        rows = zip(columns["replicas"], columns["at"], strict=True)
        return tuple(Recommendation(_count(replicas), _time(at)) for replicas, at in rows)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _events(columns: Any) -> tuple[ScaleEvent, ...]:
    try:
        rows = zip(columns["change"], columns["at"], columns["outdated"], strict=True)
        return tuple(ScaleEvent(_count(change), _time(at), bool(outdated)) for change, at, outdated in rows)
    except (KeyError, TypeError, ValueError, OverflowError):
        return ()


def _count(plain: Any) -> int:
    return counts.count(index(plain))


def _time(plain: Any) -> float:
    at = float(plain)
    if not math.isfinite(at):
        raise ValueError(f"{plain!r} is no moment")
    return at

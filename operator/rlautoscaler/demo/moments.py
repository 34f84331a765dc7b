"""What is known at one second of the demo: the truth of both services, and what the autoscalers say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlautoscaler.clients.protocols import (
    EVENTS,
    HORIZONTALPODAUTOSCALERS,
    RLAUTOSCALERS,
    KubeApi,
    Manifest,
)
from rlautoscaler.demo.scenarios import Scenario
from rlautoscaler.errors import ApiError
from rlautoscaler.resources import names
from rlautoscaler.sandbox.records import Record

_KINDS = (names.KIND, "HorizontalPodAutoscaler")
_EVENTS = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an RLAutoscaler says of its last decision; empty before the first."""

    source: str = ""
    """`Policy` or `Baseline`."""
    reason: str = ""
    """Why it was that source's turn."""
    message: str = ""
    baseline: int | None = None
    """What each would have set."""
    policy: int | None = None
    applied: int | None = None
    limited: str = ""
    """The guard or bound that had the last word."""


@dataclass(frozen=True, slots=True)
class Event:
    """One Kubernetes event of an autoscaler."""

    at: str
    """RFC 3339."""
    about: str
    """Name of the autoscaler."""
    reason: str
    message: str
    is_warning: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """One second."""

    elapsed: float
    """Seconds since the comparison began."""
    duration: float
    """Seconds it shall take."""
    ours: Sequence[Record]
    """All records since the beginning, oldest first."""
    twin: Sequence[Record]
    verdict: Verdict
    hpa: str
    """The twin's autoscaler in one line."""
    events: Sequence[Event]
    """The last ones, newest first."""


class Reader:
    """Reads what the autoscalers say. What cannot be read at a moment stays as it was."""

    def __init__(self, api: KubeApi, scenario: Scenario, *, has_hpa: bool) -> None:
        self.verdict = Verdict()
        self.hpa = ""
        self.events: Sequence[Event] = ()
        self._api = api
        self._scenario = scenario
        self._has_hpa = has_hpa

    async def read(self) -> None:
        """Bring everything up to date, as far as the API server answers."""
        ours, twin = self._scenario.ours, self._scenario.twin
        try:
            self.verdict = verdict(await self._api.get(RLAUTOSCALERS, ours.namespace, ours.name))
            if self._has_hpa:
                manifest = await self._api.get(HORIZONTALPODAUTOSCALERS, twin.namespace, twin.name)
                self.hpa = hpa_line(manifest)
            else:
                other = verdict(await self._api.get(RLAUTOSCALERS, twin.namespace, twin.name))
                self.hpa = other.message
            self.events = newest((await self._api.list(EVENTS, ours.namespace)).items)
        except ApiError:
            # The next second is another try; the demo itself watches whether the API server lives.
            return


def verdict(manifest: Manifest) -> Verdict:
    """From an RLAutoscaler's status."""
    target = (manifest.get("status") or {}).get("horizontal", {}).get("target")
    if target is None:
        return Verdict()
    return Verdict(
        source=target["source"],
        reason=target["reason"],
        message=target.get("message", ""),
        baseline=target.get("baseline"),
        policy=target.get("policy"),
        applied=target["applied"],
        limited=target.get("limitedReason", ""),
    )


def is_active(manifest: Manifest) -> bool:
    """Whether an HPA has found a valid metric."""
    conditions = (manifest.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "ScalingActive" and one["status"] == "True" for one in conditions)


def hpa_line(manifest: Manifest) -> str:
    """An HPA's status in one line: what it sees, and what limits it."""
    status = manifest.get("status") or {}
    conditions = {one["type"]: one for one in status.get("conditions") or ()}
    active = conditions.get("ScalingActive")
    if active is None:
        return "has not looked yet"
    if active["status"] != "True":
        return str(active["message"])
    able = conditions.get("AbleToScale", {})
    return f"{_utilization(status)}wants {status.get('desiredReplicas', 0)} ({able.get('reason', 'unknown')})"


def newest(manifests: Sequence[Manifest]) -> list[Event]:
    """The autoscalers' last events, newest first."""
    concerned = [one for one in manifests if one.get("involvedObject", {}).get("kind") in _KINDS]
    events = [_event(one) for one in concerned]
    return sorted(events, key=lambda event: event.at, reverse=True)[:_EVENTS]


def _event(manifest: Manifest) -> Event:
    at = manifest.get("eventTime") or manifest.get("lastTimestamp")
    return Event(
        # The last of a series counts, where the server has made one of equal events.
        at=manifest.get("lastTimestamp") or at or manifest["metadata"].get("creationTimestamp", ""),
        about=manifest["involvedObject"]["name"],
        reason=manifest.get("reason", ""),
        message=manifest.get("message", ""),
        is_warning=manifest.get("type") == "Warning",
    )


def _utilization(status: Mapping[str, Any]) -> str:
    for metric in status.get("currentMetrics") or ():
        current = metric.get("resource", {}).get("current", {})
        if "averageUtilization" in current:
            return f"sees CPU at {current['averageUtilization']} %, "
    return ""

"""Kubernetes Events: what happened, for `kubectl describe`.

An event that repeats within an hour (the time the API server keeps one) is not written again: its count
goes up. Each autoscaler has a bucket of events, as in client-go's EventSourceObjectSpamFilter, so that a
target that flaps cannot fill the API server's store; what overflows is dropped and counted.

Posting never raises: an event that could not be written must not stop a tick that scales.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from rlagents.structs.states import WorkloadKey
from rlautoscaler.acting import texts, times
from rlautoscaler.clients.protocols import EVENTS, RLAUTOSCALERS, KubeApi, Manifest
from rlautoscaler.errors import ApiError, NotFoundError
from rlautoscaler.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

COMPONENT = "rlautoscaler"

AGGREGATED_FOR = 3600.0
"""Seconds since the first event of its kind during which repetitions are counted onto it."""

BURST = 25
"""Events of one autoscaler that may be written at once."""

REFILL = 1 / 60
"""Events per second that come back into the bucket: with a steady trouble one write a minute."""

_NOTE_BYTES = 1024
"""Longest message that `events.k8s.io` takes."""

_NAME_BYTES = 230
"""Of the autoscaler's name within the event's, which may have 253."""


class EventType(StrEnum):
    """`type` of an Event."""

    NORMAL = "Normal"
    WARNING = "Warning"


class EventReason(StrEnum):
    """Stable reasons: alerts and scripts may rely on them. The first three are the HPA's."""

    SUCCESSFUL_RESCALE = "SuccessfulRescale"
    """The target's size was changed."""
    FAILED_RESCALE = "FailedRescale"
    """The API server did not take the new size."""
    FAILED_GET_SCALE = "FailedGetScale"
    """The target or its scale subresource could not be read."""
    IN_PLACE_RESIZED = "InPlaceResized"
    """A running pod has its new limits."""
    IN_PLACE_RESIZE_DEFERRED = "InPlaceResizeDeferred"
    """The node has no room now; the kubelet tries again."""
    IN_PLACE_RESIZE_INFEASIBLE = "InPlaceResizeInfeasible"
    """The node can never give the new limits."""
    ACTION_VETOED = "ActionVetoed"
    """A guard changed what the learned policy wanted."""
    ACTION_REVERTED = "ActionReverted"
    """A change was taken back because of what followed it."""
    FALLBACK_ACTIVATED = "FallbackActivated"
    """The baseline decides in the learned policy's place."""
    FALLBACK_DEACTIVATED = "FallbackDeactivated"
    """The learned policy decides again."""
    PAUSED = "Paused"
    """The user stopped one or both directions."""
    UNPAUSED = "Unpaused"
    """The user let it scale again."""
    ROLLOUT_ADVANCED = "RolloutAdvanced"
    """The learned policy earned a larger share of the time."""
    ROLLOUT_ROLLED_BACK = "RolloutRolledBack"
    """The learned policy lost share of the time."""
    METRICS_STALE = "MetricsStale"
    """No metric gives the baseline a size any more."""
    POLICY_NOT_READY = "PolicyNotReady"
    """The learned policy could not be asked."""
    SCALED_EXTERNALLY = "ScaledExternally"
    """Somebody else changed the size that the operator looks after."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. Differs from the Event's manifest by having no object, time or count yet."""

    type: EventType
    reason: EventReason
    message: str


@dataclass(slots=True)
class _Posted:
    """An event that was written and may be counted up."""

    name: str
    first_at: float
    count: int = 1


@dataclass(slots=True)
class _Bucket:
    """Tokens of one autoscaler."""

    tokens: float
    at: float

    def take(self, now: float) -> bool:
        self.tokens = min(float(BURST), self.tokens + max(0.0, now - self.at) * REFILL)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Recorder:
    """Writes notices as Events and remembers which, for the hour in which they may repeat.

    clock: seconds since the epoch. instance: which process, as `reportingInstance`.
    """

    def __init__(self, api: KubeApi, metrics: Metrics, *, clock: Callable[[], float], instance: str) -> None:
        self._api = api
        self._metrics = metrics
        self._clock = clock
        self._instance = instance
        self._posted: dict[WorkloadKey, dict[Notice, _Posted]] = {}
        self._buckets: dict[WorkloadKey, _Bucket] = {}
        self._serial = 0

    async def post(self, key: WorkloadKey, uid: str, notice: Notice) -> None:
        """Tell one thing about an autoscaler. Refusals are logged and counted, never raised."""
        now = self._clock()
        if not self._buckets.setdefault(key, _Bucket(BURST, now)).take(now):
            self._metrics.events_dropped_total.inc()
            return
        try:
            await self._write(key, uid, notice, now)
        except ApiError as error:
            self._metrics.write_errors_total.labels("event").inc()
            logger.warning("The event %s of %s could not be written: %s", notice.reason, key, error)

    def forget(self, key: WorkloadKey) -> None:
        """Free what is remembered of an autoscaler that is no more."""
        self._posted.pop(key, None)
        self._buckets.pop(key, None)

    async def _write(self, key: WorkloadKey, uid: str, notice: Notice, now: float) -> None:
        posted = self._recent(key, now)
        earlier = posted.get(notice)
        if earlier is not None and await self._count_up(key, earlier, now):
            return
        # Microseconds as client-go has them, and never the same twice, however coarse the clock is.
        self._serial = max(self._serial + 1, int(now * 1e6))
        event = manifest(key, uid, notice, at=now, serial=self._serial, instance=self._instance)
        await self._api.create(EVENTS, key.namespace, event)
        posted[notice] = _Posted(event["metadata"]["name"], now)

    async def _count_up(self, key: WorkloadKey, posted: _Posted, now: float) -> bool:
        """Whether it could be counted; an event that is gone meanwhile is to be written anew."""
        patch = {"count": posted.count + 1, "lastTimestamp": times.second(now)}
        try:
            await self._api.patch(EVENTS, key.namespace, posted.name, patch)
        except NotFoundError:
            return False
        posted.count += 1
        return True

    def _recent(self, key: WorkloadKey, now: float) -> dict[Notice, _Posted]:
        posted = self._posted.get(key, {})
        recent = {notice: event for notice, event in posted.items() if now - event.first_at < AGGREGATED_FOR}
        self._posted[key] = recent
        return recent


def manifest(
    key: WorkloadKey, uid: str, notice: Notice, *, at: float, serial: int, instance: str
) -> Manifest:
    """The Event as it is first written. Its name ends in `serial`, which makes it the only one."""
    return {
        "apiVersion": EVENTS.api_version,
        "kind": "Event",
        "metadata": {"namespace": key.namespace, "name": f"{key.name[:_NAME_BYTES]}.{serial:x}"},
        "involvedObject": {
            "apiVersion": RLAUTOSCALERS.api_version,
            "kind": "RLAutoscaler",
            "namespace": key.namespace,
            "name": key.name,
            "uid": uid,
        },
        "type": notice.type.value,
        "reason": notice.reason.value,
        "message": texts.fitted(notice.message, _NOTE_BYTES),
        "firstTimestamp": times.second(at),
        "lastTimestamp": times.second(at),
        "count": 1,
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": instance,
    }

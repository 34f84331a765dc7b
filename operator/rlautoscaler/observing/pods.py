"""From pod manifests to pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase
from rlagents.structs.quantities import to_milli
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.observing.shapes import POD, picked

CRASH_LOOP = "CrashLoopBackOff"


def parsed(manifest: Manifest) -> Pod:
    """What deciding needs of a pod, understood once on its arrival; nothing else of it is kept.

    Fields that are missing or make no sense count as not set.
    """
    manifest = picked(manifest, POD)
    metadata, spec, status = (manifest.get(part) or {} for part in ("metadata", "spec", "status"))
    ready = next((one for one in status.get("conditions") or () if one.get("type") == "Ready"), None)
    statuses = status.get("containerStatuses") or []
    return Pod(
        name=metadata.get("name", ""),
        phase=_phase(status.get("phase")),
        created_at=moment(metadata.get("creationTimestamp")) or 0.0,
        started_at=moment(status.get("startTime")),
        readiness=_condition_status(ready["status"]) if ready and "status" in ready else None,
        readiness_changed_at=moment(ready.get("lastTransitionTime")) if ready else None,
        deleting=metadata.get("deletionTimestamp") is not None,
        containers=tuple(_container(one) for one in spec.get("containers") or ()),
        sidecars=tuple(
            _container(one)
            for one in spec.get("initContainers") or ()
            if one.get("restartPolicy") == "Always"
        ),
        restarts=sum(int(one.get("restartCount") or 0) for one in statuses),
        waiting_reason=_waiting_reason([*statuses, *(status.get("initContainerStatuses") or ())]),
        last_terminated_reason=_last_terminated_reason(statuses),
    )


def moment(text: Any) -> float | None:
    """Seconds since the epoch of a time as Kubernetes writes it; None for anything else."""
    try:
        parsed = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return parsed.replace(tzinfo=parsed.tzinfo or UTC).timestamp()


def _container(manifest: Mapping[str, Any]) -> Container:
    resources = manifest.get("resources") or {}
    requests, limits = (resources.get(kind) or {} for kind in ("requests", "limits"))
    return _shared(str(manifest.get("name", "")), tuple(requests.items()), tuple(limits.items()))


@lru_cache(maxsize=4096)
def _shared(
    name: str, requests: tuple[tuple[str, Any], ...], limits: tuple[tuple[str, Any], ...]
) -> Container:
    """All pods of a template share their containers: half of a pod's memory, and most of the parsing."""
    return Container(name, requests=_quantities(requests), limits=_quantities(limits))


def _quantities(resources: Iterable[tuple[str, Any]]) -> Mapping[str, int]:
    quantities = {}
    for name, text in resources:
        try:
            quantities[name] = to_milli(str(text))
        except InvalidSpecError:
            continue  # the API server lets none through; an unset quantity is the careful reading
    return MappingProxyType(quantities)


def _phase(text: Any) -> PodPhase:
    try:
        return PodPhase(text)
    except ValueError:
        return PodPhase.UNKNOWN


def _condition_status(text: Any) -> ConditionStatus:
    try:
        return ConditionStatus(text)
    except ValueError:
        return ConditionStatus.UNKNOWN


def _waiting_reason(statuses: Iterable[Mapping[str, Any]]) -> str:
    """Of the first container that waits; one in a crash loop goes before all others."""
    waiting = [(one.get("state") or {}).get("waiting") for one in statuses]
    reasons = [str(one.get("reason") or "") for one in waiting if one]
    return CRASH_LOOP if CRASH_LOOP in reasons else next(iter(reasons), "")


def _last_terminated_reason(statuses: Iterable[Mapping[str, Any]]) -> str:
    ended = [(one.get("lastState") or {}).get("terminated") or {} for one in statuses]
    last = max(ended, key=lambda one: moment(one.get("finishedAt")) or 0.0, default={})
    return str(last.get("reason") or "")

"""From pod manifests to pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase
from rlagents.structs.quantities import to_milli
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.observing.shapes import POD, picked

CRASH_LOOP = "CrashLoopBackOff"


@dataclass(frozen=True, slots=True)
class PodEntry:
    """A pod as it is kept in the cache."""

    manifest: Manifest
    """Trimmed; for who changes pods."""
    pod: Pod


def entry(manifest: Manifest) -> PodEntry:
    """A manifest as the API server sent it, made small and understood, once on its arrival."""
    trimmed = picked(manifest, POD)
    return PodEntry(trimmed, parsed(trimmed))


def parsed(manifest: Manifest) -> Pod:
    """What deciding needs of a pod. Fields that are missing or make no sense count as not set."""
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
    return Container(
        str(manifest.get("name", "")),
        requests=_quantities(resources.get("requests") or {}),
        limits=_quantities(resources.get("limits") or {}),
    )


def _quantities(resources: Mapping[str, Any]) -> dict[str, int]:
    quantities = {}
    for name, text in resources.items():
        try:
            quantities[name] = to_milli(str(text))
        except InvalidSpecError:
            continue  # the API server lets none through; an unset quantity is the careful reading
    return quantities


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

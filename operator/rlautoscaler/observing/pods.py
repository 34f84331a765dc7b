"""From pod manifests to pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.pods import ConditionStatus, Container, InitContainer, Pod, PodPhase
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
    last_end = _last_end(statuses)
    own, starting = spec.get("resources") or {}, spec.get("initContainers") or ()
    return Pod(
        name=metadata.get("name", ""),
        phase=_phase(status.get("phase")),
        created_at=moment(metadata.get("creationTimestamp")) or 0.0,
        started_at=moment(status.get("startTime")),
        readiness=_condition_status(ready["status"]) if ready and "status" in ready else None,
        readiness_changed_at=moment(ready.get("lastTransitionTime")) if ready else None,
        deleting=metadata.get("deletionTimestamp") is not None,
        containers=tuple(_container(one) for one in spec.get("containers") or ()),
        sidecars=tuple(_container(one) for one in starting if _is_sidecar(one)),
        restarts=sum(int(one.get("restartCount") or 0) for one in statuses),
        waiting_reason=_waiting_reason([*statuses, *(status.get("initContainerStatuses") or ())]),
        last_terminated_reason=str(last_end.get("reason") or ""),
        init_containers=_init_containers(starting),
        pod_requests=_resources(own.get("requests")),
        overhead=_resources(spec.get("overhead")),
        pod_limits=_resources(own.get("limits")),
        last_terminated_at=moment(last_end.get("finishedAt")),
        qos_class=status.get("qosClass") or "",
        priority_class=spec.get("priorityClassName") or "",
        has_deadline=spec.get("activeDeadlineSeconds") is not None,
    )


def moment(text: Any) -> float | None:
    """Seconds since the epoch of a time as Kubernetes writes it; None for anything else."""
    try:
        parsed = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return parsed.replace(tzinfo=parsed.tzinfo or UTC).timestamp()


def _container(manifest: Mapping[str, Any]) -> Container:
    return _shared(str(manifest.get("name", "")), *_figures(manifest))


def _init_containers(manifests: Iterable[Mapping[str, Any]]) -> tuple[InitContainer, ...]:
    containers, sidecars = [], 0
    for one in manifests:
        if _is_sidecar(one):
            sidecars += 1
        else:
            containers.append(_shared_init(str(one.get("name", "")), *_figures(one), sidecars))
    return tuple(containers)


def _is_sidecar(manifest: Mapping[str, Any]) -> bool:
    return manifest.get("restartPolicy") == "Always"


_Figures = tuple[tuple[str, Any], ...]
"""Resource names with their quantities, hashable."""


def _figures(manifest: Mapping[str, Any]) -> tuple[_Figures, _Figures]:
    """Requests and limits."""
    resources = manifest.get("resources") or {}
    requests, limits = (resources.get(kind) or {} for kind in ("requests", "limits"))
    return tuple(requests.items()), tuple(limits.items())


@lru_cache(maxsize=4096)
def _shared(name: str, requests: _Figures, limits: _Figures) -> Container:
    """All pods of a template share their containers: half of a pod's memory, and most of the parsing."""
    return Container(name, requests=_quantities(requests), limits=_quantities(limits))


@lru_cache(maxsize=4096)
def _shared_init(name: str, requests: _Figures, limits: _Figures, sidecars: int) -> InitContainer:
    return InitContainer(name, _quantities(requests), _quantities(limits), sidecars)


def _resources(resources: Mapping[str, Any] | None) -> Mapping[str, int]:
    return _quantities(tuple((resources or {}).items()))


@lru_cache(maxsize=4096)
def _quantities(resources: _Figures) -> Mapping[str, int]:
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


def _last_end(statuses: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of the container that ended last."""
    ended = [(one.get("lastState") or {}).get("terminated") or {} for one in statuses]
    return max(ended, key=lambda one: moment(one.get("finishedAt")) or 0.0, default={})

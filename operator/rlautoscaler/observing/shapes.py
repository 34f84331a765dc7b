"""Which fields of an object are kept. Everything else is dropped on arrival: a pod is 8 kB of JSON, of which
deciding needs a tenth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlautoscaler.clients.protocols import Manifest

KEEP = None
"""The value as it is."""

Shape = Mapping[str, "Shape"] | list["Shape"] | None
"""Fields of an object, the shape of each item of a list, or `KEEP`."""


def pick(value: Any, shape: Shape) -> Any:
    """The parts of a value that the shape names; what has another type than the shape is left out."""
    if shape is KEEP:
        return value
    if isinstance(shape, list):
        return [pick(item, shape[0]) for item in value] if isinstance(value, list) else []
    if not isinstance(value, Mapping):
        return {}
    return {field: pick(value[field], inner) for field, inner in shape.items() if field in value}


def _fields(*names: str) -> dict[str, Shape]:
    return dict.fromkeys(names, KEEP)


_METADATA: dict[str, Shape] = {
    **_fields("namespace", "name", "uid", "resourceVersion", "generation", "creationTimestamp"),
    **_fields("deletionTimestamp"),
    "ownerReferences": [_fields("uid", "kind", "name", "controller")],
}
_CONTAINER: Shape = _fields("name", "resources", "restartPolicy")
_CONDITION: Shape = _fields("type", "status", "reason", "message", "lastTransitionTime")
_TEMPLATE: Shape = {"spec": {"containers": [_CONTAINER], "initContainers": [_CONTAINER]}}
_CONTAINER_STATUS: Shape = {
    "restartCount": KEEP,
    "state": {"waiting": _fields("reason")},
    "lastState": {"terminated": _fields("reason", "finishedAt")},
}
_REPLICAS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "observedGeneration")

DEPLOYMENT: Shape = {
    "metadata": _METADATA | {"annotations": _fields("deployment.kubernetes.io/revision")},
    "spec": _fields("replicas", "selector", "paused", "minReadySeconds") | {"template": _TEMPLATE},
    "status": _fields(*_REPLICAS) | {"conditions": [_CONDITION]},
}
STATEFULSET: Shape = {
    "metadata": _METADATA,
    "spec": _fields("replicas", "selector", "updateStrategy", "minReadySeconds") | {"template": _TEMPLATE},
    "status": _fields(*_REPLICAS, "currentRevision", "updateRevision"),
}
REPLICASET: Shape = {"metadata": _METADATA, "spec": _fields("replicas", "selector")}
POD: Shape = {
    "metadata": _fields("name", "creationTimestamp", "deletionTimestamp"),
    "spec": {
        **_fields("resources", "overhead", "priorityClassName", "activeDeadlineSeconds"),
        "containers": [_CONTAINER],
        "initContainers": [_CONTAINER],
    },
    "status": {
        **_fields("phase", "startTime", "qosClass"),
        "conditions": [_CONDITION],
        "containerStatuses": [_CONTAINER_STATUS],
        "initContainerStatuses": [_CONTAINER_STATUS],
    },
}
NAMESPACE: Shape = {"metadata": _fields("name", "labels")}
RESOURCEQUOTA: Shape = {
    "metadata": _fields("namespace", "name"),
    "spec": _fields("scopes", "scopeSelector"),
    "status": _fields("hard", "used"),
}
HPA: Shape = {
    "metadata": _METADATA,
    "spec": {"scaleTargetRef": KEEP, **_fields("minReplicas", "maxReplicas")},
}
SCALEDOBJECT: Shape = {"metadata": _METADATA, "spec": {"scaleTargetRef": KEEP}}
VPA: Shape = {
    "metadata": _METADATA,
    "spec": {"targetRef": KEEP, "updatePolicy": _fields("updateMode")},
}


def picked(manifest: Manifest, shape: Shape) -> Manifest:
    """`pick` for a whole object."""
    result: Manifest = pick(manifest, shape)
    return result

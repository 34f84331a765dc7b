"""What the main resource and its subresources show of an object, and what a write through each may change."""

from __future__ import annotations

import copy
from http import HTTPStatus
from typing import Any

from rlautoscaler.clients import protocols as kinds
from rlautoscaler.clients.protocols import Manifest, Resource
from rlautoscaler.clients.refusals import Call, refusal

SCALABLE = {kinds.DEPLOYMENTS, kinds.STATEFULSETS, kinds.REPLICASETS}

WITH_STATUS = SCALABLE | {
    kinds.PODS,
    kinds.NAMESPACES,
    kinds.RLAUTOSCALERS,
    kinds.HORIZONTALPODAUTOSCALERS,
    kinds.SCALEDOBJECTS,
}
"""Kinds whose status only the `status` subresource writes."""

WITH_GENERATION = SCALABLE | {
    kinds.PODS,
    kinds.RLAUTOSCALERS,
    kinds.SCALEDOBJECTS,
    kinds.VERTICALPODAUTOSCALERS,
}

VERSIONED_REPLACE = {
    kinds.LEASES,
    kinds.RLAUTOSCALERS,
    kinds.SCALEDOBJECTS,
    kinds.VERTICALPODAUTOSCALERS,
}
"""Kinds that the API server replaces only where the body names the version it replaces."""

_KEPT_METADATA = ("name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp")


def adopt(resource: Resource, manifest: Manifest, *, uid: str, created: str, anew: bool = False) -> None:
    """Give a new object what the API server gives it; `anew` also over what the body says."""
    metadata = manifest["metadata"]
    server_set: dict[str, Any] = {"uid": uid, "creationTimestamp": created}
    if resource in WITH_GENERATION:
        server_set["generation"] = 1
    for field, value in server_set.items():
        if anew or field not in metadata:
            metadata[field] = value
    if resource in SCALABLE:
        manifest.setdefault("spec", {}).setdefault("replicas", 1)


def check_head(call: Call, manifest: Manifest) -> None:
    """Refuse a body that does not say what it is, or says that it belongs elsewhere."""
    if manifest.setdefault("apiVersion", call.resource.api_version) != call.resource.api_version:
        raise _invalid(call, "the API version in the data does not match the expected API version")
    metadata = manifest.setdefault("metadata", {})
    if not metadata.get("name") and not metadata.get("generateName"):
        raise _invalid(call, "name or generateName is required")
    if metadata.setdefault("namespace", call.namespace) != call.namespace:
        raise _invalid(call, "the namespace of the object does not match the namespace of the request")
    if call.namespace is None:
        del metadata["namespace"]


def shown(call: Call, manifest: Manifest) -> Manifest:
    """A copy of the object as the subresource shows it."""
    match call.subresource:
        case "":
            return copy.deepcopy(manifest)
        case "status" if call.resource in WITH_STATUS:
            return copy.deepcopy(manifest)
        case "resize" if call.resource == kinds.PODS:
            return copy.deepcopy(manifest)
        case "scale" if call.resource in SCALABLE:
            return _scale(manifest)
        case _:
            raise refusal(call, HTTPStatus.NOT_FOUND, "the server could not find the requested resource")


def merged(call: Call, current: Manifest, wanted: Manifest) -> Manifest:
    """The object after a write of `wanted` through the subresource, which must be one that `shown` knows."""
    match call.subresource:
        case "status":
            updated = current | {"status": wanted.get("status")}
            if wanted.get("status") is None:
                del updated["status"]
        case "scale":
            updated = current | {"spec": current["spec"] | {"replicas": _checked_replicas(call, wanted)}}
        case "resize":
            updated = current | {"spec": _resized(current["spec"], wanted["spec"])}
        case _:
            updated = _whole(call.resource, current, wanted)
    updated["metadata"] = updated["metadata"].copy()
    if call.resource in WITH_GENERATION and updated.get("spec") != current.get("spec"):
        updated["metadata"]["generation"] = current["metadata"].get("generation", 0) + 1
    return updated


def _whole(resource: Resource, current: Manifest, wanted: Manifest) -> Manifest:
    updated = copy.deepcopy(wanted)
    metadata = updated.setdefault("metadata", {})
    for field in (*_KEPT_METADATA, "resourceVersion"):
        metadata.pop(field, None)
        if field in current["metadata"]:
            metadata[field] = current["metadata"][field]
    if resource in WITH_STATUS:
        updated.pop("status", None)
        if "status" in current:
            updated["status"] = current["status"]
    return updated


def _resized(current: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    sizes = {container["name"]: container.get("resources") for container in wanted.get("containers", [])}
    containers = [
        container | {"resources": sizes.get(container["name"]) or container.get("resources", {})}
        for container in current["containers"]
    ]
    return current | {"containers": containers}


def _scale(manifest: Manifest) -> Manifest:
    copied = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = manifest["spec"].get("selector", {}).get("matchLabels", {})
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {field: manifest["metadata"][field] for field in copied if field in manifest["metadata"]},
        "spec": {"replicas": manifest["spec"]["replicas"]},
        "status": {
            "replicas": manifest.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{name}={value}" for name, value in sorted(labels.items())),
        },
    }


def _checked_replicas(call: Call, scale: Manifest) -> int:
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or replicas < 0:
        raise _invalid(call, "spec.replicas: must be an integer greater than or equal to 0")
    return replicas


def _invalid(call: Call, message: str) -> Exception:
    return refusal(call, HTTPStatus.UNPROCESSABLE_ENTITY, {"reason": "Invalid", "message": message})

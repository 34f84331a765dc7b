"""Pods and Deployments of simulated services, reduced to what the load and the metrics need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rlagents.structs.quantities import to_float
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.sandbox.services import SERVICE_LABEL

_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class PodView:
    """One pod."""

    name: str
    service: str
    """Value of the service label; empty where there is none."""
    labels: Mapping[str, str]
    phase: str
    is_ready: bool
    """Whether it takes traffic."""
    container: str
    """The first one; it does all the work."""
    cpu_limit: float | None
    """Cores in force, which a resize in place changes after the specification."""
    cpu_request: float
    memory_limit: float | None
    """Bytes."""
    memory_request: float

    @property
    def is_running(self) -> bool:
        """Whether its containers run, so that there is something to measure."""
        return self.phase == "Running"

    @property
    def is_reserved(self) -> bool:
        """Whether its requests are held on a node, or wait for one: what a user pays for."""
        return self.phase not in _ENDED


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """One Deployment."""

    name: str
    replicas: int
    """Asked for."""
    observed: int
    ready: int
    available: int


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the API server says of one service at one moment."""

    pods: tuple[PodView, ...] = ()
    deployment: DeploymentView | None = None

    @property
    def ready(self) -> list[PodView]:
        """Pods that take traffic."""
        return [pod for pod in self.pods if pod.is_ready]


def pod(manifest: Manifest) -> PodView:
    """The view of a Pod."""
    metadata, status = manifest["metadata"], manifest.get("status", {})
    labels = metadata.get("labels") or {}
    container = manifest["spec"]["containers"][0]
    limits, requests = _limits(container, status), container.get("resources", {}).get("requests", {})
    return PodView(
        name=metadata["name"],
        service=labels.get(SERVICE_LABEL, ""),
        labels=labels,
        phase=status.get("phase", "Pending"),
        is_ready="deletionTimestamp" not in metadata
        and status.get("phase") == "Running"
        and _is_ready(status),
        container=container["name"],
        cpu_limit=_amount(limits.get("cpu")),
        cpu_request=_amount(requests.get("cpu")) or 0.0,
        memory_limit=_amount(limits.get("memory")),
        memory_request=_amount(requests.get("memory")) or 0.0,
    )


def deployment(manifest: Manifest) -> DeploymentView:
    """The view of a Deployment."""
    status = manifest.get("status", {})
    return DeploymentView(
        name=manifest["metadata"]["name"],
        replicas=manifest["spec"].get("replicas", 1),
        observed=status.get("replicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
    )


def _is_ready(status: Mapping[str, Any]) -> bool:
    conditions = status.get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _limits(container: Mapping[str, Any], status: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those in force, or those asked for where the kubelet has not told yet."""
    for told in status.get("containerStatuses") or ():
        if told["name"] == container["name"] and "resources" in told:
            return told["resources"].get("limits") or {}
    return container.get("resources", {}).get("limits") or {}


def _amount(quantity: str | int | None) -> float | None:
    return None if quantity is None else to_float(quantity)

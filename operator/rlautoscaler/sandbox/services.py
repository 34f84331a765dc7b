"""A simulated service: a Deployment whose pods KWOK plays, the traffic it meets, and how it bears that."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from rlagents.simulation.services import ServiceParameters
from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients.protocols import DEPLOYMENTS, NAMESPACES, KubeApi, Manifest, PatchType
from rlautoscaler.sandbox import behaviours

CONTAINER = "app"
SERVICE_LABEL = "app.kubernetes.io/name"
"""On Deployment and pods; tells which service a pod belongs to."""

Pattern: TypeAlias = Callable[[float], float]
"""Requests a second, by seconds since the traffic began."""


class Source(StrEnum):
    """Whose request metrics a service has, beside those of cAdvisor and kube-state-metrics."""

    ISTIO = "istio"
    HTTP_SERVER = "http-server"
    INGRESS_NGINX = "ingress-nginx"


@dataclass(frozen=True, slots=True)
class SandboxService:
    """One service."""

    namespace: str
    name: str
    parameters: ServiceParameters
    """`cores_per_pod` counts only for pods without a CPU limit; others serve what their limit lets them."""
    pattern: Pattern
    replicas: int = 1
    startup_delay: float = 2.0
    """Seconds from a container's start to Ready, within a tenth."""
    cpu: str = "500m"
    """Request and limit of each pod."""
    memory: str = "256Mi"
    metrics: Set[str] = frozenset({Source.ISTIO})
    """Which of `Source`."""
    image: str = "registry.k8s.io/pause:3.10"
    """Never pulled by simulated kubelets; on real ones it does nothing, and cheaply."""

    @property
    def key(self) -> WorkloadKey:
        """Namespace and name."""
        return WorkloadKey(self.namespace, self.name)


def manifests(service: SandboxService) -> list[Manifest]:
    """Its namespace and its Deployment, in the order in which to create them."""
    return [_namespace(service.namespace), _deployment(service)]


async def apply(api: KubeApi, service: SandboxService) -> None:
    """Create the service's objects, or bring them to what `manifests` says, size included."""
    namespace, deployment = manifests(service)
    await api.patch(NAMESPACES, None, service.namespace, namespace, patch_type=PatchType.APPLY)
    await api.patch(DEPLOYMENTS, service.namespace, service.name, deployment, patch_type=PatchType.APPLY)


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _deployment(service: SandboxService) -> Manifest:
    labels = {SERVICE_LABEL: service.name}
    size = {"cpu": service.cpu, "memory": service.memory}
    container = {"name": CONTAINER, "image": service.image, "resources": {"requests": size, "limits": size}}
    delay = {behaviours.STARTUP_DELAY: f"{service.startup_delay:g}"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": service.name, "namespace": service.namespace, "labels": labels},
        "spec": {
            "replicas": service.replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": delay},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
            },
        },
    }

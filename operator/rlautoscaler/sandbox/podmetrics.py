"""`metrics.k8s.io` without metrics-server, for the cluster's own HPA controller.

The controller reads `/apis/metrics.k8s.io/v1beta1/namespaces/NS/pods`. Any server of that path will do, also
a CustomResourceDefinition with one object per pod that somebody writes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from rlautoscaler.clients.discoveries import DEFINITIONS
from rlautoscaler.clients.protocols import KubeApi, Manifest, PatchType, Resource
from rlautoscaler.errors import NotFoundError, SandboxError
from rlautoscaler.sandbox.loads import RunningPod

POD_METRICS = Resource("metrics.k8s.io", "v1beta1", "pods")

_NAME = f"{POD_METRICS.plural}.{POD_METRICS.group}"
_SERVED_SECONDS = 30.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Usage:
    """What one pod had used at one moment."""

    at: float
    """Seconds since the epoch."""
    cpu_seconds: float
    """Since its start."""
    memory: float
    """Bytes."""


async def install(api: KubeApi) -> None:
    """Create the CustomResourceDefinition and wait until it is served.

    Raises `SandboxError` where that takes too long. A cluster with a metrics-server has this API already: do
    not install it there.
    """
    await api.patch(DEFINITIONS, None, _NAME, definition(), patch_type=PatchType.APPLY)
    try:
        async with asyncio.timeout(_SERVED_SECONDS):
            await _until_served(api)
    except TimeoutError:
        raise SandboxError(
            f"{_SERVED_SECONDS:g} s after its definition the API server does not serve {_NAME} yet; "
            "look into the log of kube-apiserver."
        ) from None


def definition() -> Manifest:
    """The CustomResourceDefinition; objects are whatever is written."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": _NAME,
            # Demanded for groups of *.k8s.io.
            "annotations": {
                "api-approved.kubernetes.io": "unapproved, in place of metrics-server in a sandbox"
            },
        },
        "spec": {
            "group": POD_METRICS.group,
            "scope": "Namespaced",
            "names": {"kind": "PodMetrics", "plural": POD_METRICS.plural, "singular": "podmetrics"},
            "versions": [
                {
                    "name": POD_METRICS.version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


def manifest(running: RunningPod, before: Usage, after: Usage) -> Manifest:
    """What metrics-server would say of a pod, averaged between two moments."""
    window = after.at - before.at
    cores = (after.cpu_seconds - before.cpu_seconds) / window
    usage = {"cpu": f"{round(cores * 1e9)}n", "memory": f"{round(after.memory / 1024)}Ki"}
    return {
        "apiVersion": POD_METRICS.api_version,
        "kind": "PodMetrics",
        "metadata": {
            "name": running.pod.name,
            "namespace": running.service.namespace,
            "labels": dict(running.pod.labels),
        },
        "timestamp": datetime.fromtimestamp(after.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window": f"{window:.3f}s",
        "containers": [{"name": running.pod.container, "usage": usage}],
    }


async def _until_served(api: KubeApi) -> None:
    while True:
        try:
            await api.list(POD_METRICS)
        except NotFoundError:
            await asyncio.sleep(_POLL_SECONDS)
        else:
            return

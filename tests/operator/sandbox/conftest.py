"""What the tests of the simulated load share: pods as the API server shows them, and services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rlagents.simulation.services import ServiceParameters
from rlautoscaler.sandbox import pods
from rlautoscaler.sandbox.pods import Fleet
from rlautoscaler.sandbox.services import SERVICE_LABEL, SandboxService

Manifest = dict[str, Any]
PARAMETERS = ServiceParameters(cpu_per_request=0.01, cpu_variability=1.0, cores_per_pod=0.5, cpu_idle=0.01)
"""A pod with half a core serves 50 requests a second."""


@pytest.fixture
def pod_manifest() -> Callable[..., Manifest]:
    def make(name: str = "a", *, service: str = "checkout", ready: bool = True, **more: Any) -> Manifest:
        size = {"cpu": "500m", "memory": "256Mi"}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": "shop",
                "labels": {SERVICE_LABEL: service},
                **more.pop("metadata", {}),
            },
            "spec": {"containers": [{"name": "app", "resources": {"requests": size, "limits": size}}]},
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
                **more.pop("status", {}),
            },
        }

    return make


@pytest.fixture
def service() -> Callable[..., SandboxService]:
    def make(name: str = "checkout", rate: float = 40.0, **more: Any) -> SandboxService:
        parameters = more.pop("parameters", PARAMETERS)
        return SandboxService("shop", name, parameters, lambda _: rate, **more)

    return make


@pytest.fixture
def fleet(pod_manifest: Callable[..., Manifest]) -> Callable[..., Fleet]:
    def make(*names: str, starting: tuple[str, ...] = (), **more: Any) -> Fleet:
        ready = [pods.pod(pod_manifest(name, **more)) for name in names]
        return Fleet(tuple(ready + [pods.pod(pod_manifest(name, ready=False, **more)) for name in starting]))

    return make

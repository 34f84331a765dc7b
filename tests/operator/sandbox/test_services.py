"""A service as objects of the API server."""

from __future__ import annotations

from collections.abc import Callable

from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import DEPLOYMENTS, NAMESPACES
from rlautoscaler.sandbox import behaviours, services
from rlautoscaler.sandbox.services import SandboxService


def test_requests_are_limits(service: Callable[..., SandboxService]) -> None:
    """Pods are of the quality class Guaranteed, so that what is asked for is what is served with."""
    _, deployment = services.manifests(service(cpu="750m", memory="1Gi"))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"] == container["resources"]["limits"]
    assert container["resources"]["limits"] == {"cpu": "750m", "memory": "1Gi"}


def test_the_start_up_delay_is_told_to_the_kubelets(service: Callable[..., SandboxService]) -> None:
    """Pods carry the annotation of the simulated kubelets, in seconds."""
    _, deployment = services.manifests(service(startup_delay=2.5))
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    assert annotations[behaviours.STARTUP_DELAY] == "2.5"


async def test_applying_twice_changes_nothing(service: Callable[..., SandboxService]) -> None:
    """Namespace and Deployment are there after the first time, and the same after the second."""
    api = FakeKubeApi()
    await services.apply(api, service(replicas=3))
    first = api.stored(DEPLOYMENTS, "shop", "checkout")
    await services.apply(api, service(replicas=3))
    assert api.stored(DEPLOYMENTS, "shop", "checkout") == first
    assert first["spec"]["replicas"] == 3
    assert api.stored(NAMESPACES, None, "shop")

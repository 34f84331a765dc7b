"""Caches that follow a real API server, with real controllers behind it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from rlautoscaler.clients import kube
from rlautoscaler.clients.protocols import (
    DEPLOYMENTS,
    HORIZONTALPODAUTOSCALERS,
    NAMESPACES,
    Manifest,
)
from rlautoscaler.observing.caches import Caches, Target
from rlautoscaler.observing.watches import keep_all
from rlautoscaler.observing.workloads import Owner, Workload, find

pytestmark = pytest.mark.cluster


@pytest_asyncio.fixture
async def api(sandbox: Any) -> AsyncIterator[kube.KubeClient]:
    async with kube.connect(kubeconfig=sandbox.kubeconfig) as client:
        yield client


@pytest_asyncio.fixture
async def namespace(api: kube.KubeClient) -> AsyncIterator[str]:
    name = f"watches-{uuid.uuid4().hex[:8]}"
    body: Manifest = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"team": "a"}},
    }
    await api.create(NAMESPACES, None, body)
    yield name
    await api.delete(NAMESPACES, None, name)


@asynccontextmanager
async def kept(api: kube.KubeClient) -> AsyncIterator[Caches]:
    caches = Caches()
    task = asyncio.create_task(keep_all(api, caches))
    try:
        async with asyncio.timeout(20):
            await caches.wait_synced()
        yield caches
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(is_so: Callable[[], bool]) -> None:
    """Real controllers take their time."""
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 (nothing tells when controllers are done)
            await asyncio.sleep(0.05)


def deployment(namespace: str, image: str = "registry.invalid/app:1") -> Manifest:
    resources = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "app", "image": image, "resources": resources}]},
            },
        },
    }


async def test_a_deployment_is_followed_from_its_creation_to_a_rollout(
    api: kube.KubeClient, namespace: str
) -> None:
    """Pods come up through their ReplicaSet, scaling is no rollout, a new template is one, an HPA is an owner."""
    target = Target(namespace, "apps", "Deployment", "web")
    async with kept(api) as caches:

        def web() -> Workload:
            return find(caches, target)

        await api.create(DEPLOYMENTS, namespace, deployment(namespace))
        await until(lambda: sum(pod.is_ready for pod in web().pods) == 2 and not web().is_rolling_out)
        first = web().revision
        assert web().pods[0].limit("cpu") == 200
        assert web().pods[0].request("memory") == 64 * 1024**2 * 1000

        rollouts = set()

        def has_grown() -> bool:
            manifest = web().manifest or {}
            if manifest["metadata"]["generation"] == manifest["status"]["observedGeneration"]:
                rollouts.add(web().is_rolling_out)
            return sum(pod.is_ready for pod in web().pods) == 4

        await api.patch(DEPLOYMENTS, namespace, "web", {"spec": {"replicas": 4}}, subresource="scale")
        await until(has_grown)
        assert rollouts == {False}

        body = deployment(namespace, "registry.invalid/app:2")["spec"]["template"]
        await api.patch(DEPLOYMENTS, namespace, "web", {"spec": {"template": body}})
        await until(lambda: web().is_rolling_out)
        await until(lambda: not web().is_rolling_out and len(web().pods) == 4)
        assert web().revision != first

        spec = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "maxReplicas": 4,
        }
        head = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "peer"},
        }
        await api.create(HORIZONTALPODAUTOSCALERS, namespace, head | {"spec": spec})
        await until(lambda: web().owners == (Owner("HorizontalPodAutoscaler", "peer"),))

        await api.delete(HORIZONTALPODAUTOSCALERS, namespace, "peer")
        await api.delete(DEPLOYMENTS, namespace, "web")
        await until(lambda: web().manifest is None and not web().owners)
        team = caches.namespaces.get("", namespace)
        assert team is not None
        assert team["metadata"]["labels"]["team"] == "a"

"""What acting writes, taken by a real API server: its schemas, its conflicts, its validation."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from rlagents.structs.decisions import Decision
from rlagents.structs.reasons import Reason, Source
from rlagents.structs.states import WorkloadKey
from rlautoscaler.acting import scales, statuses
from rlautoscaler.acting.events import EventReason, EventType, Notice, Recorder
from rlautoscaler.acting.leases import Elector, LeaseDurations
from rlautoscaler.acting.scales import ScaleTarget
from rlautoscaler.acting.ticks import Sections, Tick
from rlautoscaler.acting.writers import StatusWriter
from rlautoscaler.clients import kube
from rlautoscaler.clients.discoveries import DEFINITIONS, Discoveries
from rlautoscaler.clients.kube import KubeClient
from rlautoscaler.clients.protocols import (
    DEPLOYMENTS,
    EVENTS,
    LEASES,
    NAMESPACES,
    RLAUTOSCALERS,
    Manifest,
    PatchType,
    Resource,
)
from rlautoscaler.errors import NotFoundError
from rlautoscaler.resources import schemas
from rlautoscaler.resources.entries import BaselineLogs
from rlautoscaler.resources.statuses import RolloutStatus, Stage
from rlautoscaler.sandbox.planes import Sandbox
from rlautoscaler.telemetry.metrics import Metrics

pytestmark = pytest.mark.cluster

MakeTick = Callable[..., Tick]


@pytest_asyncio.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[KubeClient]:
    async with kube.connect(kubeconfig=sandbox.kubeconfig) as client:
        yield client


@pytest_asyncio.fixture
async def namespace(api: KubeClient) -> AsyncIterator[str]:
    name = f"acting-{uuid.uuid4().hex[:8]}"
    await api.create(NAMESPACES, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    await api.delete(NAMESPACES, None, name)


async def define(api: KubeClient, definition: Manifest, resource: Resource) -> None:
    """Install a CustomResourceDefinition and wait until it is served."""
    name = definition["metadata"]["name"]
    await api.patch(DEFINITIONS, None, name, definition, patch_type=PatchType.APPLY)
    for _ in range(100):
        try:
            await api.list(resource)
        except NotFoundError:
            await asyncio.sleep(0.1)
        else:
            return
    raise AssertionError(f"{name} is not served")


def decision(before: int, after: int) -> Decision:
    key = WorkloadKey("shop", "checkout")
    reason = Reason.BASELINE_MODE
    return Decision(key, time.time(), before, after, Source.BASELINE, reason, "", None, None)


async def deploy(api: KubeClient, namespace: str) -> ScaleTarget:
    """A paused Deployment, so that no controller moves its version."""
    labels = {"app": "checkout"}
    pod = {"containers": [{"name": "app", "image": "registry.invalid/app:1"}]}
    stored = await api.create(
        DEPLOYMENTS,
        namespace,
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "checkout"},
            "spec": {
                "paused": True,
                "replicas": 0,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
    )
    return ScaleTarget(DEPLOYMENTS, namespace, "checkout", stored["metadata"]["resourceVersion"])


async def test_a_deployment_is_scaled_and_conflicts_are_met(api: KubeClient, namespace: str) -> None:
    """A version that moved is read again; a size that moved is left alone."""
    target = await deploy(api, namespace)
    label = {"metadata": {"labels": {"touched": "yes"}}}
    await api.patch(DEPLOYMENTS, namespace, "checkout", label)
    first = await scales.act(api, decision(0, 2), target, at=1.0)
    assert (first.accepted, first.reason) == (2, Reason.SUCCEEDED_RESCALE)
    second = await scales.act(api, decision(0, 3), target, at=1.0)
    assert (second.accepted, second.reason) == (None, Reason.SCALED_EXTERNALLY)
    scale = await api.get(DEPLOYMENTS, namespace, "checkout", subresource="scale")
    assert scales.replicas_of(scale) == 2
    down = await scales.act(api, decision(2, 0), replace(target, resource_version=""), at=1.0)
    assert down.accepted == 0
    gone = await scales.act(api, decision(0, 1), replace(target, name="nothing"), at=1.0)
    assert gone.reason is Reason.FAILED_GET_SCALE


async def test_a_custom_kind_is_found_and_scaled(api: KubeClient, namespace: str) -> None:
    """Any custom resource with a scale subresource can be a target."""
    fleets = Resource("acting.example.org", "v1", "fleets")
    await define(api, fleet_definition(), fleets)
    found = await Discoveries(api, clock=time.monotonic).resolve("acting.example.org/v1", "Fleet")
    assert found == fleets
    body = {
        "apiVersion": fleets.api_version,
        "kind": "Fleet",
        "metadata": {"name": "taxis"},
        "spec": {"size": 4},
    }
    await api.create(fleets, namespace, body)
    outcome = await scales.act(api, decision(4, 7), ScaleTarget(fleets, namespace, "taxis"), at=1.0)
    assert outcome.accepted == 7
    assert (await api.get(fleets, namespace, "taxis"))["spec"]["size"] == 7


def fleet_definition() -> Manifest:
    number = {"type": "object", "properties": {"size": {"type": "integer"}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "fleets.acting.example.org"},
        "spec": {
            "group": "acting.example.org",
            "scope": "Namespaced",
            "names": {"kind": "Fleet", "plural": "fleets", "singular": "fleet"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {"spec": number, "status": number},
                        }
                    },
                    "subresources": {
                        "status": {},
                        "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"},
                    },
                }
            ],
        },
    }


async def autoscaler(api: KubeClient, namespace: str) -> Manifest:
    await define(api, schemas.crd(), RLAUTOSCALERS)
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"}
    spec = {"scaleTargetRef": reference, "maxReplicas": 9, "objective": {"errorRate": "1%"}}
    body = {"apiVersion": RLAUTOSCALERS.api_version, "kind": "RLAutoscaler", "metadata": {"name": "checkout"}}
    return await api.create(RLAUTOSCALERS, namespace, {**body, "spec": spec})


async def test_the_schema_keeps_every_field_of_a_status(
    api: KubeClient, namespace: str, make_tick: MakeTick
) -> None:
    """What is written is what is stored: nothing is refused, nothing is pruned, at any tick."""
    manifest = await autoscaler(api, namespace)
    writer = StatusWriter(api, Metrics(CollectorRegistry(), version="1"), clock=lambda: 0.0)
    log = [{"time": 1.7e9 + number + 0.125, "replicas": number} for number in range(30)]
    sections = Sections(
        rollout=RolloutStatus(stage=Stage.FULL, ratio=0.95),
        baseline=BaselineLogs.model_validate({"recommendations": log, "scaleUps": log}),
        selector="app=checkout",
    )
    for number in range(25):
        now = 1.7e9 + 15 * number
        tick = make_tick(now=now, replicas=number, to=number + 1, sections=sections, message='"€" \x00')
        status = statuses.build(writer.newest(manifest), tick)
        assert await writer.write(manifest, status)
    stored = await api.get(RLAUTOSCALERS, namespace, "checkout")
    assert stored["status"] == status
    assert len(stored["status"]["history"]) == 20
    assert not await writer.write(stored, statuses.build(writer.newest(stored), tick))
    assert stored["metadata"]["generation"] == 1


async def test_events_are_taken_and_counted(api: KubeClient, namespace: str) -> None:
    """The server stores an event with its count, and lists it by the object's uid."""
    manifest = await autoscaler(api, namespace)
    registry = CollectorRegistry()
    recorder = Recorder(api, Metrics(registry, version="1"), clock=time.time, instance="pod-1")
    notice = Notice(EventType.NORMAL, EventReason.SUCCESSFUL_RESCALE, "New size: 6. " + "€" * 600)
    for _ in range(3):
        await recorder.post(WorkloadKey(namespace, "checkout"), manifest["metadata"]["uid"], notice)
    assert registry.get_sample_value("rlautoscaler_write_errors_total", {"kind": "event"}) is None
    ours = [one for one in (await api.list(EVENTS, namespace)).items if one["source"].get("component")]
    (event,) = [one for one in ours if one["involvedObject"]["uid"] == manifest["metadata"]["uid"]]
    assert (event["count"], event["reason"]) == (3, "SuccessfulRescale")


async def test_a_lease_changes_hands(api: KubeClient, namespace: str) -> None:
    """Acquired, renewed, released and taken over, with times that the server accepts."""

    def candidate(identity: str) -> Elector:
        return Elector(
            api,
            namespace=namespace,
            name="rlautoscaler",
            identity=identity,
            on_lost=lost.append,
            monotonic=time.monotonic,
            wall=time.time,
            durations=LeaseDurations(6, 4, 0.1),
        )

    async def spec() -> dict[str, Any]:
        return dict((await api.get(LEASES, namespace, "rlautoscaler"))["spec"])

    lost: list[str] = []
    first, second = candidate("first"), candidate("second")
    leading = asyncio.create_task(first.run())
    await asyncio.wait_for(first.acquired(), 5)
    before = await spec()
    standing_by = asyncio.create_task(second.run())
    for _ in range(100):
        after = await spec()
        if after["renewTime"] != before["renewTime"]:
            break
        await asyncio.sleep(0.05)
    assert after["renewTime"] != before["renewTime"]
    assert (after["holderIdentity"], after["leaseDurationSeconds"]) == ("first", 6)
    assert after["acquireTime"] == before["acquireTime"]
    leading.cancel()
    await asyncio.gather(leading, return_exceptions=True)
    await first.release()
    await asyncio.wait_for(second.acquired(), 5)
    assert (await spec())["leaseTransitions"] == 1
    standing_by.cancel()
    await asyncio.gather(standing_by, return_exceptions=True)
    assert lost == []

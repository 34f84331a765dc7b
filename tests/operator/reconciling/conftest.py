"""A whole tick over a fake API server, with measurements that each test sets."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from rlagents.policies import hpa
from rlagents.structs.objectives import Prices
from rlagents.structs.pods import Pod, PodSample
from rlagents.structs.signals import MetricsSnapshot, Signal, SignalName
from rlagents.structs.states import WorkloadKey
from rlautoscaler.acting.events import Recorder
from rlautoscaler.acting.writers import StatusWriter
from rlautoscaler.clients.discoveries import Discoveries
from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import (
    DEPLOYMENTS,
    EVENTS,
    HORIZONTALPODAUTOSCALERS,
    NAMESPACES,
    RLAUTOSCALERS,
    Manifest,
)
from rlautoscaler.errors import MetricsApiError, MetricsNotServedError
from rlautoscaler.observing.caches import Caches
from rlautoscaler.observing.figures import FigureReader, Figures, FiguresWanted
from rlautoscaler.observing.measurements import Measured
from rlautoscaler.observing.snapshots import SnapshotReader, Snapshots, Statistics
from rlautoscaler.observing.wishes import Wanted
from rlautoscaler.reconciling.readings import Reader
from rlautoscaler.reconciling.reports import Reporter
from rlautoscaler.reconciling.stores import Store
from rlautoscaler.reconciling.switches import Switches
from rlautoscaler.reconciling.ticks import Brain, Ticker
from rlautoscaler.telemetry.metrics import Metrics

NOW = 1_700_000_000.0
CREATED = "2023-11-14T20:00:00Z"


_RESOURCES = {"cpu": "1", "memory": "256Mi"}
POD_SPEC = {"containers": [{"name": "app", "resources": {"requests": _RESOURCES, "limits": _RESOURCES}}]}


class FixedReader:
    """In place of Prometheus: each pod uses the cores that the test says."""

    def __init__(self) -> None:
        self.cores_per_pod: dict[str, float] = {}
        """By name of the workload; one that is absent has no measurements at all."""
        self.requests: dict[str, float] = {}
        """Per second; a workload that is absent has no such signal."""

    async def read(
        self,
        wanted: Sequence[Wanted],
        pods: Mapping[WorkloadKey, Sequence[Pod]],
        *,
        now: float,
        deadline: float,
        selected: Mapping[WorkloadKey, Sequence[Pod]],
    ) -> Snapshots:
        found = {
            one.key: self._measured(one, pods[one.key], selected[one.key], now)
            for one in wanted
            if one.workload != "unread"
        }
        return Snapshots(found, Statistics(queries=len(found), failed=0, empty=0, degraded=0, seconds=0.0))

    def _measured(self, wanted: Wanted, pods: Sequence[Pod], selected: Sequence[Pod], now: float) -> Measured:
        cores = self.cores_per_pod.get(wanted.workload)
        if cores is None:
            return Measured(MetricsSnapshot(), None)
        usage = {"app": {"cpu": round(cores * 1000), "memory": 100 * 2**20 * 1000}}
        signals = {SignalName.CPU: Signal.known(cores * len(pods), taken_at=now - 1)}
        if wanted.workload in self.requests:
            signals[SignalName.THROUGHPUT] = Signal.known(self.requests[wanted.workload], taken_at=now - 1)
        return Measured(
            MetricsSnapshot(signals),
            tuple(PodSample(pod.name, usage, now - 1, 60.0) for pod in selected),
        )


class FixedFigures:
    """In place of the cluster's metrics APIs."""

    def __init__(self) -> None:
        self.cores_per_pod: dict[str, float] = {}
        """By name of the autoscaler; one that is absent finds no API."""
        self.external: dict[str, int] = {}
        """Milli-units, by name of the metric; one that is absent fails."""
        self.asked: list[str] = []
        """Names of the autoscalers whose usage was asked for."""

    async def read(
        self,
        wanted: Sequence[FiguresWanted],
        pods: Mapping[WorkloadKey, Sequence[Pod]],
        *,
        now: float,
        deadline: float,
    ) -> dict[WorkloadKey, Figures]:
        return {one.key: self._figures(one) for one in wanted}

    def _figures(self, wanted: FiguresWanted) -> Figures:
        found = {
            metric: [self.external[metric.name]] for metric in wanted.metrics if metric.name in self.external
        }
        missing = {metric: "no adapter serves it" for metric in wanted.metrics if metric not in found}
        return Figures(hpa.Readings(external=found), missing)

    async def usage(
        self, wanted: Mapping[WorkloadKey, Sequence[Pod]], *, deadline: float
    ) -> dict[WorkloadKey, tuple[PodSample, ...] | MetricsApiError]:
        self.asked += [key.name for key in wanted]
        return {key: self._usage(key, pods) for key, pods in wanted.items()}

    def _usage(self, key: WorkloadKey, pods: Sequence[Pod]) -> tuple[PodSample, ...] | MetricsApiError:
        cores = self.cores_per_pod.get(key.name)
        if cores is None:
            return MetricsNotServedError("The cluster serves no metrics.k8s.io.", group="metrics.k8s.io")
        usage = {"app": {"cpu": round(cores * 1000), "memory": 100 * 2**20 * 1000}}
        return tuple(PodSample(pod.name, usage, NOW, 15.0) for pod in pods)


class World:
    """The cluster as the operator sees it, and the operator's own parts."""

    def __init__(self) -> None:
        self.now = NOW
        self.api = FakeKubeApi(clock=lambda: self.now)
        self.caches = Caches()
        self.store = Store()
        self.reader = FixedReader()
        self.figures = FixedFigures()
        self.leads = True
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry, version="test")
        self.ticker = self.new_ticker()

    def new_ticker(self, policy: Any = None, parameters: hpa.HpaParameters = hpa.PRODUCTION) -> Ticker:
        """As after a restart: nothing is remembered but what the API server holds."""
        reporter = Reporter(
            StatusWriter(self.api, self.metrics, clock=lambda: self.now),
            Recorder(self.api, self.metrics, clock=lambda: self.now, instance="test"),
            self.metrics,
            clock=lambda: self.now,
        )
        return Ticker(
            self.api,
            self.caches,
            Reader(cast(SnapshotReader, self.reader), cast(FigureReader, self.figures)),
            Discoveries(self.api, clock=lambda: self.now),
            reporter,
            Switches(self.api, self.caches, namespace="ops", name="switch"),
            Brain(policy, parameters, Prices()),
            lambda: self.leads,
        )

    def deploy(self, name: str, replicas: int, *, namespace: str = "shop", app: str | None = None) -> None:
        """A Deployment, its ReplicaSet and its ready pods, in the API server and the caches.

        app: value of the label that its selector asks for, its name by default; empty for no selector.
        """
        app = name if app is None else app
        uid = f"uid-{name}"
        template = {"spec": POD_SPEC}
        deployment = {
            "metadata": {
                "namespace": namespace,
                "name": name,
                "uid": uid,
                "generation": 1,
                "creationTimestamp": CREATED,
            },
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": app} if app else {}},
                "template": template,
            },
            "status": {
                "replicas": replicas,
                "updatedReplicas": replicas,
                "readyReplicas": replicas,
                "observedGeneration": 1,
            },
        }
        self.caches.deployments.put(self.api.seed(DEPLOYMENTS, deployment))
        uid = self.api.stored(DEPLOYMENTS, namespace, name)["metadata"]["uid"]
        owner = [{"uid": uid, "kind": "Deployment", "name": name, "controller": True}]
        rs = {
            "metadata": {
                "namespace": namespace,
                "name": f"{name}-1",
                "uid": f"rs-{name}",
                "ownerReferences": owner,
            }
        }
        self.caches.replicasets.put(rs)
        for index in range(replicas):
            self.caches.pods.put(self.pod(f"{name}-1-{index}", app, owner=f"rs-{name}", namespace=namespace))

    def pod(self, name: str, app: str, *, owner: str, namespace: str = "shop") -> Manifest:
        """A pod that is ready since long."""
        since = "2023-11-14T20:01:00Z"
        return {
            "metadata": {
                "namespace": namespace,
                "name": name,
                "creationTimestamp": CREATED,
                "labels": {"app": app},
                "ownerReferences": [{"uid": owner, "kind": "ReplicaSet", "name": owner, "controller": True}],
            },
            "spec": POD_SPEC,
            "status": {
                "phase": "Running",
                "startTime": CREATED,
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": since}],
            },
        }

    def catch_up(self, name: str, *, namespace: str = "shop") -> None:
        """The caches see the size that the API server has now."""
        self.deploy(name, self.replicas(name, namespace=namespace), namespace=namespace)

    def autoscale(
        self, name: str, *, target: str | None = None, annotations: dict[str, str] | None = None, **spec: Any
    ) -> None:
        """An RLAutoscaler in the API server and the store."""
        manifest = {
            "metadata": {
                "namespace": "shop",
                "name": name,
                "generation": 1,
                "annotations": annotations or {},
                "creationTimestamp": f"2023-11-14T2{len(self.store.all()) % 4}:00:00Z",
            },
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target or name},
                "maxReplicas": 10,
                "objective": {"latency": {"target": "250ms"}},
                **spec,
            },
        }
        self.api.seed(RLAUTOSCALERS, manifest)
        self.resync()

    def resync(self) -> None:
        """The store sees what the API server has."""
        for manifest in self._all(RLAUTOSCALERS):
            self.store.put(manifest)

    def own(self, name: str) -> None:
        """An HPA on a Deployment, in the cache."""
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        manifest = {
            "metadata": {"namespace": "shop", "name": name, "uid": "hpa"},
            "spec": {"scaleTargetRef": reference},
        }
        assert self.caches.hpas.resource is HORIZONTALPODAUTOSCALERS
        self.caches.hpas.put(manifest)

    def disown(self, name: str) -> None:
        """The HPA is gone."""
        self.caches.hpas.remove({"metadata": {"namespace": "shop", "name": name}})

    def label_namespace(self, name: str, labels: dict[str, str]) -> None:
        self.caches.namespaces.put({"metadata": {"name": name, "labels": labels}})
        assert self.caches.namespaces.resource is NAMESPACES

    async def tick(self, after: float = 15.0):
        self.now += after
        everybody = self.store.all()
        self.ticker.forget_all_but(everybody)
        return await self.ticker.tick(everybody, everybody, now=self.now, reading_time=5.0)

    def replicas(self, name: str, *, namespace: str = "shop") -> int:
        return int(self.api.stored(DEPLOYMENTS, namespace, name)["spec"]["replicas"])

    def status(self, name: str) -> Manifest:
        return dict(self.api.stored(RLAUTOSCALERS, "shop", name).get("status") or {})

    def condition(self, name: str, kind: str) -> tuple[str, str]:
        """Status and reason."""
        found = next(one for one in self.status(name)["conditions"] if one["type"] == kind)
        return found["status"], found["reason"]

    def events(self) -> list[str]:
        return [event["reason"] for event in self._all(EVENTS)]

    def writes(self) -> list[tuple[str, str, str]]:
        """Verb, kind and subresource of every write so far."""
        return [
            (call.verb, call.resource.plural, call.subresource)
            for call in self.api.calls
            if call.verb not in ("get", "list", "watch")
        ]

    def _all(self, resource: Any) -> list[Manifest]:
        return [copy.deepcopy(one) for one in self.api._objects.get(resource, {}).values()]


@pytest.fixture
def world() -> World:
    return World()

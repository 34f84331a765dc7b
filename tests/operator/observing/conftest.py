"""Builders: a service with three pods, an autoscaler for it, and a Prometheus that answers for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from rlagents.structs.pods import CPU, ConditionStatus, Container, Pod, PodPhase
from rlagents.structs.signals import MetricsSnapshot, SignalName
from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients.fakes import FakePrometheus
from rlautoscaler.clients.protocols import Sample
from rlautoscaler.errors import PrometheusError
from rlautoscaler.observing.cadences import Cadences
from rlautoscaler.observing.measurements import Measured
from rlautoscaler.observing.plans import plans
from rlautoscaler.observing.requests import RequestQueries
from rlautoscaler.observing.snapshots import SnapshotReader, Snapshots
from rlautoscaler.observing.usages import UsageQueries
from rlautoscaler.observing.wishes import Wanted

NOW = 1_700_000_000.0
KEY = WorkloadKey("shop", "checkout")
ISTIO = ("destination_workload_namespace", "destination_workload")
BY_POD = ("namespace", "pod")
BY_CONTAINER = ("namespace", "pod", "container")


def pod(name: str, *, age: float = 3600.0, containers: Sequence[str] = ("app",), **fields: Any) -> Pod:
    """A pod that is ready and has a CPU limit in each container."""
    plain = Pod(
        name=name,
        phase=PodPhase.RUNNING,
        created_at=NOW - age,
        started_at=NOW - age,
        readiness=ConditionStatus.TRUE,
        readiness_changed_at=NOW - age + 1,
        containers=tuple(Container(one, limits={CPU: 1000}) for one in containers),
    )
    return replace(plain, **fields)


PODS = (pod("checkout-1"), pod("checkout-2"), pod("checkout-3"))


@dataclass
class Scene:
    """An autoscaler and what Prometheus says; each test changes one thing.

    By default 90 requests a second, none failed, 20 and 200 ms, and each pod using half a core and 1 GB,
    all sampled 5 s ago.
    """

    wanted: Wanted = field(default_factory=lambda: Wanted(KEY, "checkout", preset="istio"))
    pods: tuple[Pod, ...] = PODS
    api: FakePrometheus = field(default_factory=FakePrometheus)
    reader: SnapshotReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = SnapshotReader(self.api)
        requests = self.requests
        for text, value in (
            (requests.throughput, 90.0),
            (requests.throughput_smooth, 88.0),
            (requests.requests_age, 5.0),
            (requests.latencies.get(SignalName.LATENCY_P50), 0.02),
            (requests.latencies.get(SignalName.LATENCY_P99), 0.2),
            (requests.latency_age, 5.0),
        ):
            if text is not None:
                self.workload(text, value)
        for text, value in (
            (self.usage.cpu, 0.5),
            (self.usage.cpu_age, 5.0),
            (self.usage.memory, 1e9),
            (self.usage.memory_age, 5.0),
            (self.usage.throttled, 1.0),
            (self.usage.periods, 10.0),
            (self.usage.periods_age, 5.0),
            (self.usage.disk, 100.0),
            (self.usage.disk_age, 5.0),
        ):
            self.containers(text, dict.fromkeys((one.name for one in self.pods), value))
        for text, value in ((self.usage.network, 1000.0), (self.usage.network_age, 5.0)):
            self.by_pod(text, dict.fromkeys((one.name for one in self.pods), value))

    @property
    def requests(self) -> RequestQueries:
        [plan] = plans([self.wanted], Cadences())
        assert isinstance(plan.requests, RequestQueries)
        return plan.requests

    @property
    def usage(self) -> UsageQueries:
        [plan] = plans([self.wanted], Cadences())
        assert isinstance(plan.usage, UsageQueries)
        return plan.usage

    def workload(self, text: str, value: float | None, **more: Any) -> None:
        """Answer a query for the workload; None: without it."""
        series = [] if value is None else [Sample(dict(zip(ISTIO, ("shop", "checkout"), strict=True)), value)]
        self.api.answer(text, series, **more)

    def by_pod(self, text: str, values: Mapping[str, float], **more: Any) -> None:
        """Answer a query by pod."""
        series = [Sample({"namespace": "shop", "pod": name}, value) for name, value in values.items()]
        self.api.answer(text, series, **more)

    def containers(self, text: str, values: Mapping[str, float | Mapping[str, float]], **more: Any) -> None:
        """Answer a query by pod and container (`app` where none is named)."""
        series = []
        for name, parts in values.items():
            for container, value in (parts if isinstance(parts, Mapping) else {"app": parts}).items():
                labels = {"namespace": "shop", "pod": name, "container": container}
                series.append(Sample(labels, value))
        self.api.answer(text, series, **more)

    def fail(self, text: str | None, error: PrometheusError) -> None:
        """Let a query, or all, fail."""
        self.api.fail(error, text)

    def read_all(self, now: float = NOW) -> Snapshots:
        """One tick."""

        async def tick() -> Snapshots:
            deadline = asyncio.get_running_loop().time() + 60.0
            return await self.reader.read([self.wanted], {KEY: self.pods}, now=now, deadline=deadline)

        return asyncio.run(tick())

    def read(self) -> Measured:
        """What one tick measures of the autoscaler."""
        return self.read_all().by_key[KEY]

    @property
    def snapshot(self) -> MetricsSnapshot:
        """The signals that one tick finds."""
        return self.read().snapshot


MakePod = Callable[..., Pod]


@pytest.fixture
def make_pod() -> MakePod:
    """`make_pod(name, age=…, containers=…, **fields)`."""
    return pod


@pytest.fixture
def make_scene() -> type[Scene]:
    """See `Scene`."""
    return Scene

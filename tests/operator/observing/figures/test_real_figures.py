"""The reader against a real API server and a real Prometheus."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from rlagents.policies import hpa
from rlagents.policies.hpa import samples
from rlagents.structs.pods import Pod
from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients import kube, prometheus
from rlautoscaler.clients.fakes.metrics import pod_metrics
from rlautoscaler.clients.metricsapis import MetricsClient
from rlautoscaler.clients.protocols import NAMESPACES
from rlautoscaler.observing.figures import FigureReader, FiguresWanted
from rlautoscaler.sandbox import podmetrics
from rlautoscaler.sandbox.planes import Sandbox

pytestmark = pytest.mark.cluster

MakePod = Callable[..., Pod]

TARGET = hpa.MetricTarget(average_value=1_000)
PODS = hpa.MetricSpec(hpa.MetricKind.PODS, "rps", TARGET)
OBJECT = hpa.MetricSpec(hpa.MetricKind.OBJECT, "hits", TARGET, described="v1/Service/web")
EXTERNAL = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "queue", TARGET)
DIVIDED = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "share", TARGET)
WRONG = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "typo", TARGET)
UNSERVED = hpa.MetricSpec(hpa.MetricKind.PODS, "custom", TARGET)


@pytest_asyncio.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[kube.KubeClient]:
    async with kube.connect(kubeconfig=sandbox.kubeconfig) as client:
        yield client


@pytest_asyncio.fixture
async def reader(sandbox: Sandbox, api: kube.KubeClient) -> AsyncIterator[FigureReader]:
    async with prometheus.connect(prometheus.Settings(sandbox.prometheus_url)) as source:
        yield FigureReader(MetricsClient(api), source)


def of_pod(name: str, value: float, namespace: str) -> str:
    labelled = f'label_replace(vector({value}), "pod", "{name}", "", "")'
    return f'label_replace({labelled}, "namespace", "{namespace}", "", "")'


async def test_named_queries_are_read_from_a_real_prometheus(reader: FigureReader, make_pod: MakePod) -> None:
    """Figures where there are, and for the rest a sentence each, in one read."""
    key = WorkloadKey("shop", "web")
    queries = {
        PODS: f"{of_pod('web-1', 1.5, 'shop')} or {of_pod('web-2', 9, 'bank')}",
        OBJECT: "vector(2.9999)",
        EXTERNAL: 'vector(3) or label_replace(vector(4), "queue", "b", "", "")',
        DIVIDED: "vector(0) / 0",
        WRONG: "sum(",
    }
    wanted = FiguresWanted(key, "", (*queries, UNSERVED), queries)
    pods = {key: (make_pod("web-1"), make_pod("web-2"))}
    deadline = asyncio.get_running_loop().time() + 10.0
    now = time.time()
    found = (await reader.read([wanted], pods, now=now, deadline=deadline))[key]
    assert found.readings == hpa.Readings(
        pods={PODS: (hpa.PodFigure("web-1", 1_500, now),)},
        objects={OBJECT: 2_999},
        external={EXTERNAL: (3_000, 4_000)},
    )
    assert {metric.name for metric in found.failures} == {"share", "typo", "custom"}
    assert "0 / 0" in found.failures[DIVIDED]
    assert "Correct the query" in found.failures[WRONG]
    assert "custom.metrics.k8s.io" in found.failures[UNSERVED]


async def test_usage_is_read_from_a_real_api_server(
    reader: FigureReader, api: kube.KubeClient, make_pod: MakePod
) -> None:
    """What is stored as PodMetrics is what the HPA would sum up, for the target's own pods."""
    namespace = f"figures-{uuid.uuid4().hex[:8]}"
    key = WorkloadKey(namespace, "web")
    await podmetrics.install(api)
    await api.create(NAMESPACES, None, {"metadata": {"name": namespace}})
    try:
        for name in ("web-1", "other-1"):
            usage = {"app": {"cpu": "250000001n", "memory": "64Mi"}, "proxy": {"cpu": "10m", "memory": "1Mi"}}
            body = pod_metrics(name, usage, window="15.5s") | {
                "apiVersion": podmetrics.POD_METRICS.api_version,
                "kind": "PodMetrics",
            }
            await api.create(podmetrics.POD_METRICS, namespace, body)
        pods = {key: (make_pod("web-1"), make_pod("web-2")), WorkloadKey(namespace, "none"): ()}
        found = await reader.usage(pods, deadline=asyncio.get_running_loop().time() + 10.0)
        rows = found[key]
        assert isinstance(rows, tuple)
        assert {pod: sample.value for pod, sample in samples.of_pods(rows, "cpu").items()} == {"web-1": 261}
        assert rows[0].window == 15.5
        assert found[WorkloadKey(namespace, "none")] == ()
    finally:
        await api.delete(NAMESPACES, None, namespace)

"""The metrics APIs of a real API server: aggregated to an adapter over TLS, and as custom resources.

The adapter is `MetricsServer` behind APIServices, so paths, escaping, availability and rights are the real ones.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from rlautoscaler.clients import kube
from rlautoscaler.clients.discoveries import DEFINITIONS
from rlautoscaler.clients.fakes.metrics import external_value, metric_value, pod_metrics
from rlautoscaler.clients.kube import KubeClient
from rlautoscaler.clients.metricsapis import VERSIONS, MetricsClient
from rlautoscaler.clients.protocols import NAMESPACES, Described, Manifest, PatchType, Resource
from rlautoscaler.errors import (
    ApiError,
    MetricNotFoundError,
    MetricsApiError,
    MetricsForbiddenError,
    MetricsNotServedError,
    MetricsRefusedError,
    MetricsUnavailableError,
)
from rlautoscaler.sandbox import podmetrics
from rlautoscaler.sandbox.options import SandboxOptions
from rlautoscaler.sandbox.planes import Sandbox
from rlautoscaler.sandbox.ports import LOOPBACK

pytestmark = pytest.mark.cluster

APISERVICES = Resource("apiregistration.k8s.io", "v1", "apiservices")
SERVICES = Resource("", "v1", "services")
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts")
CLUSTER_ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles")
CLUSTER_ROLE_BINDINGS = Resource("rbac.authorization.k8s.io", "v1", "clusterrolebindings")
INGRESS = Described("networking.k8s.io/v1", "Ingress", "front")
SERVICE = Described("v1", "Service", "front")
DEPLOYMENT = Described("apps/v1beta1", "Deployment", "front")
NAMESPACE = Described("v1", "Namespace", "shop")


class Adapter:
    """A `MetricsServer` on TLS, in a thread of its own."""

    def __init__(self, sandbox: Sandbox, server: Any) -> None:
        self.server = server
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.port = self._run(self._listen(sandbox))

    async def _listen(self, sandbox: Sandbox) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sandbox.ca_file, sandbox.certificate_key_file)
        app = web.Application()
        app.router.add_get("/{path:.*}", self.server.answer)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self.runner.setup()
        await web.TCPSite(self.runner, LOOPBACK, 0, ssl_context=context).start()
        port: int = self.runner.addresses[0][1]
        return port

    def close(self) -> None:
        self._run(self.runner.cleanup())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout=10.0)


@pytest.fixture(scope="module")
def own(programs: None) -> Iterator[Sandbox]:
    """A control plane of this module's own: who answers for the metrics APIs is one for the whole cluster."""
    with Sandbox(SandboxOptions(label="metrics", node_count=1)) as running:
        yield running


@pytest.fixture(scope="module")
def adapter(own: Sandbox, make_metrics_server: Callable[[], Any]) -> Iterator[Adapter]:
    running = Adapter(own, make_metrics_server())
    yield running
    running.close()


@pytest_asyncio.fixture
async def api(own: Sandbox) -> AsyncIterator[KubeClient]:
    async with kube.connect(kubeconfig=own.kubeconfig) as client:
        yield client


@pytest_asyncio.fixture
async def metrics(api: KubeClient, adapter: Adapter) -> MetricsClient:
    """A client of a cluster whose metrics APIs are all served by the adapter."""
    for group, versions in VERSIONS.items():
        await register(api, group, versions[0], adapter.port)
    for group, versions in VERSIONS.items():
        await until_available(api, group, versions[0], "True")
    return MetricsClient(api)


async def register(api: KubeClient, group: str, version: str, port: int) -> None:
    """Have the API server forward a group to a port of loopback, as through a Service of that name."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "adapter", "namespace": "default"},
        "spec": {"type": "ExternalName", "externalName": "localhost"},
    }
    await api.patch(SERVICES, "default", "adapter", service, patch_type=PatchType.APPLY)
    name = f"{version}.{group}"
    body = {
        "apiVersion": APISERVICES.api_version,
        "kind": "APIService",
        "metadata": {"name": name},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"namespace": "default", "name": "adapter", "port": port},
        },
    }
    await api.patch(APISERVICES, None, name, body, patch_type=PatchType.APPLY)


async def until_available(api: KubeClient, group: str, version: str, status: str) -> None:
    async def is_so() -> bool:
        found = await api.get(APISERVICES, None, f"{version}.{group}")
        conditions = found.get("status", {}).get("conditions") or ()
        return status in [one["status"] for one in conditions if one["type"] == "Available"]

    await until(is_so)


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30.0):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.1)


async def answered(ask: Callable[[], Awaitable[list[Manifest]]]) -> list[Manifest]:
    """The answer, once what was just registered has reached the server's handlers."""
    found: list[list[Manifest]] = []

    async def is_so() -> bool:
        try:
            found.append(await ask())
        except (ApiError, MetricsApiError):
            return False
        return True

    await until(is_so)
    return found[0]


async def test_a_cluster_without_metrics_apis_says_what_to_install(api: KubeClient) -> None:
    """As a cluster is when it is new."""
    client = MetricsClient(api)
    for ask in (
        lambda: client.pod_metrics("default"),
        lambda: client.pods_metric("default", "", "rps"),
        lambda: client.external_metric("default", "queue"),
    ):
        with pytest.raises(MetricsNotServedError, match=r"does not serve .*metrics\.k8s\.io\. Install"):
            await ask()


async def test_every_kind_of_metric_arrives_through_the_aggregator(
    metrics: MetricsClient, adapter: Adapter
) -> None:
    """Paths, the star, selectors and odd names reach the adapter as the HPA controller sends them."""
    server = adapter.server
    usage = [pod_metrics("a", {"app": {"cpu": "250m"}})]
    server.prepare_pod_metrics("shop", usage)
    assert await metrics.pod_metrics("shop") == usage
    rps = [metric_value(Described("v1", "Pod", "a"), "5", window_seconds=30)]
    server.prepare_pods_metric("shop", "rps", rps, selector="app in (a,b),!old", metric_selector="verb=GET")
    assert await metrics.pods_metric("shop", "app in (a,b),!old", "rps", "verb=GET") == rps
    for metric in ("s0-rabbitmq-orders", "pubsub.googleapis.com|subscription|size", "dogs@shop:orders"):
        values = [external_value(metric, "5"), external_value(metric, "7500m")]
        server.prepare_external_metric("shop", metric, values, selector="scaledobject.keda.sh/name=orders")
        assert await metrics.external_metric("shop", metric, "scaledobject.keda.sh/name=orders") == values


@pytest.mark.parametrize("described", [INGRESS, SERVICE, DEPLOYMENT, NAMESPACE])
async def test_objects_are_found_by_their_kind(
    metrics: MetricsClient, adapter: Adapter, described: Described
) -> None:
    """The plural comes from the server's own discovery, in whatever version the group has now."""
    items = [metric_value(described, "7")]
    adapter.server.prepare_object_metric("shop", described, "hits", items)
    assert await metrics.object_metric("shop", described, "hits") == items


async def test_a_kind_the_cluster_does_not_have_is_told(metrics: MetricsClient) -> None:
    """The real discovery has no such kind."""
    with pytest.raises(MetricsRefusedError, match="no kind Ingress in the API group extensions"):
        await metrics.object_metric("shop", Described("extensions/v1beta1", "Ingress", "front"), "hits")


async def test_a_metric_the_adapter_does_not_know_is_not_found(metrics: MetricsClient) -> None:
    """The adapter's words come through."""
    with pytest.raises(MetricNotFoundError, match="the metric is not known"):
        await metrics.pods_metric("shop", "", "unheard-of")


async def test_the_old_version_of_custom_metrics_is_used_where_it_is_alone(
    metrics: MetricsClient, api: KubeClient, adapter: Adapter
) -> None:
    """Adapters that never learnt v1beta2 go on working."""
    group = "custom.metrics.k8s.io"
    adapter.server.versions[group] = ["v1beta1"]
    items = [{"describedObject": {"name": "a"}, "metricName": "old", "value": "5", "window": 30}]
    adapter.server.prepare_pods_metric("shop", "old", items)
    await register(api, group, "v1beta1", adapter.port)
    await until_available(api, group, "v1beta1", "True")
    await api.delete(APISERVICES, None, f"v1beta2.{group}")
    fresh = MetricsClient(api, patience=0.0)
    try:
        assert await answered(lambda: fresh.pods_metric("shop", "", "old")) == items
    finally:
        adapter.server.versions[group] = ["v1beta2"]
        await api.delete(APISERVICES, None, f"v1beta1.{group}")


async def test_missing_rights_are_told_and_the_rule_that_is_told_suffices(
    metrics: MetricsClient, own: Sandbox, api: KubeClient, adapter: Adapter
) -> None:
    """Exactly the verbs and resources of the messages make the requests pass."""
    name = f"reader-{uuid.uuid4().hex[:6]}"
    await api.create(SERVICE_ACCOUNTS, "default", {"metadata": {"name": name}})
    path = own.kubeconfig_for(name, own.service_account_token("default", name))
    rps, queue = [metric_value(Described("v1", "Pod", "a"), "5")], [external_value("queue", "5")]
    adapter.server.prepare_pods_metric("shop", "rps", rps)
    adapter.server.prepare_external_metric("shop", "queue", queue)
    async with kube.connect(kubeconfig=path) as humble:
        client = MetricsClient(humble)
        asked = {
            r"the verb list on pods of the API group metrics\.k8s\.io": lambda: client.pod_metrics("shop"),
            r"the verb get on pods/rps of the API group custom\.": lambda: client.pods_metric(
                "shop", "", "rps"
            ),
            r"the verb list on queue of the API group external\.": lambda: client.external_metric(
                "shop", "queue"
            ),
        }
        for rule, ask in asked.items():
            with pytest.raises(MetricsForbiddenError, match=f"Grant the operator {rule}"):
                await ask()
        await grant(api, name)
        await answered(lambda: client.pod_metrics("shop"))
        assert await client.pods_metric("shop", "", "rps") == rps
        assert await client.external_metric("shop", "queue") == queue


async def grant(api: KubeClient, account: str) -> None:
    rules = [
        {"apiGroups": ["metrics.k8s.io"], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": ["custom.metrics.k8s.io"], "resources": ["pods/rps"], "verbs": ["get"]},
        {"apiGroups": ["external.metrics.k8s.io"], "resources": ["queue"], "verbs": ["list"]},
    ]
    await api.create(CLUSTER_ROLES, None, {"metadata": {"name": account}, "rules": rules})
    binding = {
        "metadata": {"name": account},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": account},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "default"}],
    }
    await api.create(CLUSTER_ROLE_BINDINGS, None, binding)


async def test_an_adapter_that_is_down_is_unavailable(metrics: MetricsClient, api: KubeClient) -> None:
    """The API server itself answers 503 for it, and the sentence leads to its APIService."""
    group = "external.metrics.k8s.io"
    await register(api, group, "v1beta1", 1)
    await until_available(api, group, "v1beta1", "False")
    with pytest.raises(MetricsUnavailableError, match=f"503.*kubectl describe apiservice v1beta1.{group}"):
        await metrics.external_metric("shop", "queue")


async def test_custom_resources_stand_in_for_an_adapter(sandbox: Sandbox) -> None:
    """PodMetrics and external values that are written as objects are read like an adapter's."""
    namespace = f"metrics-{uuid.uuid4().hex[:8]}"
    metric = Resource("external.metrics.k8s.io", "v1beta1", f"queue{uuid.uuid4().hex[:6]}")
    usage = pod_metrics("a", {"app": {"cpu": "250m", "memory": "64Mi"}})
    value = external_value(metric.plural, "55")
    async with kube.connect(kubeconfig=sandbox.kubeconfig) as api:
        client = MetricsClient(api, patience=0.0)
        await podmetrics.install(api)
        await api.create(DEFINITIONS, None, definition(metric))
        try:
            await api.create(NAMESPACES, None, {"metadata": {"name": namespace}})
            await api.create(
                podmetrics.POD_METRICS, namespace, typed(podmetrics.POD_METRICS, "PodMetrics", usage)
            )
            [found] = await client.pod_metrics(namespace)
            assert {key: found[key] for key in ("timestamp", "window", "containers")} == {
                key: usage[key] for key in ("timestamp", "window", "containers")
            }
            assert await answered(lambda: client.external_metric(namespace, metric.plural)) == []
            await api.create(metric, namespace, typed(metric, "ExternalMetricValue", value))
            [found] = await client.external_metric(namespace, metric.plural)
            assert (found["value"], found["metricName"]) == ("55", metric.plural)
        finally:
            await api.delete(DEFINITIONS, None, f"{metric.plural}.{metric.group}")
            await api.delete(NAMESPACES, None, namespace)


def typed(resource: Resource, kind: str, body: Manifest) -> Manifest:
    return {"metadata": {"name": "a"}, **body, "apiVersion": resource.api_version, "kind": kind}


def definition(metric: Resource) -> Manifest:
    """A kind for one external metric."""
    body = podmetrics.definition()
    body["metadata"]["name"] = f"{metric.plural}.{metric.group}"
    body["spec"]["group"] = metric.group
    body["spec"]["names"] = {
        "kind": "ExternalMetricValue",
        "listKind": "ExternalMetricValueList",
        "plural": metric.plural,
        "singular": metric.plural,
    }
    body["spec"]["versions"][0]["name"] = metric.version
    return body

"""An API server's metrics APIs over HTTP, with canned answers, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from rlautoscaler.clients import kube
from rlautoscaler.clients.metricsapis import MetricsClient
from rlautoscaler.clients.protocols import Described, Manifest

KINDS = {
    "/api/v1": {
        "resources": [{"name": "services/status", "kind": "Service"}, {"name": "services", "kind": "Service"}]
    },
    "/apis/networking.k8s.io": {
        "versions": [{"version": "v1beta1"}, {"version": "v1"}],
        "preferredVersion": {"version": "v1"},
    },
    "/apis/networking.k8s.io/v1": {"resources": [{"name": "ingresses", "kind": "Ingress"}]},
}


class MetricsServer:
    """Answers under the paths of the real ones, and only with what was prepared."""

    def __init__(self) -> None:
        self.now = 0.0
        """Of the client's clock."""
        self.requests: list[str] = []
        self.documents: dict[str, Any] = dict(KINDS)
        self.versions = {
            "metrics.k8s.io": ["v1beta1"],
            "custom.metrics.k8s.io": ["v1beta2"],
            "external.metrics.k8s.io": ["v1beta1"],
        }
        self.refusals: dict[str, tuple[int, str]] = {}
        self.respond = self.handle
        self.answers: dict[str, list[tuple[Sequence[Manifest], dict[str, str]]]] = {}

    # The same scene as that of `FakeMetricsApi`.

    def prepare_pod_metrics(self, namespace: str, items: Sequence[Manifest]) -> None:
        self._prepare("metrics.k8s.io", f"namespaces/{namespace}/pods", items)

    def prepare_pods_metric(
        self,
        namespace: str,
        metric: str,
        items: Sequence[Manifest],
        *,
        selector: str | None = None,
        metric_selector: str | None = None,
    ) -> None:
        wanted = {"labelSelector": selector, "metricLabelSelector": metric_selector}
        self._prepare("custom.metrics.k8s.io", f"namespaces/{namespace}/pods/*/{metric}", items, wanted)

    def prepare_object_metric(
        self,
        namespace: str,
        described: Described,
        metric: str,
        items: Sequence[Manifest],
        *,
        metric_selector: str | None = None,
    ) -> None:
        places = {
            "Ingress": "ingresses.networking.k8s.io",
            "Service": "services",
            "Deployment": "deployments.apps",
        }
        place = "metrics" if described.kind == "Namespace" else f"{places[described.kind]}/{described.name}"
        self._prepare(
            "custom.metrics.k8s.io",
            f"namespaces/{namespace}/{place}/{metric}",
            items,
            {"metricLabelSelector": metric_selector},
        )

    def prepare_external_metric(
        self, namespace: str, metric: str, items: Sequence[Manifest], *, selector: str | None = None
    ) -> None:
        self._prepare(
            "external.metrics.k8s.io", f"namespaces/{namespace}/{metric}", items, {"labelSelector": selector}
        )

    def refuse(self, group: str, status: int, message: str = "") -> None:
        self.refusals[group] = (status, message)

    def withdraw(self, group: str) -> None:
        self.versions.pop(group)

    def _prepare(
        self,
        group: str,
        place: str,
        items: Sequence[Manifest],
        wanted: Mapping[str, str | None] | None = None,
    ) -> None:
        for version in self.versions[group]:
            needed = {name: text for name, text in (wanted or {}).items() if text is not None}
            self.answers.setdefault(f"/apis/{group}/{version}/{place}", []).insert(0, (items, needed))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Requests end here, or where a test has put something else."""
        return await self.respond(request)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """404 pages are plain text where nobody knows the API, and a Status where somebody does."""
        self.requests.append(request.path_qs)
        if request.path in self.documents:
            return web.json_response(self.documents[request.path])
        group, _, version = request.path.removeprefix("/apis/").partition("/")
        version, _, place = version.partition("/")
        if version not in ("", *self.versions.get(group, ())) or group not in self.versions:
            return web.Response(status=404, text="404 page not found")
        if not version:
            versions = [{"groupVersion": f"{group}/{one}", "version": one} for one in self.versions[group]]
            return web.json_response({"kind": "APIGroup", "name": group, "versions": versions})
        if not place:  # so the API server looks whether an adapter is up
            return web.json_response(
                {"kind": "APIResourceList", "groupVersion": f"{group}/{version}", "resources": []}
            )
        if group in self.refusals:
            status, message = self.refusals[group]
            return web.json_response({"kind": "Status", "message": message}, status=status)
        for items, wanted in self.answers.get(request.path, ()):
            if all(request.query.get(name, "") == text for name, text in wanted.items()):
                return web.json_response({"kind": "List", "items": items})
        if group == "metrics.k8s.io":
            return web.json_response({"kind": "PodMetricsList", "items": []})
        body = {"kind": "Status", "reason": "NotFound", "message": "the metric is not known"}
        return web.json_response(body, status=404)


@pytest_asyncio.fixture
async def metrics_server() -> AsyncIterator[tuple[MetricsServer, str]]:
    server = MetricsServer()
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    async with TestServer(app, handler_cancellation=True) as running:
        yield server, str(running.make_url("")).rstrip("/")


@pytest_asyncio.fixture
async def metrics_client(
    metrics_server: tuple[MetricsServer, str], tmp_path: Path
) -> AsyncIterator[tuple[MetricsServer, MetricsClient]]:
    server, url = metrics_server
    path = tmp_path / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "here",
                "clusters": [{"name": "c", "cluster": {"server": url}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    async with kube.connect(kubeconfig=path) as api:
        yield server, MetricsClient(api, clock=lambda: server.now)


@pytest.fixture(scope="session")
def make_metrics_server() -> type[MetricsServer]:
    return MetricsServer

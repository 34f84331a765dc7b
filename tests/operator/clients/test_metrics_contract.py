"""What every `MetricsApi` does, the fake like the real client against the paths of the real APIs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from rlautoscaler.clients.fakes import FakeMetricsApi
from rlautoscaler.clients.fakes.metrics import external_value, metric_value, pod_metrics
from rlautoscaler.clients.protocols import Described, Manifest, MetricsApi
from rlautoscaler.errors import (
    MetricNotFoundError,
    MetricsApiError,
    MetricsForbiddenError,
    MetricsNotServedError,
    MetricsRefusedError,
    MetricsUnavailableError,
)

INGRESS = Described("networking.k8s.io/v1", "Ingress", "front")
SERVICE = Described("v1", "Service", "front")
NAMESPACE = Described("v1", "Namespace", "shop")


class Scene(NamedTuple):
    """What the APIs have, and who asks them."""

    server: Any
    api: MetricsApi


@pytest.fixture(params=["fake", "real"])
def scene(request: pytest.FixtureRequest) -> Scene:
    if request.param == "fake":
        fake = FakeMetricsApi()
        return Scene(fake, fake)
    return Scene(*request.getfixturevalue("metrics_client"))


def pod(name: str) -> Described:
    return Described("v1", "Pod", name)


ASKED: dict[str, Callable[[MetricsApi], Awaitable[list[Manifest]]]] = {
    "metrics.k8s.io": lambda api: api.pod_metrics("shop"),
    "custom.metrics.k8s.io": lambda api: api.pods_metric("shop", "app=web", "rps"),
    "external.metrics.k8s.io": lambda api: api.external_metric("shop", "queue"),
}
"""A request to each API."""


async def test_usage_of_a_namespace_comes_whole(scene: Scene) -> None:
    """One call has every pod of the namespace and none of another."""
    items = [pod_metrics(name, {"app": {"cpu": "12345678n", "memory": "64Mi"}}) for name in ("a", "b")]
    scene.server.prepare_pod_metrics("shop", items)
    assert await scene.api.pod_metrics("shop") == items
    assert await scene.api.pod_metrics("elsewhere") == []


async def test_a_pods_metric_is_asked_with_both_selectors(scene: Scene) -> None:
    """The pods' selector and the metric's selector reach the adapter."""
    items = [metric_value(pod("a"), "1500m", window_seconds=60)]
    scene.server.prepare_pods_metric(
        "shop", "rps", items, selector="app in (web)", metric_selector="verb=GET"
    )
    assert await scene.api.pods_metric("shop", "app in (web)", "rps", "verb=GET") == items
    with pytest.raises(MetricNotFoundError):
        await scene.api.pods_metric("shop", "app in (web)", "rps", "verb=PUT")


@pytest.mark.parametrize("described", [INGRESS, SERVICE, NAMESPACE])
async def test_an_object_metric_is_found_by_kind(scene: Scene, described: Described) -> None:
    """Kinds with a group, of the core, and the namespace itself each have their path."""
    items = [metric_value(described, "7")]
    scene.server.prepare_object_metric("shop", described, "rps", items, metric_selector="verb=GET")
    assert await scene.api.object_metric("shop", described, "rps", "verb=GET") == items


async def test_the_namespace_of_an_object_metric_is_the_autoscalers_own(scene: Scene) -> None:
    """Whatever name is given for a Namespace: nobody shall read another's figures."""
    items = [metric_value(NAMESPACE, "7")]
    scene.server.prepare_object_metric("shop", NAMESPACE, "rps", items)
    assert await scene.api.object_metric("shop", Described("v1", "Namespace", "bank"), "rps") == items


async def test_only_the_group_of_an_objects_api_version_counts(scene: Scene) -> None:
    """An HPA that still names a version that is gone reads on."""
    items = [metric_value(INGRESS, "7")]
    scene.server.prepare_object_metric("shop", INGRESS, "rps", items)
    old = Described("networking.k8s.io/v1alpha9", "Ingress", "front")
    assert await scene.api.object_metric("shop", old, "rps") == items


@pytest.mark.parametrize(
    "described",
    [
        pytest.param(Described("networking.k8s.io/v1", "Egress", "x"), id="a kind the group does not have"),
        pytest.param(Described("example.com/v1", "Ingress", "x"), id="a group the cluster does not have"),
        pytest.param(Described("", "Ingress", "x"), id="no group, where the kind has one"),
        pytest.param(Described("../../api/v1/secrets/v1", "Ingress", "x"), id="a group that leads elsewhere"),
    ],
)
async def test_a_kind_the_cluster_does_not_have_is_told(scene: Scene, described: Described) -> None:
    """The remedy is in describedObject."""
    with pytest.raises(MetricsRefusedError, match=rf"no kind {described.kind} in the .*describedObject"):
        await scene.api.object_metric("shop", described, "rps")


async def test_an_external_metric_has_any_number_of_series(scene: Scene) -> None:
    """None, one or several, by the selector."""
    items = [external_value("queue", "5"), external_value("queue", "6500m")]
    scene.server.prepare_external_metric("shop", "queue", [])
    scene.server.prepare_external_metric("shop", "queue", items, selector="of=orders")
    assert await scene.api.external_metric("shop", "queue", "of=orders") == items
    assert await scene.api.external_metric("shop", "queue") == []


async def test_a_scaled_objects_metric_is_an_external_one(scene: Scene) -> None:
    """KEDA's metrics server finds its ScaledObject by the selector, and labels nothing."""
    selector = "scaledobject.keda.sh/name=orders"
    items = [external_value("s0-rabbitmq-orders", "55") | {"metricLabels": None}]
    scene.server.prepare_external_metric("shop", "s0-rabbitmq-orders", items, selector=selector)
    assert await scene.api.external_metric("shop", "s0-rabbitmq-orders", selector) == items


@pytest.mark.parametrize(
    "metric", ["pubsub.googleapis.com|subscription|undelivered", "datadogmetric@shop:orders"]
)
async def test_names_with_odd_characters_arrive(scene: Scene, metric: str) -> None:
    """Metrics of the clouds' adapters are named like that."""
    items = [external_value(metric, "5")]
    scene.server.prepare_external_metric("shop", metric, items)
    assert await scene.api.external_metric("shop", metric) == items


@pytest.mark.parametrize("name", ["..", ".", "a/b", "queue%2f.."])
async def test_a_name_cannot_lead_elsewhere(scene: Scene, name: str) -> None:
    """Users write names of metrics and objects; one that would change the path is refused before it is sent."""
    for asked in (
        lambda: scene.api.pods_metric("shop", "", name),
        lambda: scene.api.object_metric("shop", NAMESPACE, name),
        lambda: scene.api.object_metric("shop", Described("v1", "Service", name), "rps"),
        lambda: scene.api.external_metric("shop", name),
    ):
        with pytest.raises(MetricsRefusedError, match="not a name"):
            await asked()


@pytest.mark.parametrize("group", ASKED)
async def test_an_api_nobody_serves_is_told(scene: Scene, group: str) -> None:
    """Without metrics-server or an adapter there is a remedy, not a riddle."""
    scene.server.withdraw(group)
    with pytest.raises(MetricsNotServedError, match=rf"does not serve {group}\. Install .*Prom") as caught:
        await ASKED[group](scene.api)
    assert caught.value.group == group


@pytest.mark.parametrize("group", list(ASKED)[1:])
async def test_a_metric_nobody_knows_is_not_found(scene: Scene, group: str) -> None:
    """The adapter is there and its own words are in the message."""
    with pytest.raises(
        MetricNotFoundError, match=r"404 to .*the metric is not known.*Check the metric's name"
    ):
        await ASKED[group](scene.api)


@pytest.mark.parametrize(
    ("group", "rule"),
    [
        ("metrics.k8s.io", "the verb list on pods of the API group metrics.k8s.io"),
        ("custom.metrics.k8s.io", "the verb get on pods/rps of the API group custom.metrics.k8s.io"),
        ("external.metrics.k8s.io", "the verb list on queue of the API group external.metrics.k8s.io"),
    ],
)
async def test_missing_rights_name_the_rule(scene: Scene, group: str, rule: str) -> None:
    """Who reads the message can write the RBAC rule from it."""
    scene.server.refuse(group, 403, "forbidden")
    with pytest.raises(MetricsForbiddenError, match=rf"Grant the operator {rule}"):
        await ASKED[group](scene.api)


@pytest.mark.parametrize("group", ASKED)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, MetricsRefusedError),
        (401, MetricsForbiddenError),
        (422, MetricsRefusedError),
        (429, MetricsUnavailableError),
        (500, MetricsUnavailableError),
        (503, MetricsUnavailableError),
        (504, MetricsUnavailableError),
    ],
)
async def test_refusals_become_errors_of_the_tree(
    scene: Scene, group: str, status: int, kind: type[MetricsApiError]
) -> None:
    """Each status has its kind, and the server's words survive."""
    scene.server.refuse(group, status, "the server has its reasons")
    with pytest.raises(kind, match=f"{group} answered {status} to .*the server has its reasons") as caught:
        await ASKED[group](scene.api)
    assert (type(caught.value), caught.value.group) == (kind, group)


async def test_an_adapter_that_is_down_names_its_registration(scene: Scene) -> None:
    """The API server answers 503 for it, and the APIService has the cause."""
    scene.server.refuse("custom.metrics.k8s.io", 503, "service unavailable")
    with pytest.raises(
        MetricsUnavailableError, match=r"kubectl describe apiservice v1beta2\.custom\.metrics"
    ):
        await scene.api.pods_metric("shop", "", "rps")


async def test_an_adapter_that_fails_is_told_from_one_that_is_down(scene: Scene) -> None:
    """KEDA answers 500 where a scaler of it failed: its APIService is well, its log has the cause."""
    scene.server.refuse("external.metrics.k8s.io", 500, "error when getting metric values")
    with pytest.raises(
        MetricsUnavailableError, match=r"getting metric values.* failed: its log has the cause"
    ):
        await scene.api.external_metric("shop", "queue")

"""The client of the metrics APIs: paths, versions, what it remembers, and servers that behave badly."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from rlautoscaler.clients.metricsapis import MetricsClient
from rlautoscaler.clients.protocols import Described
from rlautoscaler.clients.refusals import Call
from rlautoscaler.errors import (
    MetricsApiError,
    MetricsForbiddenError,
    MetricsNotServedError,
    MetricsRefusedError,
    MetricsUnavailableError,
    UnreachableError,
)

INGRESS = Described("networking.k8s.io/v1", "Ingress", "front")


class Fetcher:
    """A connection that answers by path, and notes what it is asked."""

    def __init__(self, **answers: tuple[int, Any]) -> None:
        self.answers: dict[str, tuple[int, Any] | UnreachableError] = dict(answers)
        self.paths: list[str] = []
        self.calls: list[Call] = []
        self.queries: list[dict[str, str]] = []

    def serve(self, group: str, *versions: str) -> None:
        self.answers[f"/apis/{group}"] = (200, {"versions": [{"version": one} for one in versions]})

    async def fetch(self, call: Call, path: str, query: dict[str, str] | None = None) -> tuple[int, bytes]:
        self.calls.append(call)
        self.paths.append(path)
        self.queries.append(query or {})
        await asyncio.sleep(0)
        answer = self.answers.get(path, (404, "404 page not found"))
        if isinstance(answer, UnreachableError):
            raise answer
        status, body = answer
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


CUSTOM = "/apis/custom.metrics.k8s.io"
PODS = "namespaces/shop/pods/%2A/rps"


async def test_the_paths_are_those_of_the_hpa_controller() -> None:
    """Each kind of metric has its own form, and selectors that select everything are not sent."""
    api = Fetcher()
    api.serve("metrics.k8s.io", "v1beta1")
    api.serve("custom.metrics.k8s.io", "v1beta2")
    api.serve("external.metrics.k8s.io", "v1beta1")
    api.serve("networking.k8s.io", "v1")
    api.answers["/apis/networking.k8s.io/v1"] = (
        200,
        {"resources": [{"kind": "Ingress", "name": "ingresses"}]},
    )
    expected = {
        "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods": {},
        f"{CUSTOM}/v1beta2/{PODS}": {"labelSelector": "app=web", "metricLabelSelector": "verb=GET"},
        f"{CUSTOM}/v1beta2/namespaces/shop/ingresses.networking.k8s.io/front/rps": {},
        f"{CUSTOM}/v1beta2/namespaces/shop/metrics/rps": {"metricLabelSelector": "verb=GET"},
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue": {"labelSelector": "of=orders"},
    }
    api.answers |= dict.fromkeys(expected, (200, {"items": []}))
    client = MetricsClient(api)
    await client.pod_metrics("shop")
    await client.pods_metric("shop", "app=web", "rps", "verb=GET")
    await client.object_metric("shop", INGRESS, "rps")
    await client.object_metric("shop", Described("v1", "Namespace", "shop"), "rps", "verb=GET")
    await client.external_metric("shop", "queue", "of=orders")
    asked = dict(zip(api.paths, api.queries, strict=True))
    assert {path: asked[path] for path in expected} == expected


@pytest.mark.parametrize(
    ("sentence", "versions", "chosen"),
    [
        ("only the old one", ["v1beta1"], "v1beta1"),
        ("both", ["v1beta1", "v1beta2"], "v1beta2"),
        ("one of the future beside", ["v1", "v1beta2"], "v1beta2"),
    ],
)
async def test_the_better_version_that_is_served_is_used(
    sentence: str, versions: list[str], chosen: str
) -> None:
    """Old adapters have v1beta1 alone."""
    api = Fetcher()
    api.serve("custom.metrics.k8s.io", *versions)
    api.answers[f"{CUSTOM}/{chosen}/{PODS}"] = (200, {"items": [{"value": "1"}]})
    assert await MetricsClient(api).pods_metric("shop", "", "rps") == [{"value": "1"}], sentence


async def test_a_group_without_a_version_we_know_is_not_served() -> None:
    """As if it were not there."""
    api = Fetcher()
    api.serve("custom.metrics.k8s.io", "v9")
    with pytest.raises(MetricsNotServedError):
        await MetricsClient(api).pods_metric("shop", "", "rps")


async def test_what_is_served_is_looked_up_once_a_minute() -> None:
    """An adapter that is installed later is found within that time, and no earlier answer is asked for twice."""
    api, clock = Fetcher(), Clock()
    client = MetricsClient(api, clock=clock, patience=60.0)
    for _ in range(3):
        with pytest.raises(MetricsNotServedError):
            await client.pods_metric("shop", "", "rps")
    assert api.paths == [CUSTOM]
    api.serve("custom.metrics.k8s.io", "v1beta2")
    api.answers[f"{CUSTOM}/v1beta2/{PODS}"] = (200, {"items": []})
    clock.now = 59.9
    with pytest.raises(MetricsNotServedError):
        await client.pods_metric("shop", "", "rps")
    clock.now = 60.0
    assert await client.pods_metric("shop", "", "rps") == []
    assert api.paths == [CUSTOM, CUSTOM, f"{CUSTOM}/v1beta2/{PODS}"]


async def test_requests_at_once_share_one_look() -> None:
    """The first tick after a start asks for a hundred metrics and once for the version."""
    api = Fetcher()
    api.serve("custom.metrics.k8s.io", "v1beta2")
    api.answers[f"{CUSTOM}/v1beta2/{PODS}"] = (200, {"items": []})
    client = MetricsClient(api)
    await asyncio.gather(*(client.pods_metric("shop", "", "rps") for _ in range(100)))
    assert (api.paths.count(CUSTOM), len(api.paths)) == (1, 101)


async def test_an_old_answer_holds_while_discovery_is_down() -> None:
    """What was served a minute ago is asked on; the adapter may well answer."""
    api, clock = Fetcher(), Clock()
    api.serve("custom.metrics.k8s.io", "v1beta2")
    api.answers[f"{CUSTOM}/v1beta2/{PODS}"] = (200, {"items": []})
    client = MetricsClient(api, clock=clock)
    await client.pods_metric("shop", "", "rps")
    api.answers[CUSTOM] = (503, {"message": "not now"})
    clock.now = 3600.0
    assert await client.pods_metric("shop", "", "rps") == []


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((503, {"message": "not now"}), MetricsUnavailableError, "503 to GET /apis/custom.*not now"),
        ((403, {"message": "no"}), MetricsForbiddenError, "system:discovery"),
        (UnreachableError("No answer."), MetricsUnavailableError, "No answer"),
        ((200, b"<html>"), MetricsUnavailableError, "proxy"),
        ((200, [1]), MetricsUnavailableError, "proxy"),
    ],
)
async def test_a_failing_discovery_is_an_error_of_the_metrics_api(
    answer: Any, kind: type[MetricsApiError], words: str
) -> None:
    """Nothing but the tree of the metrics APIs comes out, and it says what to do."""
    api = Fetcher()
    api.answers[CUSTOM] = answer
    with pytest.raises(kind, match=words):
        await MetricsClient(api).pods_metric("shop", "", "rps")


@pytest.mark.parametrize(
    ("sentence", "body"),
    [
        ("a proxy's page", b"<html>login</html>"),
        ("cut in the middle", b'{"items": [{"value'),
        ("not an object", b"[]"),
        ("no list", b'{"items": {"a": 1}}'),
        ("nothing", b""),
        ("not even text", b"\xff\xfe"),
    ],
)
async def test_an_answer_that_is_no_list_is_no_empty_list(sentence: str, body: bytes) -> None:
    """Nonsense must not read as "no pod uses anything"."""
    api = Fetcher()
    api.serve("metrics.k8s.io", "v1beta1")
    api.answers["/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"] = (200, body)
    with pytest.raises(MetricsUnavailableError):
        await MetricsClient(api).pod_metrics("shop")


async def test_a_list_without_entries_may_be_null() -> None:
    """So Go writes an empty slice that was never made."""
    api = Fetcher()
    api.serve("metrics.k8s.io", "v1beta1")
    api.answers["/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"] = (200, {"items": None})
    assert await MetricsClient(api).pod_metrics("shop") == []


async def test_entries_that_are_no_objects_are_left_out() -> None:
    """The rest of the answer counts."""
    api = Fetcher()
    api.serve("metrics.k8s.io", "v1beta1")
    answer = {"items": [None, 7, {"metadata": {"name": "a"}}]}
    api.answers["/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"] = (200, answer)
    assert await MetricsClient(api).pod_metrics("shop") == [{"metadata": {"name": "a"}}]


async def test_requests_are_counted_without_the_metrics_names() -> None:
    """A series of the operator's own metrics for every user's metric would have no bound."""
    api = Fetcher()
    for group in ("custom.metrics.k8s.io", "external.metrics.k8s.io"):
        api.serve(group, "v1beta1")
    client = MetricsClient(api)
    with pytest.raises(MetricsApiError):
        await client.pods_metric("shop", "", "rps")
    with pytest.raises(MetricsApiError):
        await client.external_metric("shop", "queue")
    counted = {(call.verb, call.resource.plural, call.subresource) for call in api.calls}
    assert counted == {("discover", "*", ""), ("get", "pods", "*"), ("list", "*", "")}


@pytest.mark.parametrize(
    "nonsense", [None, [], 7, "v1", [None, 7, "v1", []], {"a": 1}, [{"name": None, "kind": "Ingress"}]]
)
async def test_a_discovery_of_nonsense_finds_nothing(nonsense: Any) -> None:
    """Groups of the cluster's other API servers are asked too, and these are anybody's."""
    api = Fetcher()
    api.answers["/apis/networking.k8s.io"] = (200, {"versions": nonsense, "preferredVersion": nonsense})
    api.answers["/apis/networking.k8s.io/v1"] = (200, {"resources": nonsense})
    api.answers["/apis/networking.k8s.io/None"] = (200, {"resources": nonsense})
    with pytest.raises(MetricsApiError):
        await MetricsClient(api).object_metric("shop", INGRESS, "rps")


@pytest.mark.parametrize(
    "group", ["../../api/v1/namespaces/bank/secrets", "a/b", "x?watch=1", "a#b", "A B", "%2e%2e"]
)
async def test_a_group_cannot_lead_elsewhere(group: str) -> None:
    """Users write it in describedObject: nothing is asked for one that is none."""
    api = Fetcher()
    with pytest.raises(MetricsRefusedError, match="no kind Ingress"):
        await MetricsClient(api).object_metric("shop", Described(f"{group}/v1", "Ingress", "x"), "rps")
    assert api.paths == []


async def test_a_look_that_is_given_up_is_begun_anew_by_the_next() -> None:
    """The deadline of a tick cancels it, and the next tick must not wait for it."""
    api = Fetcher()
    api.serve("custom.metrics.k8s.io", "v1beta2")
    api.answers[f"{CUSTOM}/v1beta2/{PODS}"] = (200, {"items": []})
    client = MetricsClient(api)
    given_up = asyncio.create_task(client.pods_metric("shop", "", "rps"))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait([given_up])
    assert given_up.cancelled()
    assert await client.pods_metric("shop", "", "rps") == []


async def test_a_kind_is_remembered_with_its_plural(metrics_client: tuple[Any, MetricsClient]) -> None:
    """Over HTTP: the kinds of a group are read once, not at every tick, and subresources are no kinds."""
    server, client = metrics_client
    for described in (INGRESS, Described("v1", "Service", "front")):
        server.prepare_object_metric("shop", described, "rps", [{"value": "1"}])
        for _ in range(3):
            assert await client.object_metric("shop", described, "rps") == [{"value": "1"}]
    looked = [path for path in server.requests if path in server.documents]
    assert looked == ["/apis/networking.k8s.io", "/apis/networking.k8s.io/v1", "/api/v1"]


async def test_a_server_that_hangs_up_is_unavailable(metrics_client: tuple[Any, MetricsClient]) -> None:
    """No exception of the transport comes through."""
    server, client = metrics_client
    await client.pod_metrics("shop")

    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    server.respond = hang_up
    with pytest.raises(MetricsUnavailableError, match="No answer from the API server"):
        await client.pod_metrics("shop")

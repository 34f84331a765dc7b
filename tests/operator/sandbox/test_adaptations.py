"""The metrics APIs' paths and documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rlautoscaler.sandbox import adaptations
from rlautoscaler.sandbox.adaptations import ALL, CUSTOM_METRICS, EXTERNAL_METRICS, RESOURCE_METRICS, Question

RESOURCE, CUSTOM, EXTERNAL = (one.group for one in (RESOURCE_METRICS, CUSTOM_METRICS, EXTERNAL_METRICS))


class Told:
    """One pod of each of two services, one object, one series; nothing of what is called `silent`."""

    def pod_metrics(self, namespace: str) -> list[dict[str, Any]] | None:
        if namespace == "silent":
            return None
        return [{"metadata": {"name": name, "labels": {"app": name}}} for name in ("a", "b")]

    def pod_values(
        self, namespace: str, metric: str
    ) -> list[tuple[Mapping[str, str], dict[str, Any]]] | None:
        return (
            None if metric == "silent" else [({"app": "a"}, {"value": "1"}), ({"app": "b"}, {"value": "2"})]
        )

    def object_values(self, namespace: str, kind: str, name: str, metric: str) -> list[dict[str, Any]] | None:
        return None if metric == "silent" else [{"value": f"{kind}/{name}"}]

    def external_values(self, namespace: str, metric: str) -> list[dict[str, Any]] | None:
        return None if metric == "silent" else [{"value": "3"}]


@pytest.mark.parametrize(
    ("path", "query", "question"),
    [
        (
            "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods",
            {"labelSelector": "app=a"},
            Question(RESOURCE, "shop", selector="app=a"),
        ),
        ("/apis/metrics.k8s.io/v1beta1/pods", {}, Question(RESOURCE, "")),
        (
            "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/pods/*/requests",
            {"labelSelector": "app=a", "metricLabelSelector": "verb=GET"},
            Question(CUSTOM, "shop", "requests", "pods", ALL, "app=a", "verb=GET"),
        ),
        (
            "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/ingresses.networking.k8s.io/front/hits",
            {},
            Question(CUSTOM, "shop", "hits", "ingresses.networking.k8s.io", "front"),
        ),
        (
            "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue",
            {"labelSelector": "name=orders"},
            Question(EXTERNAL, "shop", "queue", metric_selector="name=orders"),
        ),
        ("/apis/metrics.k8s.io/v1/namespaces/shop/pods", {}, None),
        ("/apis/metrics.k8s.io/v1beta1/namespaces/shop/nodes", {}, None),
        ("/apis/apps/v1/deployments", {}, None),
        ("/healthz", {}, None),
        ("/", {}, None),
    ],
)
def test_a_path_is_understood_or_not_there(
    path: str, query: dict[str, str], question: Question | None
) -> None:
    """Every path that an HPA controller asks, and nothing else."""
    assert adaptations.question(path, query) == question


@pytest.mark.parametrize("group", adaptations.GROUPS)
def test_each_group_can_be_discovered(group: Any) -> None:
    """The API server asks for this before it forwards anything."""
    found = adaptations.discovered(f"/apis/{group.api_version}")
    assert found is not None
    assert found["groupVersion"] == group.api_version


def test_other_paths_are_no_discovery() -> None:
    """A question is not taken for one."""
    assert adaptations.discovered("/apis/metrics.k8s.io/v1beta1/pods") is None


@pytest.mark.parametrize(
    ("question", "count"),
    [
        (Question(RESOURCE, "shop"), 2),
        (Question(RESOURCE, "shop", selector="app=a"), 1),
        (Question(RESOURCE, "shop", selector="app=z"), 0),
        (Question(CUSTOM, "shop", "requests", "pods", ALL, "app in (a,b)"), 2),
        (Question(CUSTOM, "shop", "hits", "ingresses", "front"), 1),
        (Question(EXTERNAL, "shop", "queue"), 1),
        (Question(RESOURCE, "silent"), None),
        (Question(CUSTOM, "shop", "silent", "pods", ALL), None),
        (Question(CUSTOM, "shop", "silent", "ingresses", "front"), None),
        (Question(EXTERNAL, "shop", "silent"), None),
    ],
)
def test_an_answer_has_the_rows_that_the_selector_takes(question: Question, count: int | None) -> None:
    """No row is an answer too; no answer is something else."""
    items = adaptations.items(question, Told())
    assert (None if items is None else len(items)) == count


def test_the_answer_is_a_list_of_the_apis_own_kind() -> None:
    """The controller's client reads nothing else."""
    document = adaptations.document(Question(EXTERNAL, "shop", "queue"), [{"value": "3"}])
    assert document["kind"] == "ExternalMetricValueList"
    assert document["apiVersion"] == "external.metrics.k8s.io/v1beta1"

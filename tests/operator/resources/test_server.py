"""What the real API server makes of the custom resource."""

from __future__ import annotations

from typing import Any

import pytest

from rlautoscaler.resources import names, schemas, statuses
from rlautoscaler.resources.columns import COLUMNS
from rlautoscaler.resources.specs import Spec
from rlautoscaler.sandbox.planes import Sandbox

pytestmark = pytest.mark.cluster

SMALLEST: dict[str, Any] = {
    "scaleTargetRef": {"name": "checkout"},
    "maxReplicas": 10,
    "objective": {"errorRate": "1%"},
}


def test_the_server_fills_in_the_defaults_of_the_models(server: Any) -> None:
    """The stored object is the parsed object, written out."""
    assert server.create(SMALLEST)["spec"] == Spec.model_validate(SMALLEST).document()


def test_a_null_is_an_absent_field_for_the_server(server: Any) -> None:
    """Nulls stand for defaults or for nothing, in maps, too."""
    nulls = {"interval": None, "rollout": None, "metrics": {"labels": {"cluster": None}, "window": None}}
    assert server.create(SMALLEST | nulls)["spec"] == Spec.model_validate(SMALLEST | nulls).document()


AMOUNT = "1" * 15 + "." + "1" * 9 + "Mi"


def _external(index: int) -> dict[str, Any]:
    expression = {"key": "k" * 317, "operator": "In", "values": ["v" * 63] * 32}
    labels = {f"{'l' * 61}{label:02}": "v" * 63 for label in range(32)}
    selector = {"matchLabels": labels, "matchExpressions": [expression] * 32}
    metric = {"name": f"{'n' * 251}{index:02}", "selector": selector}
    source = {"metric": metric, "target": {"type": "AverageValue", "averageValue": AMOUNT}}
    return {"type": "External", "external": source, "query": "q" * 4096}


def test_the_largest_metrics_stay_within_the_cost_of_rules(server: Any) -> None:
    """Sixteen metrics with full selectors and queries are compared with each other all the same."""
    metrics = [_external(index) for index in range(16)]
    assert server.refusal(SMALLEST | {"baseline": {"metrics": metrics}}) == ""


def test_the_largest_document_stays_within_the_cost_of_rules(server: Any) -> None:
    """A document with every list and map full is checked, and not refused for the cost of checking it."""
    source = {
        "name": "cpu",
        "container": "c" * 63,
        "target": {"type": "AverageValue", "averageValue": AMOUNT},
    }
    policies = [{"type": "Pods", "value": 1, "periodSeconds": 1}] * 16
    rules = {"stabilizationWindowSeconds": 0, "policies": policies, "tolerance": "0.1"}
    container = {"cpu": {"min": "1m", "max": "1024"}, "memory": {"min": "1Mi", "max": "32Ti"}}
    document = SMALLEST | {
        "metrics": {"labels": {f"{'l' * 126}{index:02}": "v" * 256 for index in range(16)}},
        "baseline": {
            "metrics": [{"type": "ContainerResource", "containerResource": source}] * 16,
            "behavior": {"scaleUp": rules, "scaleDown": rules},
        },
        "resources": {"containers": [{"name": f"{'c' * 61}{index:02}"} | container for index in range(16)]},
    }
    assert server.refusal(document) == ""


def test_explain_reads_like_documentation(server: Any, sandbox: Sandbox) -> None:
    """`kubectl explain` shows what an object is for, and each field's meaning and default."""
    told = " ".join(sandbox.kubectl("explain", "rla.spec.rollout").split())
    assert "How far the learned policy is trusted" in told
    assert "Length of a block, as a duration. Default `30m`." in told


def test_descriptions_are_served_for_every_field(server: Any) -> None:
    """The published OpenAPI document has the models' descriptions, all of them."""
    _, document = server.call("GET", f"/openapi/v3/apis/{names.API_VERSION}")
    served = document["components"]["schemas"]["io.rlautoscaler.v1alpha1.RLAutoscaler"]["properties"]
    own = schemas.openapi()["properties"]
    for part in ("spec", "status"):
        assert descriptions(served[part]) == descriptions(own[part])


def descriptions(schema: dict[str, Any]) -> dict[str, Any]:
    """The tree of descriptions below a schema."""
    below = {name: descriptions(child) for name, child in schema.get("properties", {}).items()}
    items = {"[]": descriptions(schema["items"])} if "items" in schema else {}
    return {"": schema.get("description"), **below, **items}


def test_columns_show_what_the_status_says(server: Any, sandbox: Sandbox, full_status: Any) -> None:
    """`kubectl get rla -o wide` finds a value for every column in a full status."""
    server.create(SMALLEST, "shown", dry_run=False)
    try:
        server.write_status("shown", full_status.document())
        heading, row = sandbox.kubectl("get", "rla", "shown", "-o", "wide").splitlines()
    finally:
        server.delete("shown")
    assert heading.split() == ["NAME", *" ".join(column.name for column in COLUMNS).upper().split()]
    age, last_scale = row.split()[10], row.split()[13]
    assert row.split() == [
        *("shown", "checkout", "Shadow", "1", "10", "4", "5", "25", "Policy", "True", age),
        *("750m", "1Gi", last_scale, "generalist", "False", "True"),
    ]


def test_the_server_takes_a_full_status_as_it_is(server: Any, full_status: statuses.Status) -> None:
    """Nothing that the operator writes is unknown to the schema, out of its ranges, or changed by it."""
    server.create(SMALLEST, "written", dry_run=False)
    try:
        stored = server.write_status("written", full_status.document())
    finally:
        server.delete("written")
    assert stored.get("status") == full_status.document(), stored.get("message")

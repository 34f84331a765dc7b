"""What a manifest or a file says of an HPA."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from rlautoscaler.errors import HpaError
from rlautoscaler.imports import hpas

CPU_80 = [hpas.CPU_80_PERCENT]
QUEUE = {"type": "External", "external": {"metric": {"name": "queue"}}}


def test_a_manifest_has_name_namespace_and_spec(manifest: Any) -> None:
    """An HPA without metrics looks at CPU at 80%, as the API server would fill in."""
    found = hpas.read(manifest())
    assert (found.name, found.namespace, found.scaled_object) == ("web", "shop", "")
    assert found.spec["metrics"] == CPU_80
    assert str(found) == "HorizontalPodAutoscaler shop/web"


def test_a_namespace_of_its_own_goes_before_the_one_asked_for(manifest: Any) -> None:
    """A file without namespace takes what the user names."""
    assert hpas.read(manifest(), "other").namespace == "shop"
    assert hpas.read(manifest(namespace=""), "other").namespace == "other"
    assert str(hpas.read(manifest(namespace=""))) == "HorizontalPodAutoscaler web"


def test_nulls_are_absent_fields(manifest: Any) -> None:
    """At every depth, as the API server has it."""
    spec = hpas.read(manifest(minReplicas=None, metrics=None, behavior={"scaleUp": None})).spec
    assert "minReplicas" not in spec
    assert (spec["metrics"], spec["behavior"]) == (CPU_80, {})


@pytest.mark.parametrize(
    ("written", "text"), [(0.05, "0.05"), (1.5, "1.5"), (1e-05, "0.00001"), (2e16, "20000000000000000")]
)
def test_a_fraction_becomes_text(manifest: Any, written: float, text: str) -> None:
    """Kubernetes reads quantities from bare numbers, and custom resources know no fractions."""
    target = {"type": "AverageValue", "averageValue": written}
    found = hpas.read(
        manifest(metrics=[QUEUE | {"target": target}], behavior={"scaleUp": {"tolerance": written}})
    )
    assert found.spec["metrics"][0]["target"]["averageValue"] == text
    assert found.spec["behavior"]["scaleUp"]["tolerance"] == text


def test_whole_numbers_and_other_fractions_stay(manifest: Any) -> None:
    """A fraction where a whole number belongs is a mistake that is told later."""
    found = hpas.read(manifest(maxReplicas=1.5, metrics=[{"target": {"value": 30}}]))
    assert (found.spec["maxReplicas"], found.spec["metrics"]) == (1.5, [{"target": {"value": 30}}])


def test_the_old_version_has_its_percentage(manifest: Any) -> None:
    """`autoscaling/v1` knows CPU alone."""
    old = manifest(targetCPUUtilizationPercentage=55) | {"apiVersion": "autoscaling/v1"}
    (metric,) = hpas.read(old).spec["metrics"]
    assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 55}
    assert "targetCPUUtilizationPercentage" not in hpas.read(old).spec
    assert hpas.read(manifest() | {"apiVersion": "autoscaling/v1"}).spec["metrics"] == CPU_80


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"apiVersion": "autoscaling/v2beta1"}, "written in autoscaling/v2beta1"),
        ({"apiVersion": None}, "written in None"),
        ({"kind": "Deployment"}, "This is no HorizontalPodAutoscaler"),
        ({"metadata": {"name": ""}}, "This is no HorizontalPodAutoscaler"),
        ({"metadata": None}, "This is no HorizontalPodAutoscaler"),
        (
            {
                "apiVersion": "autoscaling/v1",
                "metadata": {"name": "web", "annotations": {"autoscaling.alpha.kubernetes.io/metrics": "[]"}},
            },
            "kubectl get hpa.v2.autoscaling web",
        ),
    ],
)
def test_what_is_no_hpa_that_can_be_read_is_refused(manifest: Any, change: Any, message: str) -> None:
    """With what to ask for instead."""
    with pytest.raises(HpaError, match=message):
        hpas.read(manifest() | change)


def test_kedas_object_is_known_by_owner_or_label(manifest: Any) -> None:
    """The owner goes first; an owner of another kind, or nonsense, says nothing."""
    made = manifest()
    owner = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "orders"}
    made["metadata"]["labels"] = {"scaledobject.keda.sh/name": "labelled"}
    assert hpas.read(made).scaled_object == "labelled"
    made["metadata"]["ownerReferences"] = [None, {"kind": "Other", "name": "x"}, owner]
    assert hpas.read(made).scaled_object == "orders"


def test_one_hpa_is_found_among_others(manifest: Any) -> None:
    """In several documents and in lists, as YAML or JSON, by name and namespace."""
    several = [{"kind": "Service"}, None, manifest("a"), {"kind": "List", "items": [manifest("b"), "x"]}]
    text = yaml.safe_dump_all(several)
    assert hpas.find(text, "b")["metadata"]["name"] == "b"
    assert hpas.find(json.dumps(manifest("c", namespace="")), "c", "any")["metadata"]["name"] == "c"
    assert hpas.find(json.dumps(manifest("d")))["metadata"]["name"] == "d"


@pytest.mark.parametrize(
    ("text", "name", "namespace", "message"),
    [
        ("{", "", "", "neither YAML nor JSON"),
        ("", "", "", "holds no HorizontalPodAutoscaler."),
        ("- 1\n--- x", "web", "", "holds no HorizontalPodAutoscaler web."),
        (None, "web", "", "holds no HorizontalPodAutoscaler web."),
        (None, "a", "other", "holds no HorizontalPodAutoscaler other/a."),
        (None, "", "shop", "several HPAs: a, b. Name"),
    ],
)
def test_a_file_without_the_one_hpa_is_refused(
    manifest: Any, text: str | None, name: str, namespace: str, message: str
) -> None:
    """With what there is instead."""
    with pytest.raises(HpaError, match=message):
        hpas.find(
            text if text is not None else yaml.safe_dump_all([manifest("a"), manifest("b")]), name, namespace
        )

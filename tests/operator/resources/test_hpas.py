"""HorizontalPodAutoscalers as they are met in clusters: `spec.baseline` takes them as they are.

The table is `hpas.yaml`. The API server speaks of each as of a real HPA, too, and fills in what it leaves open.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rlagents.policies import hpa
from rlagents.policies.hpa import behaviors
from rlautoscaler.resources import conversions
from rlautoscaler.resources.specs import Spec

HPAS = yaml.safe_load((Path(__file__).parent / "hpas.yaml").read_text(encoding="utf-8"))
every_hpa = pytest.mark.parametrize("case", HPAS, ids=lambda case: case["because"])
PARAMETERS = hpa.PRODUCTION
WITHOUT_METRICS = [
    {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
]
"""What the API server writes into an HPA without metrics. A baseline without any means 70%."""


def continued(of: dict[str, Any]) -> dict[str, Any]:
    """A spec with an HPA's parts pasted in; what the HPA leaves open is left open."""
    parts = {name: of[name] for name in ("metrics", "behavior") if name in of}
    return {
        "scaleTargetRef": of["scaleTargetRef"],
        "minReplicas": of.get("minReplicas"),
        "maxReplicas": of["maxReplicas"],
        "objective": {"saturation": {}},
        "baseline": parts,
    }


def parsed(of: dict[str, Any]) -> hpa.HpaSpec:
    """The HPA as the brain reads its own document."""
    return hpa.parse(
        of.get("metrics"), of.get("behavior"), of.get("minReplicas"), of["maxReplicas"], scale_to_zero=True
    )


def meaning(spec: hpa.HpaSpec) -> tuple[Any, ...]:
    """What an HPA does, however much of it was written out."""
    behavior = spec.behavior
    rules = None
    if behavior is not None:
        rules = behaviors.up_rules(behavior), behaviors.down_rules(behavior, PARAMETERS)
    bounds = spec.min_replicas, spec.max_replicas
    return bounds, spec.metrics, rules, behaviors.tolerance(behavior, PARAMETERS)


def without_nulls(value: Any) -> Any:
    """As the API server drops them."""
    if isinstance(value, dict):
        return {key: without_nulls(child) for key, child in value.items() if child is not None}
    return [without_nulls(child) for child in value] if isinstance(value, list) else value


def holds(whole: Any, part: Any) -> bool:
    """Whether everything that is said in a part stands in the whole, word for word."""
    if isinstance(part, dict):
        return all(key in whole and holds(whole[key], child) for key, child in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(holds, whole, part))
    return bool(whole == part)


def test_there_are_enough_of_all_kinds() -> None:
    """At least twenty, with every type of metric, figure of a target, operator and policy among them."""
    assert len(HPAS) >= 20
    words = set(str(HPAS).replace("'", " ").replace(":", " ").split())
    assert {kind.value for kind in hpa.MetricKind} <= words
    assert {"averageUtilization", "averageValue", "value", "tolerance", "Disabled", "Min", "Max"} <= words
    assert {"NotIn", "In", "Exists", "DoesNotExist", "Pods", "Percent"} <= words


@every_hpa
def test_an_hpa_is_taken_as_it_is(case: dict[str, Any]) -> None:
    """Every word of its metrics and behaviour stands in the parsed spec, and nothing else does."""
    wanted = continued(case["spec"])
    spec = Spec.model_validate(wanted)
    assert spec.baseline.model_dump(mode="json", exclude_unset=True) == without_nulls(wanted["baseline"])


@every_hpa
def test_the_baseline_is_that_hpa(case: dict[str, Any]) -> None:
    """What the brain gets through the custom resource equals what it reads from the HPA."""
    of = {"metrics": WITHOUT_METRICS} | case["spec"]
    assert conversions.baseline(Spec.model_validate(continued(of))) == parsed(without_nulls(of))


@pytest.mark.cluster
@every_hpa
def test_the_server_stores_it_as_it_is(server: Any, case: dict[str, Any]) -> None:
    """Created on a real API server, no word is changed, and the stored object means the same."""
    wanted = continued(case["spec"])
    stored = server.create(wanted)
    assert stored["kind"] != "Status", stored["message"]
    assert holds(stored["spec"]["baseline"], without_nulls(wanted["baseline"]))
    own, again = Spec.model_validate(wanted), Spec.model_validate(stored["spec"])
    assert conversions.baseline(again) == conversions.baseline(own)


@pytest.mark.cluster
@every_hpa
def test_the_hpa_that_the_server_stores_is_continued_as_well(server: Any, case: dict[str, Any]) -> None:
    """With quantities made canonical and defaults written out, it is accepted and means what was written."""
    stored = stored_hpa(server, case)
    again = server.create(continued(stored))
    assert again["kind"] != "Status", again["message"]
    baseline = conversions.baseline(Spec.model_validate(again["spec"]))
    assert baseline == parsed(stored)
    assert meaning(baseline) == meaning(parsed(without_nulls(case["spec"])))


def stored_hpa(server: Any, case: dict[str, Any]) -> dict[str, Any]:
    """The spec as the API server answers it."""
    manifest = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "any"} | case.get("metadata", {}),
        "spec": case["spec"],
    }
    path = (
        "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers?dryRun=All&fieldValidation=Strict"
    )
    status, answer = server.call("POST", path, manifest)
    assert status == 201, answer
    return dict(answer["spec"])

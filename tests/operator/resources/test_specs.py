"""What a spec may say: the table of `cases.yaml`, for the models and for the API server."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rlautoscaler.resources import refusals, schemas
from rlautoscaler.resources.autoscalers import SpecInvalid, read_spec
from rlautoscaler.resources.specs import Spec

CASES = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text(encoding="utf-8"))
SMALLEST: dict[str, Any] = {
    "scaleTargetRef": {"name": "checkout"},
    "maxReplicas": 10,
    "objective": {"errorRate": "1%"},
}


def merged(over: dict[str, Any], base: dict[str, Any] = SMALLEST) -> dict[str, Any]:
    """As by `kubectl patch --type=merge`."""
    result = copy.deepcopy(base)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(value, result[key])
        else:
            result[key] = value
    return result


def accepted(document: Any) -> Spec:
    spec = read_spec(document)
    assert isinstance(spec, Spec), str(spec)
    return spec


@pytest.mark.parametrize("case", CASES["accepted"], ids=lambda case: case["because"])
def test_a_valid_spec_is_accepted(case: dict[str, Any]) -> None:
    """Each row of the table of valid documents is read."""
    accepted(merged(case["spec"]))


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["because"])
def test_an_invalid_spec_is_refused_with_sentences(case: dict[str, Any]) -> None:
    """Each row of the table of invalid documents is refused with the path and the sentence it names."""
    assert read_spec(merged(case["spec"])) == SpecInvalid(tuple(case["problems"]))


@pytest.mark.cluster
@pytest.mark.parametrize("case", CASES["accepted"], ids=lambda case: case["because"])
def test_the_server_accepts_a_valid_spec(server: Any, case: dict[str, Any]) -> None:
    """Each row of the table of valid documents would be created."""
    assert server.refusal(merged(case["spec"])) == ""


@pytest.mark.cluster
@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["because"])
def test_the_server_refuses_an_invalid_spec(server: Any, case: dict[str, Any]) -> None:
    """Each row of the table of invalid documents is refused, in the same words where a rule of ours does it.

    Of wrong types the server speaks first, and then asks no rule.
    """
    refusal = server.refusal(merged(case["spec"]))
    told = {problem.split(": ", 1)[1] for problem in case["problems"]} & rule_messages(schemas.crd())
    assert refusal
    assert "must be of type" in refusal or all(message in refusal for message in told)


def rule_messages(schema: Any) -> set[str]:
    """The messages of all rules in a schema."""
    if isinstance(schema, list):
        return set().union(*map(rule_messages, schema))
    if not isinstance(schema, dict):
        return set()
    own = {rule["message"] for rule in schema.get("x-kubernetes-validations", [])}
    return own.union(*map(rule_messages, schema.values()))


def test_every_refusal_of_a_later_feature_is_in_the_table() -> None:
    """No line of the table of refusals goes without a document that it refuses."""
    told = {problem.split(": ", 1)[1] for case in CASES["refused"] for problem in case["problems"]}
    assert {refusal.rule.message for refusal in refusals.NOT_YET} <= told


def test_lifting_a_refusal_is_deleting_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its line, a document that was refused for a later feature is accepted."""
    left = tuple(one for one in refusals.NOT_YET if "Canary" not in one.rule.message)
    monkeypatch.setattr(refusals, "NOT_YET", left)
    assert accepted(merged({"rollout": {"mode": "Canary"}})).rollout.mode == "Canary"


def test_defaults_are_those_of_the_design() -> None:
    """The smallest document gets the documented default of every field."""
    assert accepted(SMALLEST).document() == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"},
        "minReplicas": 1,
        "maxReplicas": 10,
        "interval": "15s",
        "objective": {"errorRate": "1%", "violationBudget": "1%", "cost": {}},
        "metrics": {"preset": "none", "labels": {}, "queries": {}, "window": "auto", "staleAfter": "auto"},
        "baseline": {
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 70},
                    },
                }
            ],
            "resourceMetrics": "Prometheus",
        },
        "policy": {"algorithm": "Auto", "model": {"builtin": "generalist"}, "group": ""},
        "resources": {"mode": "Recommend", "containers": []},
        "safety": {"minSafety": 0.9, "horizon": "5m", "maxScaleDownPercentPerMinute": 100},
        "rollout": {
            "mode": "Shadow",
            "initialRatio": 0.1,
            "stepUp": 0.1,
            "stepDown": 0.2,
            "maxCostIncrease": "25%",
            "block": "30m",
            "washOut": "10m",
        },
    }


def test_an_empty_saturation_has_the_documented_defaults() -> None:
    """`saturation: {}` means 90% of the CPU limit and 25% of throttled periods."""
    saturation = accepted(merged({"objective": {"saturation": {}}})).objective.saturation
    assert saturation is not None
    assert saturation.document() == {"cpu": "90%", "throttled": "25%"}


def test_a_null_is_an_absent_field() -> None:
    """A null stands for the default, as the API server has it, and for nothing where there is none."""
    nulls = {"interval": None, "rollout": None, "metrics": {"labels": {"cluster": None}, "window": None}}
    assert accepted(SMALLEST | nulls) == accepted(SMALLEST)


def test_all_problems_are_told_at_once() -> None:
    """Somebody who made three mistakes learns of all three."""
    spec = read_spec(merged({"maxReplicas": "many", "interval": "soon", "metrics": {"preset": "envoy"}}))
    assert isinstance(spec, SpecInvalid)
    assert [problem.split(":")[0] for problem in spec.problems] == [
        "spec.maxReplicas",
        "spec.interval",
        "spec.metrics.preset",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(document=JSON | st.fixed_dictionaries(dict.fromkeys(Spec.model_fields, JSON)))
def test_nothing_that_json_can_say_makes_reading_fail(document: Any) -> None:
    """Whatever stands in `spec`, the answer is a spec or at least one sentence about it."""
    spec = read_spec(document)
    assert isinstance(spec, Spec) or all(problem.startswith("spec") for problem in spec.problems)

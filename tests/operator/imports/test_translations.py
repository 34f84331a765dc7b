"""The RLAutoscaler that continues an HPA."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rlagents.policies import hpa
from rlautoscaler.errors import HpaError
from rlautoscaler.imports import hpas, texts, translations
from rlautoscaler.imports.translations import Wishes
from rlautoscaler.resources import conversions
from rlautoscaler.resources.specs import Spec


def spec(of: dict[str, Any], **wishes: Any) -> dict[str, Any]:
    found: dict[str, Any] = translations.continued(hpas.read(of), Wishes(**wishes)).document["spec"]
    return found


def external(name: str, **target: Any) -> dict[str, Any]:
    source = {"metric": {"name": name}, "target": target or {"type": "Value", "value": 5}}
    return {"type": "External", "external": source}


def test_every_hpa_of_the_table_is_continued_as_it_is(table: Any, manifest: Any) -> None:
    """Target, bounds, metrics and behaviour are its own, and the baseline is the same HPA."""
    for row in table:
        of = hpas.read(manifest(**row["spec"]))
        written = translations.continued(of).document["spec"]
        baseline = written["baseline"]
        assert baseline == {name: of.spec[name] for name in ("metrics", "behavior") if name in of.spec}
        assert written["scaleTargetRef"] == of.spec["scaleTargetRef"]
        expected = hpa.parse(
            of.spec["metrics"],
            of.spec.get("behavior"),
            of.spec.get("minReplicas"),
            of.spec["maxReplicas"],
            scale_to_zero=True,
        )
        assert conversions.baseline(Spec.model_validate(written)) == expected, row["because"]


def test_nothing_is_written_that_goes_without_saying(manifest: Any) -> None:
    """The smallest continuation: defaults are left to the schema, but for the mode, which is changed next."""
    assert spec(manifest(minReplicas=1)) == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "maxReplicas": 10,
        "objective": {"saturation": {}},
        "baseline": {"metrics": [hpas.CPU_80_PERCENT]},
        "rollout": {"mode": "Shadow"},
    }


def test_wishes_are_written(manifest: Any) -> None:
    """Objective, preset and source as the user names them, in place of the default objective."""
    written = spec(
        manifest(),
        preset="istio",
        latency_target="250ms",
        error_rate="1%",
        resource_metrics="MetricsAPI",
    )
    assert written["objective"] == {"latency": {"target": "250ms"}, "errorRate": "1%"}
    assert written["metrics"] == {"preset": "istio"}
    assert written["baseline"]["resourceMetrics"] == "MetricsAPI"


def test_a_target_of_the_core_group_stays_one(manifest: Any) -> None:
    """An HPA may leave out its version, which is not what this kind would fill in."""
    reference = {"kind": "ReplicationController", "name": "old"}
    assert spec(manifest(scaleTargetRef=reference))["scaleTargetRef"] == {"apiVersion": "v1"} | reference


def test_names_are_the_users_kedas_or_the_hpas(manifest: Any) -> None:
    """In this order."""
    made = manifest("keda-hpa-orders")
    made["metadata"]["labels"] = {"scaledobject.keda.sh/name": "orders"}
    of = hpas.read(made)
    assert translations.continued(of, Wishes(name="mine")).document["metadata"] == {
        "name": "mine",
        "namespace": "shop",
    }
    assert translations.continued(of).name == "orders"
    nowhere = translations.continued(hpas.read(manifest(namespace="")))
    assert (nowhere.name, nowhere.document["metadata"]) == ("web", {"name": "web"})


NOTES = [
    ("a plain HPA has nothing to tell", {}, {}, ()),
    ("an adapter must stay", {"metrics": [external("queue"), external("queue", type="Value", value=6)]}, {}, ("The metric queue will",)),
    ("all adapters' metrics are named", {"metrics": [external("a"), external("b")]}, {}, ("The metrics a, b will",)),
    ("zero needs a setting", {"minReplicas": 0, "metrics": [external("a")]}, {}, ("The metric a", "minReplicas is 0")),
    ("latency needs request metrics", {}, {"latency_target": "1s"}, ("Latency and errors",)),
    ("errors need request metrics", {}, {"error_rate": "1%"}, ("Latency and errors",)),
    ("a preset has them", {}, {"error_rate": "1%", "preset": "istio"}, ()),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "own", "wishes", "beginnings"), NOTES, ids=[row[0] for row in NOTES])
def test_notes_tell_what_one_may_not_think_of(
    manifest: Any, sentence: str, own: Any, wishes: Any, beginnings: tuple[str, ...]
) -> None:
    """Each is a sentence that says what to do."""
    notes = translations.continued(hpas.read(manifest(**own)), Wishes(**wishes)).notes
    assert len(notes) == len(beginnings), sentence
    assert all(map(str.startswith, notes, beginnings)), notes


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (None, ("ScaledObject orders", "paused=true", "transfer-ownership=true")),
        ([external("s0-kafka")], ("ScaledObject orders", "serves the metric s0-kafka only", "`query`")),
    ],
)
def test_kedas_hpa_names_its_maker(manifest: Any, metrics: Any, words: tuple[str, ...]) -> None:
    """And what becomes of its metrics; there is one note for both."""
    made = manifest(metrics=metrics)
    made["metadata"]["labels"] = {"scaledobject.keda.sh/name": "orders"}
    (note,) = translations.continued(hpas.read(made)).notes
    assert all(word in note for word in words)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"maxReplicas": None}, "shop/web cannot be continued: spec.maxReplicas: is required"),
        ({"metrics": [{"type": "Resource", "resource": {"name": "nvidia.com/gpu", "target": {"type": "Utilization", "averageUtilization": 5}}}]}, "must be 'cpu' or 'memory'"),
        ({"metrics": [external("a")] * 17}, "must have at most 16 entries"),
        ({"minReplicas": 0}, "minReplicas 0 needs a baseline metric"),
        ({"scaleTargetRef": None}, "spec.scaleTargetRef: is required"),
        ({"behavior": {"scaleSideways": {}}}, "scaleSideways: is not a field that this version knows"),
    ],
)  # fmt: skip
def test_an_hpa_that_cannot_be_continued_is_refused(manifest: Any, own: Any, message: str) -> None:
    """With the field and the reason."""
    with pytest.raises(HpaError, match="cannot be continued") as caught:
        spec(manifest(**own))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"preset": "linkerd"}, "linkerd is not available yet"),
        ({"latency_target": "fast"}, "spec.objective.latency.target: must be a duration"),
        ({"error_rate": "2"}, "spec.objective.errorRate: must be a percentage"),
        ({"resource_metrics": "Heapster"}, "must be 'Prometheus' or 'MetricsAPI'"),
    ],
)
def test_a_wish_that_cannot_be_had_is_refused(manifest: Any, wishes: Any, message: str) -> None:
    """In the words of the schema."""
    with pytest.raises(HpaError, match=message):
        spec(manifest(), **wishes)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PARTS = dict.fromkeys(("scaleTargetRef", "minReplicas", "maxReplicas", "metrics", "behavior"), JSON)


@given(of=JSON | st.fixed_dictionaries({}, optional=PARTS))
def test_whatever_stands_in_an_hpa_is_continued_or_refused(of: Any) -> None:
    """No document makes the import fail in another way."""
    made = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": of,
    }
    with pytest.raises(HpaError):
        translations.continued(hpas.read(made))


def test_the_yaml_is_the_document(table: Any, manifest: Any) -> None:
    """With comments, and in another order, it reads as the same; so does the JSON."""
    for row in table:
        made = manifest(**row["spec"])
        made["metadata"] |= row.get("metadata", {})
        continuation = translations.continued(hpas.read(made))
        assert yaml.safe_load(texts.as_yaml(continuation)) == continuation.document
        assert yaml.safe_load(texts.as_json(continuation)) == continuation.document


def test_the_yaml_explains_itself(manifest: Any) -> None:
    """The heading tells whose continuation it is and every note; what is to be chosen has a comment above."""
    metric = {
        "external": {"target": {"value": 5, "type": "Value"}, "metric": {"name": "q"}},
        "type": "External",
    }
    continuation = translations.continued(hpas.read(manifest(metrics=[metric])))
    text = texts.as_yaml(continuation)
    lines = text.splitlines()
    assert lines[0].startswith("# Continues HorizontalPodAutoscaler shop/web.")
    told = " ".join(line.strip().removeprefix("#").strip() for line in lines if line.strip().startswith("#"))
    assert continuation.notes[0] in told
    assert lines[lines.index("  objective:") - 1].startswith("  # ")
    assert "latency: {target: 250ms}" in told
    assert max(map(len, lines)) <= 110
    assert text.index("type: External") < text.index("metric:\n") < text.index("type: Value")
    assert "&id" not in text

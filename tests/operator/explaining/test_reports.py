"""What an object tells of its last decision, for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rlautoscaler.errors import ExplanationError
from rlautoscaler.explaining import reports

NOW = 1_790_000_000.0
CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
}
EXTERNAL = {
    "type": "External",
    "external": {"metric": {"name": "backlog"}, "target": {"type": "AverageValue", "averageValue": "250"}},
}
Make = Callable[..., dict[str, Any]]


def test_scripts_get_the_very_integers(make_pass: Make, make_manifest: Make) -> None:
    """Every quantity is whole thousandths under a name that says so; percentages are cut as the HPA cuts."""
    explanation = make_pass((CPU, EXTERNAL), cores=(696, 700, 700, 700), figures={"backlog": 1200001})
    plain = reports.report(make_manifest(explanation), now=NOW + 8).plain()
    assert json.loads(json.dumps(plain)) == plain
    cpu, backlog = plain["baseline"]["metrics"]
    assert cpu["first"] == {
        "usedMilli": 2796,
        "requestedMilli": 4000,
        "samples": 4,
        "utilization": 69,
        "averageValueMilli": 699,
        "ratio": 69 / 70,
    }
    assert (backlog["valueMilli"], backlog["averageValueMilli"]) == (1200001, 300001)
    assert backlog["target"] == {"averageValueMilli": 250000}
    assert plain["baseline"]["proposal"] == plain["decision"]["baseline"] == 5


def test_the_decision_and_its_age(make_pass: Make, make_manifest: Make) -> None:
    """When it was made, how long ago, by whom, in which mode, and whether the spec is still the same."""
    manifest = make_manifest(make_pass())
    manifest["metadata"]["generation"] = 3
    plain = reports.report(manifest, now=NOW + 8.25).plain()
    assert (plain["decidedAt"], plain["ageSeconds"]) == ("2026-09-21T14:13:20Z", 8.25)
    assert (plain["mode"], plain["decision"]["source"]) == ("Shadow", "Baseline")
    assert plain["specChangedSince"] is True


def test_a_clock_that_is_behind_makes_no_negative_age(make_pass: Make, make_manifest: Make) -> None:
    """The reader's clock may differ from the operator's."""
    assert reports.report(make_manifest(make_pass()), now=NOW - 5).age == 0.0


def test_the_mode_has_a_default(make_pass: Make, make_manifest: Make) -> None:
    """A spec that names none is in Shadow."""
    manifest = make_manifest(make_pass())
    del manifest["spec"]
    assert reports.report(manifest, now=NOW).mode == "Shadow"


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        pytest.param(None, "see that an operator runs", id="never seen by an operator"),
        pytest.param({"horizontal": {}}, "see that an operator runs", id="seen and not decided"),
        pytest.param(
            {
                "conditions": [
                    {
                        "type": "Ready",
                        "status": "False",
                        "reason": "InvalidSpec",
                        "message": "maxReplicas must be a number.",
                        "lastTransitionTime": "2026-09-21T14:13:20Z",
                    }
                ]
            },
            "InvalidSpec: maxReplicas must be a number.",
            id="a spec that cannot be obeyed",
        ),
        pytest.param(
            {"horizontal": {"target": {"source": "Elsewhere"}}}, "horizontal.target.", id="another version's"
        ),
    ],
)
def test_where_there_is_nothing_to_explain(
    make_manifest: Make, status: dict[str, Any] | None, sentence: str
) -> None:
    """One sentence names the object and says why, or what to look at."""
    manifest = make_manifest(None)
    manifest["status"] = status
    with pytest.raises(ExplanationError) as caught:
        reports.report(manifest, now=NOW)
    assert "shop/checkout" in str(caught.value)
    assert sentence in str(caught.value)

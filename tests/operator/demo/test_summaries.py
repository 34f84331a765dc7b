"""What each side cost and missed, from the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rlagents.structs.objectives import Prices
from rlautoscaler.demo import summaries
from rlautoscaler.demo.scenarios import Scenario
from rlautoscaler.demo.summaries import OURS, Side, sentence, side, summarize
from rlautoscaler.sandbox.records import Record

Records = Callable[..., list[Record]]

VIOLATIONS = {
    "a second like any other is none": ({}, False),
    "latency at its target is none": ({"latency_p99": 0.25}, False),
    "latency above its target is one": ({"latency_p99": 0.2501}, True),
    "errors at their target are none": ({"failed": 1.0, "completed": 99.0}, False),
    "errors above their target are one, however fast": ({"failed": 1.1, "completed": 98.9}, True),
    "a second in which everything timed out is one": (
        {"completed": 0.0, "failed": 5.0, "latency_p99": None},
        True,
    ),
    "a second without any answer is none": (
        {"completed": 0.0, "failed": 0.0, "offered": 0.0, "latency_p99": None},
        False,
    ),
}


@pytest.mark.parametrize(("change", "expected"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_violations(records: Records, scenario: Scenario, change: dict[str, Any], expected: bool) -> None:
    """Either target counts, and only where somebody was answered."""
    assert summaries.is_violation(records(change)[0], scenario) is expected


def test_cost_is_what_was_reserved_at_its_price(records: Records) -> None:
    """Two cores and a GiB for an hour at 3 and 5 cost 11."""
    hour = replace(records({})[0], seconds=3600.0)
    assert summaries.cost(hour, Prices(3.0, 5.0)) == pytest.approx(11.0)


def test_a_side_adds_its_seconds_up(records: Records, scenario: Scenario) -> None:
    """Seconds in violation, sizes, and each change of the size in its direction."""
    changes = [
        {"requested_replicas": 4},
        {"requested_replicas": 6, "latency_p99": 0.3},
        {"requested_replicas": 6, "latency_p99": 0.3, "pods": 6},
        {"requested_replicas": 3, "pods": 6},
        {"requested_replicas": 4},
    ]
    found = side(OURS, records(*changes), scenario)
    assert (found.scale_ups, found.scale_downs) == (2, 1)
    assert found.seconds == 5.0
    assert found.violation_seconds == 2.0
    assert found.violation_share == pytest.approx(0.4)
    assert found.violation_minutes == pytest.approx(2 / 60)
    assert found.mean_replicas == pytest.approx((4 + 4 + 6 + 6 + 4) / 5)
    assert found.core_hours == pytest.approx(5 * 2.0 / 3600)


def test_both_sides_are_judged_over_the_same_seconds(records: Records, scenario: Scenario) -> None:
    """A record more on one side, as an interruption leaves it, does not count."""
    found = summarize(scenario, records(*[{}] * 5), records(*[{}] * 4), [], is_complete=False)
    assert found.ours.seconds == found.twin.seconds == 4.0
    assert found.ours.cost == found.twin.cost


def test_the_policys_share_is_of_the_decided_seconds(records: Records, scenario: Scenario) -> None:
    """Seconds before the first decision do not count for anybody."""
    sources = ["", "Policy", "Policy", "Baseline", "Policy"]
    assert summarize(scenario, [], [], sources, is_complete=True).policy_share == 0.75


def test_an_empty_run_has_a_summary(records: Records, scenario: Scenario) -> None:
    """Interrupted at once, nothing is divided by zero."""
    found = summarize(scenario, [], [], [], is_complete=False)
    assert sentence(found.ours, found.twin) == "Nothing was measured."
    assert found.ours.violation_share == 0.0


def test_the_document_is_json(records: Records, scenario: Scenario) -> None:
    """It says who did how, over what, and in one sentence."""
    found = summarize(scenario, records({}, {}), records({}, {}), ["Policy"] * 2, is_complete=True)
    document = json.loads(json.dumps(found.document()))
    assert document["ours"]["violation_seconds"] == 0.0
    assert document["twin"]["name"] == "HPA"
    assert document["complete"] is True
    assert document["verdict"].startswith("Both cost the same")


def made(name: str, cost: float, violation_seconds: float) -> Side:
    return Side(name, 180.0, cost, 0.0, violation_seconds, 0, 0, 0.0, 0.0, 0.0)


SENTENCES = {
    "better in both": (
        (0.8, 4.0),
        (1.0, 10.0),
        "The RLAutoscaler was cheaper, by 20%; the HPA missed the objective for longer "
        "(RLAutoscaler 4 s, HPA 10 s).",
    ),
    "worse in both": (
        (1.0, 10.0),
        (0.8, 4.0),
        "The HPA was cheaper, by 20%; the RLAutoscaler missed the objective for longer "
        "(RLAutoscaler 10 s, HPA 4 s).",
    ),
    "dearer and calmer": (
        (1.0, 1.0),
        (0.5, 9.0),
        "The HPA was cheaper, by 50%; the HPA missed the objective for longer (RLAutoscaler 1 s, HPA 9 s).",
    ),
    "equal": (
        (1.0, 3.0),
        (1.001, 3.0),
        "Both cost the same (RLAutoscaler -0.1%); both missed the objective equally long "
        "(RLAutoscaler 3 s, HPA 3 s).",
    ),
}


@pytest.mark.parametrize(("ours", "twin", "expected"), SENTENCES.values(), ids=SENTENCES.keys())
def test_the_verdict_takes_no_side(
    ours: tuple[float, float], twin: tuple[float, float], expected: str
) -> None:
    """Who was cheaper and who missed for longer is told alike, whoever it is."""
    assert sentence(made(OURS, *ours), made("HPA", *twin)) == expected

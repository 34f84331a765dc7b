"""What a person reads: whole texts for the usual cases, and the line that matters for the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rlagents.policies import hpa
from rlautoscaler.explaining import reports, texts

NOW = 1_790_000_000.0
CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
}
MEMORY = {
    "type": "Resource",
    "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "200Mi"}},
}
APP = {
    "type": "ContainerResource",
    "containerResource": {
        "name": "cpu",
        "container": "app",
        "target": {"type": "AverageValue", "averageValue": "500m"},
    },
}
PODS = {
    "type": "Pods",
    "pods": {"metric": {"name": "requests"}, "target": {"type": "AverageValue", "averageValue": "25"}},
}
OBJECT = {
    "type": "Object",
    "object": {
        "metric": {"name": "hits"},
        "describedObject": {"apiVersion": "v1", "kind": "Service", "name": "web"},
        "target": {"type": "Value", "value": "1k"},
    },
}
EXTERNAL = {
    "type": "External",
    "external": {"metric": {"name": "backlog"}, "target": {"type": "AverageValue", "averageValue": "250"}},
}
LOST = {
    "type": "External",
    "external": {"metric": {"name": "lost"}, "target": {"type": "Value", "value": "5"}},
}

Make = Callable[..., dict[str, Any]]


def told(manifest: dict[str, Any], age: float = 8.0) -> str:
    return texts.text(reports.report(manifest, now=NOW + age))


def line(text: str, start: str) -> str:
    """The one line that begins so."""
    (found,) = [one.strip() for one in text.splitlines() if one.strip().startswith(start)]
    return found


def test_a_growing_baseline(make_pass: Make, make_manifest: Make) -> None:
    """The decision, the table, each step after it and the conditions, from top to bottom."""
    behavior = {"scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 15}]}}
    log = hpa.HpaLogs((hpa.Recommendation(5, NOW - 140),))
    explanation = make_pass((CPU, LOST), behavior=behavior, cores=(960, 970, 960, 970), log=log)
    condition = {
        "type": "ScalingLimited",
        "status": "True",
        "reason": "ScaleUpLimit",
        "message": "the size may not grow faster at present",
        "lastTransitionTime": "2026-09-21T14:13:20Z",
    }
    assert (
        told(make_manifest(explanation, conditions=[condition]))
        == """\
shop/checkout: 4 -> 5, decided by the baseline at 14:13:20 UTC, 8 s ago
  mode Shadow; ShadowMode: cpu resource utilization (percentage of request) above target

Baseline, from 4 replicas
  metric                    measured    over               ratio                pods counted  proposes
  cpu resource utilization  3.86 cores  4 cores requested  1.371 (96 % / 70 %)  4 ready       6 (1.371 x 4 rounded up)
  external metric lost      failed, metrics-unavailable: the metrics API gave no figures
  largest proposal  6, of cpu resource utilization
  stabilised        6 (scale-up window 0 s; scale-down window 300 s: no objection)
  limited           6 -> 5 by ScaleUpLimit (1 pod per 15 s: from 4 to 5; Max)
  final             5, ScaleUpLimit: the size may not grow faster at present

Conditions
  ScalingLimited True (ScaleUpLimit): the size may not grow faster at present"""
    )


def test_a_held_baseline(make_pass: Make, make_manifest: Make) -> None:
    """The window's bound comes with the time of the recommendation that set it."""
    log = hpa.HpaLogs((hpa.Recommendation(4, NOW - 140),))
    text = told(make_manifest(make_pass(cores=(300,) * 4, log=log)))
    assert (
        text.splitlines()[0] == "shop/checkout: stays at 4, decided by the baseline at 14:13:20 UTC, 8 s ago"
    )
    assert line(text, "stabilised") == (
        "stabilised        2 -> 4 by ScaleDownStabilized "
        "(scale-down window 300 s keeps 4 at least, recommended 14:11:00)"
    )
    assert line(text, "limited") == "limited           4 (at most 8 at one pass)"
    assert line(text, "final").startswith("final             4 (stays), ScaleDownStabilized: ")


def test_a_baseline_held_on_the_way_up(make_pass: Make, make_manifest: Make) -> None:
    """A scale-up window says how far it lets the size grow, and since when."""
    behavior = {"scaleUp": {"stabilizationWindowSeconds": 60}}
    log = hpa.HpaLogs((hpa.Recommendation(5, NOW - 20),))
    text = told(make_manifest(make_pass(behavior=behavior, cores=(960,) * 4, log=log)))
    assert line(text, "stabilised") == (
        "stabilised        6 -> 5 by ScaleUpStabilized (scale-up window 60 s lets it grow to 5 at most, "
        "recommended 14:13:00; scale-down window 300 s: no objection)"
    )


def test_the_second_pass_has_a_row_of_its_own(make_pass: Make, make_manifest: Make) -> None:
    """Where pods are missing or unready, what they were taken for is told, and the size that follows."""
    grows = told(make_manifest(make_pass(current=6, cores=(980,) * 4, pending=1, missing=1)))
    rows = [" ".join(row.split()) for row in grows.splitlines()[4:7]]
    assert rows[1:] == [
        "cpu resource utilization 3.92 cores 4 cores requested 1.400 (98 % / 70 %) 4 ready, 1 unready, 1 missing",
        "second pass: 1 missing at 0, 1 unready at 0 3.92 cores 6 cores requested 0.929 (65 % / 70 %) 6 in all "
        "6 (stays: within 0.9 to 1.1)",
    ]
    shrinks = told(make_manifest(make_pass(cores=(100,) * 3, missing=1)))
    assert "second pass: 1 missing as on target" in shrinks
    assert "(0.457 x 4 rounded up)" in shrinks


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(
            {"cores": (800,) * 2, "pending": 2},
            "4 (stays: the second pass points the other way)",
            id="turned",
        ),
        pytest.param(
            {"cores": (1000, 1000), "pending": 1, "current": 8, "metrics": (CPU | {"resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 30}}},)},
            "8 (stays: 2.200 x 3 is against the direction)",
            id="against the direction",
        ),
    ],
)  # fmt: skip
def test_why_a_second_pass_keeps_the_size(
    make_pass: Make, make_manifest: Make, arguments: dict[str, Any], words: str
) -> None:
    """Each guard of the second pass has its own words."""
    explanation = make_pass(arguments.pop("metrics", (CPU,)), **arguments)
    assert words in told(make_manifest(explanation))


def test_all_kinds_of_metrics(make_pass: Make, make_manifest: Make) -> None:
    """Each kind and target has its figures in its own unit, in the same six columns."""
    metrics = (CPU, MEMORY, APP, PODS, OBJECT, EXTERNAL)
    text = told(
        make_manifest(make_pass(metrics, figures={"requests": 22000, "hits": 1250000, "backlog": 1200000}))
    )
    assert (
        "\n".join(text.splitlines()[4:11])
        == """\
  metric                         measured   over               ratio                          pods counted         proposes
  cpu resource utilization       2.4 cores  4 cores requested  0.857 (60 % / 70 %)            4 ready              4 (0.857 x 4 rounded up)
  memory resource                400 Mi     4 pods             0.500 (100 Mi / 200 Mi)        4 ready              2 (0.500 x 4 rounded up)
  cpu container resource of app  2.4 cores  4 pods             1.200 (0.6 cores / 0.5 cores)  4 ready              5 (1.200 x 4 rounded up)
  pods metric requests           88         4 pods             0.880 (22 / 25)                4 ready              4 (0.880 x 4 rounded up)
  v1/Service/web metric hits     1250                          1.250 (1250 / 1000)            4 running and ready  5 (1.250 x 4 rounded up)
  external metric backlog        1200       4 replicas         1.200 (1200 / (4 x 250))                            5 (1200 / 250 rounded up)"""
    )


@pytest.mark.parametrize(
    ("arguments", "words", "final"),
    [
        pytest.param(
            {"current": 30},
            "It is above the maximum",
            "20, TooManyReplicas: the present size is above the maximum",
            id="above the maximum",
        ),
        pytest.param(
            {"bounds": (6, 20)},
            "It is below the minimum",
            "6, TooFewReplicas: the present size is below the minimum",
            id="below the minimum",
        ),
        pytest.param(
            {"current": 0},
            "Somebody set the size to 0",
            "0 (stays), ScalingDisabled: the size is 0, so scaling is off",
            id="off",
        ),
        pytest.param(
            {"metrics": (LOST,)},
            "No metric gave a size",
            "4 (stays), FailedGetExternalMetric: unable to get external metric lost: "
            "the metrics API gave no figures",
            id="no metric",
        ),
        pytest.param(
            {"metrics": (CPU, LOST), "cores": (100,) * 4},
            "A metric failed, and without it nothing shrinks",
            "4 (stays), FailedGetExternalMetric: unable to get external metric lost: "
            "the metrics API gave no figures",
            id="a failing metric that keeps the size from shrinking",
        ),
        pytest.param(
            {"bounds": (1, 5), "cores": (960,) * 4},
            "limited           6 -> 5 by TooManyReplicas (at most 8 at one pass)",
            "5, TooManyReplicas: the wanted size is above the maximum",
            id="the maximum",
        ),
    ],
)
def test_each_course_is_told(
    make_pass: Make, make_manifest: Make, arguments: dict[str, Any], words: str, final: str
) -> None:
    """Also where metrics had no say, a sentence says so, and the last line has size, reason and words."""
    text = told(make_manifest(make_pass(arguments.pop("metrics", (CPU,)), **arguments)))
    assert words in text
    assert line(text, "final") == f"final             {final}"


def test_a_proposal_that_does_not_count_says_so(make_pass: Make, make_manifest: Make) -> None:
    """The others' largest proposal is shown, and why it is not followed."""
    text = told(make_manifest(make_pass((CPU, LOST), cores=(100,) * 4)))
    assert line(text, "largest") == (
        "largest proposal  1, of cpu resource utilization, below 4, so it does not count"
    )


@pytest.mark.parametrize(
    ("target", "headline", "line_start"),
    [
        pytest.param(
            {"source": "Policy", "reason": "PolicyActs", "applied": 7, "policy": 7},
            "4 -> 7, decided by the learned policy",
            "proposals: baseline 4, learned policy 7",
            id="the learned policy",
        ),
        pytest.param(
            {"source": "External", "reason": "ManagedElsewhere", "policy": 3, "applied": 4},
            "stays at 4, left to who owns the target",
            "proposals: baseline 4, learned policy 3",
            id="another owner",
        ),
        pytest.param(
            {"source": "Manual", "reason": "PausedReplicas", "applied": 9},
            "4 -> 9, decided by your annotation",
            "proposals: baseline 4, learned policy not asked",
            id="a pause",
        ),
        pytest.param(
            {"limitedReason": "PausedScaleIn"},
            "stays at 4, decided by the baseline",
            "limited by PausedScaleIn",
            id="a pause of one direction",
        ),
    ],
)
def test_whoever_decides_the_baseline_is_told(
    make_pass: Make, make_manifest: Make, target: dict[str, Any], headline: str, line_start: str
) -> None:
    """The headline has who decided, the next lines what either wanted, and the arithmetic stands below."""
    text = told(make_manifest(make_pass(), **target))
    assert text.startswith(f"shop/checkout: {headline} at 14:13:20 UTC")
    assert line(text, line_start)
    assert line(text, "cpu resource utilization")


def refused(kind: str, reason: str) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "False",
        "reason": reason,
        "message": "No.",
        "lastTransitionTime": "2026-09-21T14:13:20Z",
    }


@pytest.mark.parametrize(
    ("age", "changes", "words"),
    [
        pytest.param(60.0, {}, None, id="a minute is as fresh as it gets"),
        pytest.param(300.0, {}, "Nothing that counts has changed since", id="some minutes: it is calm"),
        pytest.param(3600.0, {}, "look whether it runs", id="an hour: even calm would have been told"),
        pytest.param(8.0, {"generation": 3}, "The spec was changed since", id="another spec"),
        pytest.param(
            8.0,
            {"conditions": [refused("AbleToScale", "FailedUpdateScale")]},
            "The size could not be written: No.",
            id="a refused write",
        ),
        pytest.param(
            90.0,
            {"conditions": [refused("AbleToScale", "FailedGetScale")]},
            "Nothing could be decided since: No.",
            id="a target that is gone",
        ),
        pytest.param(
            90.0,
            {"conditions": [refused("Ready", "InvalidSpec")], "generation": 3},
            "Nothing could be decided since: No.",
            id="a spec that cannot be obeyed",
        ),
    ],
)
def test_what_is_known_of_the_time_since(
    make_pass: Make, make_manifest: Make, age: float, changes: dict[str, Any], words: str | None
) -> None:
    """An old decision is not passed off as the present: what came after it is told as far as it is known."""
    manifest = make_manifest(make_pass(), conditions=changes.get("conditions", ()))
    manifest["metadata"]["generation"] = changes.get("generation", 2)
    lines = told(manifest, age).splitlines()
    since = "\n".join(lines[2 : lines.index("")])
    assert since == "" if words is None else words in since


def test_a_status_without_arithmetic_is_told(make_manifest: Make) -> None:
    """The decision stands there all the same."""
    text = told(make_manifest(None))
    assert text.startswith("shop/checkout: -> 4, decided by the baseline")
    assert "The status holds no arithmetic" in text


def test_words_of_a_newer_version_do_not_hurt(make_pass: Make, make_manifest: Make) -> None:
    """What this version does not know is printed as it stands."""
    explanation = make_pass()
    explanation["course"] = explanation["metrics"][0]["rule"] = "Divined"
    assert "4 (Divined)" in told(make_manifest(explanation))


def test_plain_text_for_any_terminal(make_pass: Make, make_manifest: Make) -> None:
    """What is ours in it is ASCII, whatever the locale."""
    assert told(make_manifest(make_pass((CPU, MEMORY), pending=1))).isascii()

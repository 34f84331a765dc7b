"""What the autoscalers say, read from their objects."""

from __future__ import annotations

from typing import Any

import pytest

from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import EVENTS, HORIZONTALPODAUTOSCALERS, RLAUTOSCALERS
from rlautoscaler.demo import manifests, moments
from rlautoscaler.demo.moments import Reader, Verdict
from rlautoscaler.demo.scenarios import Scenario
from rlautoscaler.errors import UnreachableError

TARGET = {
    "source": "Policy",
    "reason": "PolicyActs",
    "message": "the policy chose replicas+1",
    "baseline": 4,
    "policy": 5,
    "applied": 5,
    "generatedAt": "2026-01-01T00:00:00Z",
}


def hpa(active: str = "True", message: str = "", **status: Any) -> dict[str, Any]:
    conditions = [
        {"type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale"},
        {"type": "ScalingActive", "status": active, "reason": "X", "message": message},
    ]
    return {"status": {"conditions": conditions, **status}}


def event(name: str, at: str, **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{name}.{at}", "namespace": "shop"},
        "involvedObject": {"kind": "RLAutoscaler", "name": name},
        "lastTimestamp": at,
        "reason": "SuccessfulRescale",
        "message": "New size: 5",
        "type": "Normal",
        **more,
    }


def test_the_verdict_is_that_of_the_status() -> None:
    """Who decided, why, and what each side wanted; nothing before the first decision."""
    assert moments.verdict({"status": {"horizontal": {"target": TARGET}}}) == Verdict(
        "Policy", "PolicyActs", "the policy chose replicas+1", baseline=4, policy=5, applied=5
    )
    assert moments.verdict({}) == moments.verdict({"status": {"conditions": []}}) == Verdict()


LINES = {
    "nothing yet": ({}, "has not looked yet"),
    "no metric": (hpa("False", "unable to get metrics"), "unable to get metrics"),
    "at work": (
        hpa(desiredReplicas=6, currentMetrics=[{"resource": {"current": {"averageUtilization": 71}}}]),
        "sees CPU at 71 %, wants 6 (ReadyForNewScale)",
    ),
}


@pytest.mark.parametrize(("manifest", "expected"), LINES.values(), ids=LINES.keys())
def test_the_hpa_in_one_line(manifest: dict[str, Any], expected: str) -> None:
    """What it sees and wants, or what keeps it from that."""
    assert moments.hpa_line(manifest) == expected
    assert moments.is_active(manifest) is (expected.startswith("sees"))


def test_only_the_autoscalers_events_and_the_newest_first() -> None:
    """Events of pods are left out; where only a creation time is known, that counts."""
    listed = [
        event("old", "2026-01-01T00:00:01Z"),
        event("new", "2026-01-01T00:00:03Z", type="Warning"),
        event("pod", "2026-01-01T00:00:09Z", involvedObject={"kind": "Pod", "name": "pod"}),
        event("bare", "x", lastTimestamp=None, metadata={"creationTimestamp": "2026-01-01T00:00:02Z"}),
    ]
    found = moments.newest(listed)
    assert [one.about for one in found] == ["new", "bare", "old"]
    assert [one.is_warning for one in found] == [True, False, False]


async def test_an_outage_keeps_the_last_words(scenario: Scenario) -> None:
    """While the API server does not answer, the view shows what was known."""
    api = FakeKubeApi()
    api.seed(RLAUTOSCALERS, {**manifests.autoscaler(scenario), "status": {"horizontal": {"target": TARGET}}})
    api.seed(HORIZONTALPODAUTOSCALERS, {**manifests.hpa(scenario), **hpa(desiredReplicas=3)})
    api.seed(EVENTS, event("checkout", "2026-01-01T00:00:01Z"))
    reader = Reader(api, scenario, has_hpa=True)
    await reader.read()
    api.fail(UnreachableError("No answer."), times=10)
    await reader.read()
    assert reader.verdict.source == "Policy"
    assert reader.hpa == "wants 3 (ReadyForNewScale)"
    assert [one.message for one in reader.events] == ["New size: 5"]


async def test_without_an_hpa_the_twins_own_words_count(scenario: Scenario) -> None:
    """On the user's cluster the twin is an RLAutoscaler that is nothing but its baseline."""
    api = FakeKubeApi()
    for make in (manifests.autoscaler, manifests.baseline_only):
        api.seed(RLAUTOSCALERS, {**make(scenario), "status": {"horizontal": {"target": TARGET}}})
    reader = Reader(api, scenario, has_hpa=False)
    await reader.read()
    assert reader.hpa == "the policy chose replicas+1"

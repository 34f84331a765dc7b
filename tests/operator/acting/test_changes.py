"""What of a status is worth a write, when, and as which patch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlagents.policies.hpa import conditions as hpa
from rlagents.structs.reasons import Reason, Source, UnknownReason
from rlagents.structs.signals import Signal, SignalName
from rlautoscaler.acting import changes, statuses
from rlautoscaler.acting.ticks import Sections, Tick
from rlautoscaler.clients.fakes import patches
from rlautoscaler.resources.entries import BaselineLogs
from rlautoscaler.resources.explanations import Explanation
from rlautoscaler.resources.statuses import BlockStatus, Evidence, ModelStatus, RolloutStatus, Stage

NOW = 1_700_000_000.0
AT_ONCE, A_MINUTE, TEN_MINUTES = 0.0, 60.0, 600.0
MakeTick = Callable[..., Tick]

ROLLOUT = RolloutStatus(stage=Stage.FULL, ratio=0.5)
MODEL = ModelStatus(name="generalist", ready=True, samples=10)


def cpu(value: float, age: float = 5.0, now: float = NOW + 15) -> dict[SignalName, Signal]:
    return {SignalName.CPU: Signal.known(value, taken_at=now - age)}


def sections(**fields: Any) -> Sections:
    return replace(Sections(rollout=ROLLOUT, model=MODEL, baseline=BaselineLogs()), **fields)


def explained(
    ratio: float = 1.2, proposal: int | None = 4, used: str = "480m", **fields: Any
) -> dict[str, Sections]:
    """The sections with the arithmetic of one metric; without a proposal it failed."""
    metric = {
        "name": "cpu",
        "type": "Resource",
        "ratio": ratio,
        "proposal": proposal,
        "first": {"used": used},
    }
    metric |= {"failure": "no-pods"} if proposal is None else {}
    whole = {"course": "Measured", "reason": "DesiredWithinRange", "metrics": [metric], **fields}
    return {"sections": sections(explanation=Explanation.model_validate(whole))}


def logs(*sizes: int) -> BaselineLogs:
    return BaselineLogs.model_validate(
        {"recommendations": [{"time": NOW, "replicas": size} for size in sizes]}
    )


_REWORDED = tuple(
    hpa.state(kind, value, reason, "in other words")
    for kind, value, reason in (
        (hpa.ConditionType.ABLE_TO_SCALE, True, Reason.READY_FOR_NEW_SCALE),
        (hpa.ConditionType.SCALING_ACTIVE, True, Reason.VALID_METRIC_FOUND),
        (hpa.ConditionType.SCALING_LIMITED, False, Reason.DESIRED_WITHIN_RANGE),
    )
)
_LIMITED = hpa.state(hpa.ConditionType.SCALING_LIMITED, True, Reason.TOO_MANY_REPLICAS, "")


@pytest.mark.parametrize(
    ("fields", "pause"),
    [
        pytest.param({}, TEN_MINUTES, id="a mere tick"),
        pytest.param({"signals": cpu(2.4)}, TEN_MINUTES, id="a figure within its noise"),
        pytest.param({"signals": cpu(2.0, age=59)}, TEN_MINUTES, id="an age one step on"),
        pytest.param({"message": "cpu at 71 %"}, TEN_MINUTES, id="other words for the same decision"),
        pytest.param({"conditions": _REWORDED}, TEN_MINUTES, id="other words in a condition"),
        pytest.param(
            {"sections": sections(model=MODEL.model_copy(update={"samples": 11}))},
            TEN_MINUTES,
            id="a counter that counts ticks",
        ),
        pytest.param(explained(used="481m"), TEN_MINUTES, id="usage within the arithmetic"),
        pytest.param(explained(ratio=1.3), TEN_MINUTES, id="a ratio within its noise"),
        pytest.param(explained(ratio=1.7), A_MINUTE, id="a ratio that moved by a quarter"),
        pytest.param(explained(proposal=5), A_MINUTE, id="another proposal of one metric"),
        pytest.param(explained(reason="ScaleUpLimit"), A_MINUTE, id="another last word of the baseline"),
        pytest.param(explained(proposal=None), AT_ONCE, id="one of the baseline's metrics fails"),
        pytest.param(explained(metrics=[]), AT_ONCE, id="the baseline's metrics are others"),
        pytest.param({"signals": cpu(2.7)}, A_MINUTE, id="a figure that moved by a quarter"),
        pytest.param({"signals": cpu(0.0)}, A_MINUTE, id="a figure that went to zero"),
        pytest.param({"signals": cpu(2.0, age=200)}, A_MINUTE, id="an age that grew by steps"),
        pytest.param({"baseline": 5}, A_MINUTE, id="another proposal of the baseline"),
        pytest.param({"policy": 5}, A_MINUTE, id="another proposal of the policy"),
        pytest.param({"sections": sections(baseline=logs(4, 5))}, A_MINUTE, id="what the HPA remembers"),
        pytest.param(
            {"sections": sections(rollout=ROLLOUT.model_copy(update={"evidence": Evidence(policyBlocks=3)}))},
            A_MINUTE,
            id="the evidence",
        ),
        pytest.param({"to": 6}, AT_ONCE, id="a change of size"),
        pytest.param({"to": 6, "outcome": Reason.FAILED_UPDATE_SCALE}, AT_ONCE, id="a change that failed"),
        pytest.param({"replicas": 5}, AT_ONCE, id="a change by others"),
        pytest.param({"source": Source.POLICY}, AT_ONCE, id="another decider"),
        pytest.param({"reason": Reason.PODS_UNHEALTHY}, AT_ONCE, id="another reason"),
        pytest.param({"conditions": (*_REWORDED[:2], _LIMITED)}, AT_ONCE, id="a condition"),
        pytest.param(
            {"signals": {SignalName.CPU: Signal.unknown(UnknownReason.STALE)}},
            AT_ONCE,
            id="a signal goes missing",
        ),
        pytest.param({"signals": {}}, AT_ONCE, id="a signal is not configured any more"),
        pytest.param({"generation": 2}, AT_ONCE, id="the spec was read: somebody waits for that"),
        pytest.param(
            {"sections": sections(rollout=ROLLOUT.model_copy(update={"ratio": 0.6}))}, AT_ONCE, id="the ratio"
        ),
        pytest.param(
            {
                "sections": sections(
                    rollout=ROLLOUT.model_copy(
                        update={"block": BlockStatus(owner=Source.POLICY, since=0, until=1, probability=0.5)}
                    )
                )
            },
            AT_ONCE,
            id="a new block",
        ),
        pytest.param(
            {"sections": sections(model=MODEL.model_copy(update={"ready": False}))}, AT_ONCE, id="the model"
        ),
    ],
)
def test_how_long_news_may_wait(make_tick: MakeTick, fields: dict[str, Any], pause: float) -> None:
    """What a reader acts on is told at once, what steers within a minute, the rest within ten."""
    arithmetic = explained() if _is_explained(fields) else {}
    base: dict[str, Any] = {"signals": cpu(2.0, now=NOW), "sections": sections(), **arithmetic}
    old = statuses.build({}, make_tick(**base))
    later: dict[str, Any] = {**base, "signals": cpu(2.0), "now": NOW + 15, **fields}
    new = statuses.build(old, make_tick(**later))
    assert changes.pause(old, new) == pause
    assert changes.differs(old, new) is (pause == 0)


def _is_explained(fields: dict[str, Any]) -> bool:
    return "sections" in fields and fields["sections"].explanation is not None


def test_the_arithmetic_is_that_of_the_decision_beside_it(make_tick: MakeTick) -> None:
    """What is written is the whole of one tick, so a patch moves both or neither."""
    old = statuses.build({}, make_tick(**explained()))
    new = statuses.build(old, make_tick(now=NOW + 60, baseline=5, **explained(proposal=5)))
    patch = changes.merge_patch(old, new)["horizontal"]
    assert (patch["target"]["baseline"], patch["explanation"]["metrics"][0]["proposal"]) == (5, 5)
    assert patch["target"]["generatedAt"] != old["horizontal"]["target"]["generatedAt"]


def test_no_news(make_tick: MakeTick) -> None:
    """The same observation again is nothing to tell."""
    tick = make_tick()
    status = statuses.build({}, tick)
    assert changes.pause(status, statuses.build(status, tick)) is None


def test_a_slow_drift_is_noticed(make_tick: MakeTick) -> None:
    """Figures are compared with what was written, so that small steps add up."""
    written = statuses.build({}, make_tick(signals=cpu(2.0)))
    status, waits = written, []
    for number in range(10):
        status = statuses.build(status, make_tick(signals=cpu(2.0 + 0.1 * number)))
        waits.append(changes.pause(written, status))
    assert waits[0] is None
    assert waits[1:7] == [TEN_MINUTES] * 6
    assert waits[7:] == [A_MINUTE] * 3


def test_a_value_on_an_edge_does_not_flip(make_tick: MakeTick) -> None:
    """No rounding has an edge on which a figure or an age could flip at every tick."""
    written = statuses.build({}, make_tick(signals=cpu(2.0, age=29)))
    for value, age in ((2.01, 31), (1.99, 29), (2.2, 59), (1.8, 61 - 2)):
        status = statuses.build(written, make_tick(signals=cpu(value, age=age)))
        assert changes.pause(written, status) == TEN_MINUTES


JSON = st.recursive(
    st.booleans() | st.integers(-3, 3) | st.sampled_from("xyz"),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.sampled_from("abcd"), children, max_size=3)
    ),
    max_leaves=10,
)
DOCUMENTS = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(old=DOCUMENTS, new=DOCUMENTS)
def test_a_merge_patch_leads_from_one_to_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Applied to the old document, the patch gives the new one, and it is empty where they are equal."""
    before = copy.deepcopy(old)
    patch = changes.merge_patch(old, new)
    assert patches.merge(old, patch) == new
    assert old == before
    assert (patch == {}) is (old == new)


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": 3}, id="only what changed"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"c": 3}}, id="also below"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, {"b": None}, id="null removes"),
        pytest.param({"a": [1, 2]}, {"a": [1, 2, 3]}, {"a": [1, 2, 3]}, id="lists whole"),
        pytest.param({"a": {"b": 1}}, {"a": [1]}, {"a": [1]}, id="an object becomes a list"),
        pytest.param({}, {"a": {}}, {"a": {}}, id="an empty object is something new"),
    ],
)
def test_merge_patches(old: dict[str, Any], new: dict[str, Any], patch: dict[str, Any]) -> None:
    """A patch is no larger than it must be."""
    assert changes.merge_patch(old, new) == patch


def test_patches_are_small(make_tick: MakeTick) -> None:
    """A tick that only moved figures does not send history and conditions again."""
    old = statuses.build({}, make_tick(to=6))
    new = statuses.build(old, make_tick(now=NOW + 15, replicas=6, baseline=7))
    patch = changes.merge_patch(old, new)
    assert "history" not in patch
    assert patch["horizontal"]["target"]["baseline"] == 7

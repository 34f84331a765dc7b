"""Conditions: transitions, order, and a `Ready` that does not flap."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlagents.structs.pods import ConditionStatus
from rlautoscaler.acting import conditions, times
from rlautoscaler.acting.conditions import Condition, ConditionType, state

ACTIVE, ABLE, READY = ConditionType.SCALING_ACTIVE, ConditionType.ABLE_TO_SCALE, ConditionType.READY
PATIENCE = 60.0


def merge(
    old: list[dict[str, Any]], *new: Condition, now: float, generation: int = 1
) -> list[dict[str, Any]]:
    return conditions.merge(old, new, generation=generation, now=now)


def one(merged: list[dict[str, Any]], kind: ConditionType) -> dict[str, Any]:
    found = conditions.find(merged, kind)
    assert found is not None
    return dict(found)


def test_a_manifest_has_all_of_metav1() -> None:
    """A condition carries the six fields of `metav1.Condition`."""
    (manifest,) = merge([], state(ACTIVE, True, "ValidMetricFound", "CPU at 80 %."), now=1.7e9, generation=3)
    assert manifest == {
        "type": "ScalingActive",
        "status": "True",
        "observedGeneration": 3,
        "lastTransitionTime": "2023-11-14T22:13:20Z",
        "reason": "ValidMetricFound",
        "message": "CPU at 80 %.",
    }


@pytest.mark.parametrize(
    ("after", "moves"),
    [
        pytest.param(state(ACTIVE, True, "Other", "other"), False, id="reason and message alone"),
        pytest.param(state(ACTIVE, False, "ValidMetricFound", "x"), True, id="the status"),
        pytest.param(state(ACTIVE, None, "ValidMetricFound", "x"), True, id="the status to Unknown"),
    ],
)
def test_the_transition_time_moves_with_the_status_alone(after: Condition, moves: bool) -> None:
    """`lastTransitionTime` tells since when the status is what it is."""
    old = merge([], state(ACTIVE, True, "ValidMetricFound", "x"), now=1000)
    (new,) = merge(old, after, now=2000, generation=2)
    assert (new["lastTransitionTime"] != old[0]["lastTransitionTime"]) is moves
    assert new["observedGeneration"] == 2
    assert new["reason"] == after.reason


def test_types_not_mentioned_keep_what_they_had() -> None:
    """A pass that says nothing about a condition leaves it, as the HPA does."""
    old = merge([], state(ABLE, True, "SucceededGetScale", ""), state(ACTIVE, True, "X", ""), now=1)
    new = merge(old, state(ACTIVE, False, "Y", ""), now=2)
    assert one(new, ABLE) == one(old, ABLE)


def test_conditions_of_others_stay() -> None:
    """A type that is not ours is kept untouched, behind ours."""
    foreign = {"type": "Audited", "status": "True", "by": "somebody"}
    new = merge([foreign], state(ACTIVE, True, "X", ""), now=1)
    assert [condition["type"] for condition in new] == ["ScalingActive", "Audited"]
    assert new[1] == foreign


@settings(deadline=None)
@given(order=st.permutations(list(ConditionType)))
def test_the_order_is_stable(order: list[ConditionType]) -> None:
    """Whatever the order in which conditions were found, they are written in the order of the types."""
    merged: list[dict[str, Any]] = []
    for kind in order:
        merged = merge(merged, state(kind, True, "X", ""), now=1)
    assert [condition["type"] for condition in merged] == [kind.value for kind in ConditionType]


@settings(deadline=None)
@given(values=st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=12))
def test_merging_twice_changes_nothing(values: list[bool | None]) -> None:
    """The same condition again, whenever it comes, is the same manifest."""
    merged: list[dict[str, Any]] = []
    for now, value in enumerate(values):
        new = state(ACTIVE, value, "X", "m")
        merged = merge(merged, new, now=now)
        assert merge(merged, new, now=now + 1e6) == merged


def summarised(
    old: list[dict[str, Any]], *new: Condition, now: float, generation: int = 1
) -> list[dict[str, Any]]:
    """One tick: the momentary conditions, then `Ready`."""
    merged = merge(old, *new, now=now, generation=generation)
    ready = conditions.summary(merged, [ABLE, ACTIVE], generation=generation, now=now, patience=PATIENCE)
    return merge(merged, ready, now=now, generation=generation)


def run(active: list[bool], interval: float = 15) -> list[bool]:
    """`Ready` at each tick, for what `ScalingActive` says at each tick."""
    merged: list[dict[str, Any]] = []
    ready = []
    for tick, value in enumerate(active):
        able, scaling = state(ABLE, True, "SucceededGetScale", ""), state(ACTIVE, value, "R", "m")
        merged = summarised(merged, able, scaling, now=1e6 + tick * interval)
        ready.append(conditions.is_true(merged, READY))
    return ready


@pytest.mark.parametrize(
    ("active", "ready"),
    [
        pytest.param("++++", "++++", id="all is well from the first tick"),
        pytest.param("----", "----", id="a first answer is given at once"),
        pytest.param("+-++++", "++++++", id="one missing sample does not flap"),
        pytest.param("+---+++", "+++++++", id="nor do three"),
        pytest.param("+------", "+++++--", id="an outage of a minute shows"),
        pytest.param("+-----++++++", "+++++-----++", id="and so does a minute of recovery"),
        pytest.param(
            "+-+-+-+-+-+-", "++++++++++++", id="a metric that flaps at every tick does not make Ready flap"
        ),
        pytest.param("-+-+-+-+-+-+", "------------", id="in either state"),
    ],
)
def test_ready_waits_until_things_have_settled(active: str, ready: str) -> None:
    """`Ready` follows what has held for a minute; ticks are 15 seconds."""
    told = run([sign == "+" for sign in active])
    assert "".join("+" if value else "-" for value in told) == ready


def test_ready_tells_which_condition_fails() -> None:
    """The reason is the failing condition's own, and the message names it."""
    merged = summarised([], state(ABLE, False, "FailedGetScale", "There is no checkout."), now=1)
    ready = one(merged, READY)
    assert (ready["reason"], ready["message"]) == ("FailedGetScale", "AbleToScale: There is no checkout.")


def test_a_changed_spec_is_answered_at_once() -> None:
    """Patience is for flapping metrics, not for the user who waits for the answer to an edit."""
    bad = summarised([], state(ABLE, False, "FailedGetScale", ""), state(ACTIVE, True, "R", ""), now=1e6)
    good = state(ABLE, True, "SucceededGetScale", "")
    assert not conditions.is_true(summarised(bad, good, now=1e6 + 15), READY)
    assert conditions.is_true(summarised(bad, good, now=1e6 + 15, generation=2), READY)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param({"status": "Perhaps"}, id="a status that does not exist"),
        pytest.param({"lastTransitionTime": "yesterday"}, id="a time that is none"),
        pytest.param({"lastTransitionTime": None, "reason": None, "message": 7}, id="fields of other types"),
    ],
)
def test_a_status_edited_by_hand_is_no_obstacle(damage: dict[str, Any]) -> None:
    """What somebody wrote into the status is judged anew and does not raise."""
    merged = summarised([], state(ABLE, True, "R", ""), state(ACTIVE, True, "R", ""), now=1e6)
    damaged = [condition | damage for condition in merged]
    healed = summarised(damaged, state(ABLE, True, "R", ""), state(ACTIVE, True, "R", ""), now=1e6 + 15)
    assert one(healed, READY)["status"] in tuple(ConditionStatus)
    healed = summarised(healed, state(ABLE, True, "R", ""), state(ACTIVE, True, "R", ""), now=1e6 + 90)
    assert conditions.is_true(healed, READY)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        pytest.param("2023-11-14T22:13:20Z", 1.7e9, id="as we write it"),
        pytest.param("2023-11-14T23:13:20+01:00", 1.7e9, id="in another zone"),
        pytest.param("2023-11-14T22:13:20.500000Z", 1.7e9 + 0.5, id="with decimals"),
        pytest.param("2023-11-14T22:13:20", 1.7e9, id="without a zone it is UTC"),
        pytest.param("now", None, id="no time"),
        pytest.param(None, None, id="nothing"),
        pytest.param(1.7e9, None, id="a number"),
    ],
)
def test_times(text: object, at: float | None) -> None:
    """Times are read as Kubernetes writes them, and what is none is None."""
    assert times.parse(text) == at


@settings(deadline=None)
@given(at=st.floats(0, 4e9))
def test_times_round_trip(at: float) -> None:
    """A written time is read back, to the second or the microsecond."""
    assert times.parse(times.second(at)) == int(at)
    read = times.parse(times.micro(at))
    assert read is not None
    assert abs(read - at) < 1e-5

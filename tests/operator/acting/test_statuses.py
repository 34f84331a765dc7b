"""The status: what it says, that the schema takes it, and that it stays small."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlagents.deciding.cases import Mode, Overrides
from rlagents.policies.hpa import conditions as hpa
from rlagents.structs.decisions import Limitation
from rlagents.structs.reasons import Reason, Source, UnknownReason
from rlagents.structs.signals import Signal, SignalName
from rlautoscaler.acting import changes, conditions, sizes, statuses
from rlautoscaler.acting.conditions import ConditionType
from rlautoscaler.acting.ticks import Failure, Sections, Tick
from rlautoscaler.resources.entries import BaselineLogs
from rlautoscaler.resources.explanations import Explanation
from rlautoscaler.resources.statuses import (
    ContainerRecommendation,
    LimitTarget,
    ModelStatus,
    RolloutStatus,
    Stage,
    Status,
    VerticalStatus,
)

NOW = 1_700_000_000.0
MakeTick = Callable[..., Tick]


def condition(status: dict[str, Any], kind: ConditionType) -> tuple[str, str]:
    found = conditions.find(status["conditions"], kind)
    assert found is not None
    return found["status"], found["reason"]


def test_what_a_first_tick_tells(make_tick: MakeTick) -> None:
    """Sizes, signals, both proposals and who decided, under the names of the schema."""
    status = statuses.build({}, make_tick(generation=3))
    assert status["observedGeneration"] == 3
    assert (status["currentReplicas"], status["desiredReplicas"]) == (4, 4)
    assert "lastScaleTime" not in status
    assert status["currentMetrics"] == [
        {"name": "throughput", "value": 100.0, "age": "5s", "state": "Known"},
        {"name": "cpu", "value": 2.0, "age": "5s", "state": "Known"},
    ]
    assert status["horizontal"]["target"] == {
        "baseline": 4,
        "policy": 3,
        "applied": 4,
        "source": "Baseline",
        "reason": "ShadowMode",
        "message": "cpu is on target",
        "generatedAt": "2023-11-14T22:13:20Z",
    }
    assert status["history"] == []


def test_a_change_of_size(make_tick: MakeTick) -> None:
    """What was written stands in both sizes and in the history, with what each decider wanted."""
    limitation = Limitation(Reason.SCALE_UP_RATE, 9, 6, "at most +2 pods")
    tick = make_tick(
        to=6, source=Source.POLICY, reason=Reason.POLICY_ACTS, policy=6, limitations=(limitation,)
    )
    status = statuses.build({}, tick)
    assert (status["currentReplicas"], status["desiredReplicas"]) == (6, 6)
    assert status["lastScaleTime"] == "2023-11-14T22:13:20Z"
    assert status["history"] == [
        {
            "time": "2023-11-14T22:13:20Z",
            "fromReplicas": 4,
            "toReplicas": 6,
            "source": "Policy",
            "reason": "PolicyActs",
            "limitedReason": "ScaleUpRate",
            "baseline": 4,
            "policy": 6,
            "message": "cpu is on target",
        }
    ]
    assert status["horizontal"]["target"]["limitedReason"] == "ScaleUpRate"


def test_the_last_word_is_the_limit_that_is_told(make_tick: MakeTick) -> None:
    """Of several guards in a row, the outermost is the reason."""
    limitations = (
        Limitation(Reason.CAPACITY_MARGIN, 1, 3, ""),
        Limitation(Reason.TOO_FEW_REPLICAS, 3, 5, ""),
        Limitation(Reason.TOO_MANY_REPLICAS, 5, 5, ""),
    )
    status = statuses.build({}, make_tick(**_POLICY, limitations=limitations))
    assert status["horizontal"]["target"]["limitedReason"] == "TooFewReplicas"


def test_a_refused_change_keeps_the_size(make_tick: MakeTick) -> None:
    """What the API server did not take is wanted and not so."""
    status = statuses.build({}, make_tick(to=6, outcome=Reason.FAILED_UPDATE_SCALE))
    assert (status["currentReplicas"], status["desiredReplicas"]) == (4, 6)
    assert status["history"] == []
    assert condition(status, ConditionType.ABLE_TO_SCALE) == ("False", "FailedUpdateScale")


def test_a_guard_of_the_policy_does_not_limit_the_baseline(make_tick: MakeTick) -> None:
    """In Shadow the policy's guards say nothing about the baseline's size."""
    limitation = Limitation(Reason.SCALE_UP_RATE, 9, 6, "")
    status = statuses.build({}, make_tick(to=5, limitations=(limitation,)))
    assert "limitedReason" not in status["horizontal"]["target"]
    assert condition(status, ConditionType.SCALING_LIMITED) == ("False", "DesiredWithinRange")


@pytest.mark.parametrize(
    ("signal", "told"),
    [
        pytest.param(
            Signal.known(1234.5678, taken_at=NOW - 61.4),
            {"state": "Known", "value": 1230.0, "age": "1m1s"},
            id="three digits, and an age in seconds",
        ),
        pytest.param(
            Signal.known(0.0, taken_at=NOW + 3),
            {"state": "Known", "value": 0.0, "age": "0s"},
            id="a measured zero is a value, and no age is negative",
        ),
        pytest.param(
            Signal.known(5.0, taken_at=None),
            {"state": "Known", "value": 5.0},
            id="an age nobody knows is absent",
        ),
        pytest.param(
            Signal.known(1.0, taken_at=0.0),
            {"state": "Known", "value": 1.0, "age": "87600h"},
            id="an age beyond all sense ends somewhere",
        ),
        pytest.param(Signal.not_applicable(), {"state": "NotApplicable"}, id="not applicable has no value"),
        pytest.param(
            Signal.unknown(UnknownReason.STALE, taken_at=NOW - 300),
            {"state": "Unknown", "reason": "Stale", "age": "5m"},
            id="unknown has a reason",
        ),
        pytest.param(
            Signal.unknown(UnknownReason.NOT_CONFIGURED), None, id="what nobody configured is left out"
        ),
    ],
)
def test_signals(make_tick: MakeTick, signal: Signal, told: dict[str, Any] | None) -> None:
    """Each signal is a value, not applicable, or unknown with a reason."""
    status = statuses.build({}, make_tick(signals={SignalName.LATENCY_P99: signal}))
    expected = [] if told is None else [{"name": "latencyP99"} | told]
    assert status["currentMetrics"] == expected


_ACTIVE = hpa.ConditionType.SCALING_ACTIVE
_NO_METRICS = (hpa.state(_ACTIVE, False, Reason.FAILED_GET_RESOURCE_METRIC, "no samples"),)
_STABILIZED = (
    hpa.state(hpa.ConditionType.ABLE_TO_SCALE, True, Reason.SCALE_DOWN_STABILIZED, "held"),
    hpa.state(hpa.ConditionType.SCALING_LIMITED, True, Reason.TOO_MANY_REPLICAS, "at the maximum"),
)
_POLICY = {"source": Source.POLICY, "reason": Reason.POLICY_ACTS, "policy_reason": None, "mode": Mode.AUTO}
_HANDED_BACK = {"mode": Mode.AUTO, "policy_reason": Reason.PODS_UNHEALTHY, "reason": Reason.PODS_UNHEALTHY}


@pytest.mark.parametrize(
    ("fields", "kind", "expected"),
    [
        pytest.param({}, "Ready", ("True", "Ready"), id="all is well"),
        pytest.param({}, "AbleToScale", ("True", "ReadyForNewScale"), id="the HPA's own words"),
        pytest.param(
            {"conditions": _STABILIZED}, "AbleToScale", ("True", "ScaleDownStabilized"), id="held by a window"
        ),
        pytest.param(
            {"conditions": _STABILIZED, **_POLICY},
            "AbleToScale",
            ("True", "SucceededGetScale"),
            id="the baseline's window does not hold the policy",
        ),
        pytest.param({"to": 6}, "AbleToScale", ("True", "SucceededRescale"), id="just scaled"),
        pytest.param(
            {"to": 6, "outcome": Reason.SCALED_EXTERNALLY},
            "AbleToScale",
            ("True", "ScaledExternally"),
            id="a lost race is no inability",
        ),
        pytest.param(
            {"to": 6, "outcome": Reason.FAILED_GET_SCALE},
            "AbleToScale",
            ("False", "FailedGetScale"),
            id="the target is gone",
        ),
        pytest.param({}, "ScalingActive", ("True", "ValidMetricFound"), id="metrics give a size"),
        pytest.param(
            {"conditions": _NO_METRICS},
            "ScalingActive",
            ("False", "FailedGetResourceMetric"),
            id="no metric gives a size",
        ),
        pytest.param(
            {"conditions": _NO_METRICS},
            "Ready",
            ("False", "FailedGetResourceMetric"),
            id="nor is it ready then",
        ),
        pytest.param(
            {"conditions": _STABILIZED}, "ScalingLimited", ("True", "TooManyReplicas"), id="the HPA's bound"
        ),
        pytest.param(
            {"conditions": _STABILIZED, **_POLICY},
            "ScalingLimited",
            ("False", "DesiredWithinRange"),
            id="the baseline's bound does not limit the policy",
        ),
        pytest.param(
            {**_POLICY, "limitations": (Limitation(Reason.CAPACITY_MARGIN, 2, 4, ""),)},
            "ScalingLimited",
            ("True", "CapacityMargin"),
            id="a guard limits the policy",
        ),
        pytest.param(
            {"limitations": (Limitation(Reason.PAUSED_SCALE_IN, 2, 4, ""),)},
            "ScalingLimited",
            ("True", "PausedScaleIn"),
            id="a pause limits the baseline, too",
        ),
        pytest.param({}, "VerticalAbleToApply", ("False", "RecommendOnly"), id="limits are only recommended"),
        pytest.param({}, "PolicyReady", ("True", "Ready"), id="the policy proposes in Shadow, too"),
        pytest.param(
            {"policy": None, "policy_reason": Reason.OUT_OF_DISTRIBUTION},
            "PolicyReady",
            ("False", "OutOfDistribution"),
            id="the policy refused",
        ),
        pytest.param(
            {"mode": Mode.BASELINE, "policy": None, "policy_reason": Reason.BASELINE_MODE},
            "PolicyReady",
            ("Unknown", "BaselineMode"),
            id="a policy that is not asked is neither ready nor not",
        ),
        pytest.param(
            {"policy": None, "policy_reason": Reason.SCALING_DISABLED},
            "PolicyReady",
            ("Unknown", "ScalingDisabled"),
            id="nor at size 0",
        ),
        pytest.param(_POLICY, "Fallback", ("False", "PolicyActs"), id="the policy decides"),
        pytest.param(_HANDED_BACK, "Fallback", ("True", "PodsUnhealthy"), id="the baseline stands in"),
        pytest.param(
            {**_HANDED_BACK, "mode": Mode.SHADOW},
            "Fallback",
            ("False", "ShadowMode"),
            id="in Shadow nobody stands in for anybody",
        ),
        pytest.param(
            {"mode": Mode.AUTO, "policy_reason": Reason.FORCED_BASELINE},
            "Fallback",
            ("False", "ForcedBaseline"),
            id="the user's wish is no fallback",
        ),
        pytest.param({}, "Paused", ("False", "NotPaused"), id="not paused"),
        pytest.param({"overrides": Overrides(paused=True)}, "Paused", ("True", "Paused"), id="paused"),
        pytest.param(
            {"overrides": Overrides(paused_scale_in=True)},
            "Paused",
            ("True", "PausedScaleIn"),
            id="in one direction",
        ),
        pytest.param(
            {"overrides": Overrides(paused_scale_out=True)},
            "Paused",
            ("True", "PausedScaleOut"),
            id="in the other",
        ),
        pytest.param(
            {"overrides": Overrides(paused_scale_in=True, paused_scale_out=True)},
            "Paused",
            ("True", "Paused"),
            id="in both",
        ),
        pytest.param(
            {"overrides": Overrides(paused=True, paused_replicas=0)},
            "Paused",
            ("True", "PausedReplicas"),
            id="pinned, also to 0",
        ),
        pytest.param({}, "Degraded", ("False", "AsExpected"), id="nothing to attend to"),
    ],
)
def test_conditions(
    make_tick: MakeTick, fields: dict[str, Any], kind: str, expected: tuple[str, str]
) -> None:
    """Each condition follows from the tick alone."""
    assert condition(statuses.build({}, make_tick(**fields)), ConditionType(kind)) == expected


def test_all_conditions_are_told_in_order(make_tick: MakeTick) -> None:
    """A first tick tells about every type there is."""
    status = statuses.build({}, make_tick())
    assert [one["type"] for one in status["conditions"]] == [kind.value for kind in ConditionType]


@pytest.mark.parametrize("ticks", [1, 3])
def test_ready_survives_missing_samples(make_tick: MakeTick, ticks: int) -> None:
    """A gap of some samples shows in `ScalingActive` and not in `Ready`."""
    status = statuses.build({}, make_tick())
    for number in range(1, ticks + 1):
        status = statuses.build(status, make_tick(now=NOW + 15 * number, conditions=_NO_METRICS))
    assert condition(status, ConditionType.SCALING_ACTIVE)[0] == "False"
    assert condition(status, ConditionType.READY)[0] == "True"


def test_patience_grows_with_the_interval(make_tick: MakeTick) -> None:
    """With a minute between ticks, one missing sample is a minute, and still no reason to flap."""
    status = statuses.build({}, make_tick(interval=60))
    for number in (1, 2):
        status = statuses.build(status, make_tick(now=NOW + 60 * number, interval=60, conditions=_NO_METRICS))
    assert condition(status, ConditionType.READY)[0] == "True"


def test_an_unreadable_target_keeps_what_was_told(make_tick: MakeTick) -> None:
    """Where nothing was decided, sizes and history stay; `AbleToScale` tells at once, `Ready` when it lasts."""
    before = statuses.build({}, make_tick(to=6))
    failure = Failure(Reason.FAILED_GET_SCALE, "There is no deployments/checkout.")
    status = statuses.build(before, make_tick(now=NOW + 15, failure=failure))
    for field in ("currentReplicas", "desiredReplicas", "history", "horizontal", "currentMetrics"):
        assert status[field] == before[field]
    assert condition(status, ConditionType.ABLE_TO_SCALE) == ("False", "FailedGetScale")
    assert condition(status, ConditionType.READY) == ("True", "Ready")
    status = statuses.build(status, make_tick(now=NOW + 90, failure=failure))
    assert condition(status, ConditionType.READY) == ("False", "FailedGetScale")


def test_an_invalid_spec_is_not_ready_at_once(make_tick: MakeTick) -> None:
    """A spec that cannot be obeyed does not flap, and its author waits for the answer."""
    before = statuses.build({}, make_tick())
    failure = Failure(Reason.INVALID_SPEC, "spec.maxReplicas is required.")
    status = statuses.build(before, make_tick(now=NOW + 15, failure=failure, generation=2))
    assert condition(status, ConditionType.READY) == ("False", "InvalidSpec")
    status = statuses.build(status, make_tick(now=NOW + 30, generation=3))
    assert condition(status, ConditionType.READY) == ("True", "Ready")
    alone = statuses.build({}, make_tick(failure=failure))
    assert [one["type"] for one in alone["conditions"]] == ["Ready"]


def test_sections_of_others(make_tick: MakeTick) -> None:
    """What others keep in the status is put in as it is, and stays where they say nothing."""
    sections = Sections(
        rollout=RolloutStatus(stage=Stage.SHADOW),
        model=ModelStatus(name="generalist", ready=True),
        baseline=BaselineLogs(),
        selector="app=checkout",
    )
    status = statuses.build({}, make_tick(sections=sections))
    assert status["rollout"] == {"stage": "Shadow", "ratio": 0.0, "percent": 0}
    assert status["model"]["name"] == "generalist"
    later = statuses.build(status, make_tick(now=NOW + 15))
    for field in ("rollout", "model", "baseline", "selector"):
        assert later[field] == status[field]


def test_a_dispute_about_the_size(make_tick: MakeTick) -> None:
    """Somebody who sets the size back again and again makes the autoscaler Degraded, with what to do."""
    status: dict[str, Any] = {}
    for number in range(4):
        status = statuses.build(status, make_tick(now=NOW + 300 * number, replicas=4, to=6))
    assert [change["source"] for change in status["history"]] == [
        *["Baseline", "External"] * 3,
        "Baseline",
    ]
    assert condition(status, ConditionType.DEGRADED) == ("True", "ScaledExternally")
    calm = statuses.build(status, make_tick(now=NOW + 900 + 3600, replicas=6))
    assert condition(calm, ConditionType.DEGRADED) == ("False", "AsExpected")


@pytest.mark.parametrize("writes", [True, False])
def test_another_owner_is_no_dispute(make_tick: MakeTick, writes: bool) -> None:
    """Where an HPA owns the target, its changes are in the history and trouble nobody."""
    status: dict[str, Any] = {}
    for number in range(6):
        status = statuses.build(status, make_tick(now=NOW + 15 * number, replicas=4 + number, writes=writes))
    assert [change["source"] for change in status["history"]] == ["External"] * 5
    assert condition(status, ConditionType.DEGRADED)[0] == ("True" if writes else "False")


def test_an_annotation_that_cannot_be_read_is_told(make_tick: MakeTick) -> None:
    """What was taken for what is safer asks for attention, with the sentence, until it is corrected."""
    status = statuses.build({}, make_tick(problems=("Annotation paused-replicas is 'lots'.",)))
    assert condition(status, ConditionType.DEGRADED) == ("True", "InvalidAnnotation")
    found = conditions.find(status["conditions"], ConditionType.DEGRADED)
    assert found is not None
    assert "'lots'" in found["message"]
    mended = statuses.build(status, make_tick())
    assert condition(mended, ConditionType.DEGRADED) == ("False", "AsExpected")


# The history.


def test_a_cache_that_lags_behind_is_not_somebody_else(make_tick: MakeTick) -> None:
    """The size before our own change, read again shortly after it, is an old reading."""
    status = statuses.build({}, make_tick(to=6))
    status = statuses.build(status, make_tick(now=NOW + 1, replicas=4))
    status = statuses.build(status, make_tick(now=NOW + 2, replicas=6))
    assert [change["source"] for change in status["history"]] == ["Baseline"]


def test_a_size_set_back_shows_with_our_next_write(make_tick: MakeTick) -> None:
    """A write that succeeded from the old size proves that it was no old reading."""
    status = statuses.build({}, make_tick(to=6))
    status = statuses.build(status, make_tick(now=NOW + 15, replicas=4, to=6))
    assert [(change["source"], change["toReplicas"]) for change in status["history"]] == [
        ("Baseline", 6),
        ("External", 4),
        ("Baseline", 6),
    ]


def test_a_size_set_back_shows_in_the_end(make_tick: MakeTick) -> None:
    """What still stands a minute later is no old reading."""
    status = statuses.build({}, make_tick(to=6))
    for seconds in (15, 30, 45, 60, 75):
        status = statuses.build(status, make_tick(now=NOW + seconds, replicas=4))
    assert [(change["source"], change["toReplicas"]) for change in status["history"]] == [
        ("Baseline", 6),
        ("External", 4),
    ]


def test_the_same_tick_told_twice(make_tick: MakeTick) -> None:
    """Applying the same observation again changes nothing, a change of size included."""
    for tick in (make_tick(), make_tick(to=6), make_tick(to=6, outcome=Reason.FAILED_UPDATE_SCALE)):
        once = statuses.build({}, tick)
        assert statuses.build(once, tick) == once


def test_twenty_changes_are_kept(make_tick: MakeTick) -> None:
    """The history holds the last twenty changes, oldest first."""
    status: dict[str, Any] = {}
    for number in range(30):
        status = statuses.build(status, make_tick(now=NOW + 15 * number, replicas=number, to=number + 1))
    assert [change["toReplicas"] for change in status["history"]] == list(range(11, 31))


# What anybody may have written into it.


@pytest.mark.parametrize(
    "old",
    [
        pytest.param({"history": "none"}, id="a list that is text"),
        pytest.param({"history": [1, None]}, id="entries that are no objects"),
        pytest.param({"history": [{"time": "yesterday"}]}, id="entries that are no changes"),
        pytest.param({"conditions": {"type": "Ready"}}, id="an object in place of a list"),
        pytest.param({"conditions": [{"type": "Ready", "status": "Perhaps"}]}, id="an unknown status"),
        pytest.param({"currentReplicas": "four"}, id="a size that is text"),
        pytest.param({"currentReplicas": True}, id="a size that is true"),
        pytest.param({"rollout": {"stage": "Elsewhere"}, "baseline": 7}, id="sections of another shape"),
        pytest.param({"rollout": None, "horizontal": None}, id="nulls"),
        pytest.param({"somethingElse": {"x": "y" * 20000}}, id="fields nobody knows"),
        pytest.param({"horizontal": {"target": "x"}, "vertical": []}, id="targets of another shape"),
    ],
)
def test_an_old_status_of_any_shape(make_tick: MakeTick, old: dict[str, Any]) -> None:
    """What this version cannot read is left out, and the new status is complete and valid."""
    failure = Failure(Reason.FAILED_GET_SCALE, "There is no deployments/checkout.")
    for tick in (make_tick(to=6), make_tick(failure=failure)):
        status = statuses.build(old, tick)
        Status.model_validate(status)
        assert sizes.size(status) < 4096


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(old=st.dictionaries(st.sampled_from(sorted(Status.model_fields)), JSON, max_size=5))
def test_any_json_as_old_status(make_tick: MakeTick, old: dict[str, Any]) -> None:
    """No JSON under the status' own names makes building, comparing or patching raise."""
    status = statuses.build(old, make_tick(to=6))
    Status.model_validate(status)
    changes.pause(statuses.readable(old), status)
    assert sizes.size(status) <= sizes.LIMIT


# Its size.


def huge_sections(entries: int) -> Sections:
    log = [{"time": NOW + number / 7, "replicas": 2**31 - 1} for number in range(entries)]
    limit = LimitTarget(policy="9" * 30, applied="9" * 30, limitedReason="R" * 128)
    containers = [ContainerRecommendation(name=f"c{n}" * 20, cpu=limit, memory=limit) for n in range(16)]
    return Sections(
        baseline=BaselineLogs.model_validate({"recommendations": log, "scaleUps": log, "scaleDowns": log}),
        vertical=VerticalStatus(recommendations=containers),
        model=ModelStatus(name="m" * 253, version="v" * 63, digest="d" * 71, ready=True),
        rollout=RolloutStatus(stage=Stage.CANARY, ratio=0.123456789, blockedBy="B" * 128),
        selector="s" * 4096,
    )


def filled(make_tick: MakeTick, message: str, sections: Sections) -> dict[str, Any]:
    """A status filled to the brim, by thirty ticks that change the size."""
    status: dict[str, Any] = {}
    unknown = Signal.unknown(UnknownReason.DEADLINE, taken_at=NOW - 12345)
    limitation = Limitation(Reason.UNKNOWN_BLOCKS_SHRINKING, 1, 2, message)
    for number in range(30):
        tick = make_tick(
            now=NOW + number,
            replicas=2**31 - 100 + number,
            to=2**31 - 99 + number,
            baseline=2**31 - 1,
            policy=2**31 - 1,
            source=Source.POLICY,
            reason=Reason.POLICY_ACTS,
            limitations=(limitation,),
            message=message,
            signals=dict.fromkeys(SignalName, unknown),
            conditions=(hpa.state(_ACTIVE, False, Reason.FAILED_GET_CONTAINER_RESOURCE_METRIC, message),),
            sections=sections,
        )
        status = statuses.build(status, tick)
    return status


@pytest.mark.parametrize(
    ("message", "entries"),
    [
        pytest.param("x" * 10000, 0, id="long messages"),
        pytest.param("€" * 10000, 0, id="of characters of three bytes"),
        pytest.param('"\\' * 5000, 0, id="of characters that JSON doubles"),
        pytest.param("\x00\ud800" * 5000, 0, id="of what JSON writes as six bytes, or not at all"),
        pytest.param("x" * 10000, 20, id="and logs"),
        pytest.param('"\\' * 5000, 96, id="and the longest logs"),
    ],
)
def test_never_more_than_16_kib(make_tick: MakeTick, message: str, entries: int) -> None:
    """However large its parts, a status stays within its limit, valid, and keeps what steers."""
    status = filled(make_tick, message, huge_sections(entries))
    assert sizes.size(status) <= 16 * 1024
    Status.model_validate(status)
    assert status["rollout"]["ratio"] == 0.123456789
    assert len(status["conditions"]) == len(ConditionType)
    logs = status["baseline"]
    assert bool(logs["recommendations"]) is bool(entries)
    assert status["currentReplicas"] == 2**31 - 99 + 29


def test_a_usual_status_loses_nothing(make_tick: MakeTick) -> None:
    """With usual messages, twenty changes, all signals and half an hour of logs fit."""
    status: dict[str, Any] = {}
    log = [{"time": NOW + 15 * number, "replicas": 10} for number in range(20)]
    sections = Sections(
        baseline=BaselineLogs.model_validate({"recommendations": log, "scaleUps": log, "scaleDowns": log}),
        rollout=RolloutStatus(stage=Stage.FULL, ratio=0.95),
    )
    for number in range(25):
        message = "cpu utilization 83 % of the request is above the target of 70 %: 12 pods would meet it"
        signals = dict.fromkeys(SignalName, Signal.known(123.456, taken_at=NOW))
        tick = make_tick(
            now=NOW + number,
            replicas=number,
            to=number + 1,
            message=message,
            signals=signals,
            sections=sections,
        )
        status = statuses.build(status, tick)
    assert sizes.size(status) < 14 * 1024
    assert len(status["history"]) == 20
    assert len(status["currentMetrics"]) == len(SignalName)


def test_old_history_is_shed_before_anything_else(make_tick: MakeTick) -> None:
    """What people read goes first, its oldest part before the newest."""
    log = [{"time": NOW + number, "replicas": 4} for number in range(90)]
    sections = Sections(baseline=BaselineLogs.model_validate({"recommendations": log}))
    status = filled(make_tick, "x" * 10000, sections)
    newest = [change["toReplicas"] for change in status["history"]]
    assert 5 < len(newest) < 20
    assert newest == [2**31 - 69 - back for back in reversed(range(1, len(newest) + 1))]
    assert len(status["baseline"]["recommendations"]) == 90
    assert len(status["currentMetrics"]) == len(SignalName)


def test_the_arithmetic_is_shed_before_signals_and_what_steers(make_tick: MakeTick) -> None:
    """It is for people and soon worked out anew; the decision it belongs to stays."""
    log = [{"time": NOW + number, "replicas": 4} for number in range(96)]
    metric = {"name": "m" * 253, "type": "External", "proposal": 4, "message": "x" * 512}
    explanation = {"course": "Measured", "reason": "DesiredWithinRange", "metrics": [metric] * 16}
    sections = Sections(
        baseline=BaselineLogs.model_validate({"recommendations": log}),
        explanation=Explanation.model_validate(explanation),
    )
    status = statuses.build({}, make_tick(to=6, sections=sections))
    assert sizes.size(status) <= sizes.LIMIT
    assert list(status["horizontal"]) == ["target"]
    assert len(status["baseline"]["recommendations"]) == 96
    assert len(status["currentMetrics"]) == 2


def test_a_failure_leaves_the_last_decision_with_its_arithmetic(make_tick: MakeTick) -> None:
    """Both are of the same moment still, which both tell."""
    sections = Sections(explanation=Explanation(course="NoMetrics", reason="FailedGetPodsMetric"))
    before = statuses.build({}, make_tick(sections=sections))
    failure = Failure(Reason.FAILED_GET_SCALE, "There is no deployments/checkout.")
    after = statuses.build(before, make_tick(now=NOW + 15, failure=failure))
    assert after["horizontal"] == before["horizontal"]
    assert after["horizontal"]["explanation"]["course"] == "NoMetrics"


def test_a_decision_without_arithmetic_takes_the_old_one_away(make_tick: MakeTick) -> None:
    """No arithmetic outlives its decision."""
    sections = Sections(explanation=Explanation(course="NoMetrics", reason="FailedGetPodsMetric"))
    before = statuses.build({}, make_tick(sections=sections))
    after = statuses.build(before, make_tick(now=NOW + 15))
    assert list(after["horizontal"]) == ["target"]


def test_fields_of_another_version_are_shed_first(make_tick: MakeTick) -> None:
    """What this version does not know, within what it knows, does not push out what it does."""
    before = statuses.build({}, make_tick(to=6))
    old = {**before, "rollout": {"stage": "Full", "ratio": 0.5, "notes": "x" * 20000}}
    status = statuses.build(old, make_tick(now=NOW + 15, replicas=6))
    assert sizes.size(status) <= sizes.LIMIT
    assert status["rollout"] == {"stage": "Full", "ratio": 0.5, "percent": 50}
    assert status["history"] == before["history"]


def test_the_last_resort_keeps_sizes_rollout_and_conditions(make_tick: MakeTick) -> None:
    """Where nothing else helps, what steers and what `kubectl get` shows is left."""
    old = statuses.build({}, make_tick(to=6))
    old["horizontal"]["target"]["message"] = "€" * 512
    old["conditions"] = [{**one, "message": "€" * 999, "reason": "€" * 999} for one in old["conditions"]]
    sections = Sections(selector="€" * 4096, rollout=RolloutStatus(stage=Stage.FULL, ratio=0.5))
    failure = Failure(Reason.FAILED_GET_SCALE, "€" * 999)
    status = statuses.build(old, make_tick(now=NOW + 15, failure=failure, sections=sections))
    assert sizes.size(status) <= sizes.LIMIT
    assert (status["currentReplicas"], status["rollout"]["ratio"]) == (6, 0.5)
    assert len(status["conditions"]) == len(ConditionType)
    assert "selector" not in status


def test_logs_are_joined_to_the_safe_side() -> None:
    """Joined entries count for longer and never for less: the largest size, the sum of changes, later time."""
    log = [{"time": f"t{number}", "replicas": number} for number in (1, 5, 2, 3, 4)]
    filler = {"history": [], "conditions": [{"type": "Audited", "reason": "", "message": "x" * 17000}]}
    status = {"baseline": {"recommendations": log, "scaleUps": log, "scaleDowns": []}, **filler}
    joined = sizes._with_joined_logs(status)["baseline"]
    assert joined["recommendations"] == [
        {"time": "t1", "replicas": 1},
        {"time": "t2", "replicas": 5},
        {"time": "t4", "replicas": 4},
    ]
    assert [entry["replicas"] for entry in joined["scaleUps"]] == [1, 7, 7]
    assert joined["scaleDowns"] == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    message=st.text(max_size=400),
    entries=st.integers(0, 96),
    foreign=st.lists(st.text(min_size=1, max_size=300), max_size=8, unique=True),
)
def test_any_content_fits(make_tick: MakeTick, message: str, entries: int, foreign: list[str]) -> None:
    """Whatever text is in it, also in conditions that others left, the status is valid and within its limit."""
    old = {
        "conditions": [
            {
                "type": kind,
                "status": "True",
                "reason": message * 2 or "R",
                "message": message * 50,
                "lastTransitionTime": "2023-11-14T22:13:20Z",
            }
            for kind in [*foreign, "Degraded"]
        ]
    }
    failure = Failure(Reason.FAILED_GET_SCALE, message)
    for tick in (
        make_tick(to=6, message=message, sections=huge_sections(entries)),
        make_tick(failure=failure, sections=huge_sections(entries)),
    ):
        status = statuses.build(old, tick)
        assert (
            len(json.dumps(status, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
            <= 16384
        )
        Status.model_validate(status)

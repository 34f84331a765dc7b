"""Which events a tick is worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rlagents.deciding.cases import Mode, Overrides
from rlagents.policies.hpa import conditions as hpa
from rlagents.structs.decisions import Limitation
from rlagents.structs.reasons import Reason, Source
from rlautoscaler.acting import announcements, statuses
from rlautoscaler.acting.events import EventType, Notice
from rlautoscaler.acting.ticks import Failure, Sections, Tick
from rlautoscaler.resources.statuses import RolloutStatus, Stage

NOW = 1_700_000_000.0
MakeTick = Callable[..., Tick]

_ACTIVE = hpa.ConditionType.SCALING_ACTIVE
_NO_METRICS = {"conditions": (hpa.state(_ACTIVE, False, Reason.FAILED_GET_RESOURCE_METRIC, "no samples"),)}
_OFF = {"conditions": (hpa.state(_ACTIVE, False, Reason.SCALING_DISABLED, "size 0"),)}
_HANDED_BACK = {"mode": Mode.AUTO, "policy_reason": Reason.PODS_UNHEALTHY}
_ACTS = {"mode": Mode.AUTO, "policy_reason": None, "source": Source.POLICY}
_RATE = Limitation(Reason.SCALE_UP_RATE, 9, 8, "at most +4 pods")
_QUOTA = Limitation(Reason.QUOTA, 8, 6, "the ResourceQuota admits 2 more pods")
_PAUSE = Limitation(Reason.PAUSED_SCALE_OUT, 8, 4, "paused")
_MISSING = {"failure": Failure(Reason.FAILED_GET_SCALE, "There is no deployments/checkout.")}
_REFUSED = {"policy": None, "policy_reason": Reason.OUT_OF_DISTRIBUTION}


def told(make_tick: MakeTick, *ticks: dict[str, Any]) -> list[list[Notice]]:
    status: dict[str, Any] = {}
    notices = []
    for number, fields in enumerate(ticks):
        tick = make_tick(**{"now": NOW + 15 * number, **fields})
        before, status = status, statuses.build(status, tick)
        notices.append(announcements.notices(before, status, tick))
    return notices


def ratio(share: float) -> dict[str, Any]:
    return {"sections": Sections(rollout=RolloutStatus(stage=Stage.CANARY, ratio=share))}


def _limited(*limitations: Limitation) -> dict[str, Any]:
    return {**_ACTS, "limitations": limitations}


@pytest.mark.parametrize(
    ("ticks", "reasons"),
    [
        pytest.param([{}, {}, {}], "| |", id="calm ticks are no event, the first included"),
        pytest.param([{}, {"to": 6}, {"replicas": 6}], "|SuccessfulRescale|", id="a rescale, once"),
        pytest.param(
            [{}, {"to": 6, "outcome": Reason.FAILED_UPDATE_SCALE}],
            "|FailedRescale",
            id="a rescale that failed",
        ),
        pytest.param(
            [{}, {"to": 6, "outcome": Reason.SCALED_EXTERNALLY}, {"replicas": 9}],
            "||ScaledExternally",
            id="a lost race is told with the size that was found",
        ),
        pytest.param(
            [{}, _MISSING, _MISSING, {}, _MISSING], "|FailedGetScale|||FailedGetScale", id="no target"
        ),
        pytest.param([_MISSING], "FailedGetScale", id="no target from the beginning"),
        pytest.param([{}, _NO_METRICS, _NO_METRICS, {}], "|MetricsStale||", id="metrics gone, once"),
        pytest.param([{}, _OFF], "|", id="switched off is no trouble with metrics"),
        pytest.param([{}, _REFUSED, _REFUSED], "|PolicyNotReady|", id="the policy cannot be asked"),
        pytest.param([_HANDED_BACK], "FallbackActivated", id="a fallback from the beginning"),
        pytest.param(
            [_ACTS, _HANDED_BACK, _HANDED_BACK, _ACTS],
            "|FallbackActivated||FallbackDeactivated",
            id="a fallback that begins and ends",
        ),
        pytest.param([_ACTS], "", id="a fallback that never was has not ended"),
        pytest.param(
            [{}, {"overrides": Overrides(paused=True)}, {"overrides": Overrides(paused=True)}, {}],
            "|Paused||Unpaused",
            id="a pause",
        ),
        pytest.param([{}, {"replicas": 7}, {"replicas": 7}], "|ScaledExternally|", id="somebody else scaled"),
        pytest.param(
            [{"writes": False}, {"replicas": 7, "writes": False}], "|", id="whose target it is, may scale it"
        ),
        pytest.param(
            [_ACTS, _limited(_RATE), _limited(_RATE), _ACTS],
            "|ActionVetoed||",
            id="a guard changes the policy's size, told once",
        ),
        pytest.param(
            [_limited(_RATE), _limited(_RATE, _QUOTA), _limited(_RATE)],
            "ActionVetoed|ActionVetoed|ActionVetoed",
            id="each guard that has the last word",
        ),
        pytest.param([_limited(_PAUSE)], "", id="a pause is the user's, not a guard"),
        pytest.param([{"limitations": (_RATE,)}], "", id="in Shadow nothing was prevented"),
        pytest.param(
            [ratio(0.1), ratio(0.2), ratio(0.2), ratio(0.0)],
            "|RolloutAdvanced||RolloutRolledBack",
            id="the rollout rises and falls",
        ),
    ],
)
def test_what_is_told_when(make_tick: MakeTick, ticks: list[dict[str, Any]], reasons: str) -> None:
    """An event tells that something began or ended, at the tick at which it did."""
    expected = [part.split() for part in reasons.split("|")]
    assert [[notice.reason.value for notice in notices] for notices in told(make_tick, *ticks)] == expected


def test_a_rescale_names_its_cause(make_tick: MakeTick) -> None:
    """The event of a rescale says whose decision it was, and what decided it."""
    ((notice,),) = told(make_tick, {"to": 6, "message": "cpu above target"})
    assert notice.type is EventType.NORMAL
    assert notice.message == "New size: 6; source: Baseline; reason: cpu above target"


def test_trouble_is_a_warning(make_tick: MakeTick) -> None:
    """What somebody should look at has type Warning."""
    for fields in (_MISSING, _NO_METRICS, _REFUSED, _HANDED_BACK):
        (notices,) = told(make_tick, fields)
        assert [notice.type for notice in notices] == [EventType.WARNING]

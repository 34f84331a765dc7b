"""What an HPA remembers, in storage and over restarts."""

from __future__ import annotations

import json

import pytest

from rlagents.policies import hpa
from rlagents.policies.hpa import logs

NOW = 100_000.0
LOGS = hpa.HpaLogs(
    recommendations=(hpa.Recommendation(4, NOW - 30), hpa.Recommendation(6, NOW - 15.5)),
    scale_ups=(hpa.ScaleEvent(2, NOW - 15), hpa.ScaleEvent(1, NOW - 90, outdated=True)),
)


def test_logs_are_stored_as_columns():
    """Lists of numbers under names, so that a custom resource's schema can describe them."""
    assert LOGS.to_plain() == {
        "recommendations": {"replicas": [4, 6], "at": [99970.0, 99984.5]},
        "scaleUps": {"change": [2, 1], "at": [99985.0, 99910.0], "outdated": [False, True]},
        "scaleDowns": {"change": [], "at": [], "outdated": []},
    }
    assert hpa.HpaLogs.from_plain(json.loads(json.dumps(LOGS.to_plain()))) == LOGS


def test_an_empty_log_is_not_the_same_as_none():
    """Both survive storage as what they are."""
    for one in (hpa.HpaLogs(), hpa.HpaLogs(recommendations=())):
        assert hpa.HpaLogs.from_plain(one.to_plain()) == one
    assert hpa.HpaLogs() != hpa.HpaLogs(recommendations=())


@pytest.mark.parametrize(
    "recommendations",
    [
        None,
        [],
        "x",
        {"replicas": [4]},
        {"replicas": [4], "at": []},
        {"replicas": [4.5], "at": [1]},
        {"replicas": ["4"], "at": [1]},
        {"replicas": [4], "at": ["soon"]},
        {"replicas": [4], "at": [float("nan")]},
        {"replicas": [4], "at": [10**400]},
        {"replicas": 4, "at": 1},
    ],
)
def test_damaged_recommendations_are_none_and_the_rest_is_kept(recommendations):
    """Half a log is worth nothing, for what is missing may be what protects the size."""
    read = hpa.HpaLogs.from_plain(LOGS.to_plain() | {"recommendations": recommendations})
    assert read.recommendations is None
    assert read.scale_ups == LOGS.scale_ups


@pytest.mark.parametrize("plain", [None, [], "x", 5, {}])
def test_no_logs_at_all_are_those_of_an_hpa_never_seen(plain):
    """Whatever is no mapping holds nothing."""
    assert hpa.HpaLogs.from_plain(plain) == hpa.HpaLogs()


def test_a_stored_count_is_kept_within_32_bits():
    """A figure that no size can have does not reach the arithmetic."""
    read = hpa.HpaLogs.from_plain({"scaleUps": {"change": [10**40], "at": [1], "outdated": [False]}})
    assert read.scale_ups == (hpa.ScaleEvent(2**31 - 1, 1.0),)


def test_logs_begin_with_the_present_size_once():
    """None and logs without recommendations begin, an empty log does not."""
    first = (hpa.Recommendation(7, NOW),)
    assert logs.begun(None, 7, NOW) == hpa.HpaLogs(first)
    assert logs.begun(hpa.HpaLogs(scale_ups=LOGS.scale_ups), 7, NOW) == hpa.HpaLogs(first, LOGS.scale_ups)
    assert logs.begun(hpa.HpaLogs(()), 7, NOW) == hpa.HpaLogs(())
    assert logs.begun(LOGS, 7, NOW) == LOGS


def test_resumed_logs_protect_the_present_size():
    """What may be missing since the last save becomes (present size, now); what is known stays."""
    spec = hpa.HpaSpec(20)
    resumed = hpa.resumed(LOGS, spec, hpa.PRODUCTION, 9, NOW)
    assert resumed.recommendations == (*(LOGS.recommendations or ()), hpa.Recommendation(9, NOW))
    assert resumed.scale_ups == LOGS.scale_ups
    assert hpa.resumed(hpa.HpaLogs(), spec, hpa.PRODUCTION, 9, NOW) == hpa.HpaLogs(
        (hpa.Recommendation(9, NOW),)
    )


def test_resuming_corrects_times_ahead_of_the_clock():
    """A clock that was set back does not hold a size for hours."""
    ahead = hpa.HpaLogs((hpa.Recommendation(12, NOW + 5000),))
    resumed = hpa.resumed(ahead, hpa.HpaSpec(20), hpa.PRODUCTION, 9, NOW)
    assert resumed.recommendations == (hpa.Recommendation(12, NOW), hpa.Recommendation(9, NOW))


def test_restarts_in_a_row_reuse_expired_slots():
    """A crash loop of an hour leaves no more entries than its last window saw restarts, and one."""
    spec, memory = hpa.HpaSpec(20), hpa.HpaLogs(())
    for restart in range(360):
        memory = hpa.resumed(memory, spec, hpa.PRODUCTION, 9, NOW + 10 * restart)
    assert len(memory.recommendations or ()) == 31

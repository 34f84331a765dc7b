"""When a tick counts as a miss, as a hit, and as nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlagents.safety import violations
from rlagents.structs.objectives import Objective
from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import Signal, SignalName
from rlagents.structs.states import Observation

NOW = 1_700_000_000.0
SLOW = {SignalName.LATENCY_P99: Signal.known(0.3, taken_at=NOW)}
FEW = {SignalName.THROUGHPUT_SMOOTH: Signal.known(0.3, taken_at=NOW, window=60.0)}
UNREAD = {SignalName.THROUGHPUT_SMOOTH: Signal.unknown(UnknownReason.STALE)}


@pytest.mark.parametrize(
    ("sentence", "signals", "objective", "expected"),
    [
        ("all within the objective", {}, None, False),
        ("p99 above its target", SLOW, None, True),
        ("errors above their share", {SignalName.ERROR_RATE: Signal.known(0.02, taken_at=NOW)}, None, True),
        ("eighteen requests in the window say nothing", SLOW | FEW, None, None),
        ("an unread rate says nothing", SLOW | UNREAD, None, None),
        ("half the CPU is within nine tenths", UNREAD, Objective(cpu_saturation=0.9), False),
        (
            "half the CPU is above two fifths, without any request",
            UNREAD,
            Objective(cpu_saturation=0.4),
            True,
        ),
        (
            "throttling above its share",
            {SignalName.THROTTLED: Signal.known(0.5, taken_at=NOW)},
            Objective(throttled_saturation=0.25),
            True,
        ),
        (
            "a median within its target, whatever the slowest do",
            SLOW,
            Objective(latency_target=0.25, latency_quantile=0.5),
            False,
        ),
        (
            "a median above its target",
            {SignalName.LATENCY_P50: Signal.known(0.3, taken_at=NOW)},
            Objective(latency_target=0.25, latency_quantile=0.5),
            True,
        ),
        (
            "a throughput that the user's own query gives counts over its window",
            SLOW
            | {
                SignalName.THROUGHPUT: Signal.known(1.0, taken_at=None, window=60.0),
                SignalName.THROUGHPUT_SMOOTH: Signal.unknown(UnknownReason.NOT_CONFIGURED),
            },
            None,
            True,
        ),
        (
            "an objective that nothing measures",
            {SignalName.LATENCY_P99: Signal.not_applicable()},
            Objective(latency_target=0.25),
            None,
        ),
    ],
)
def test_missed(make_state, sentence, signals, objective, expected):
    """Misses need enough requests to mean something, and saturation needs none."""
    fields = {} if objective is None else {"objective": objective}
    assert violations.missed(make_state(signals=signals, **fields)) is expected, sentence


def before(*windows, latency=0.1, errors=0.0, seconds=60.0):
    """Ticks every 15 s up to now, whose rate windows held so many requests, newest window last.

    A window is a number of requests, or that number, the 99th percentile and the share of errors in it.
    """
    ticks = []
    for place, window in enumerate(windows):
        requests, slowest, failed = window if isinstance(window, tuple) else (window, latency, errors)
        for quarter in range(4):
            at = NOW - seconds * (len(windows) - place) + seconds / 4 * quarter
            ticks.append(Observation(at, None, slowest, None, slowest, failed, requests, seconds))
    return tuple(ticks)


@pytest.mark.parametrize(
    ("sentence", "now", "history", "expected"),
    [
        ("four windows of ten are enough", (10, 0.1, 0.0), before(10, 10, 10, 10), False),
        ("nobody was there before", (18, 0.1, 0.0), (), None),
        ("nineteen in five minutes are too few", (3, 0.1, 0.0), before(4, 4, 4, 4), None),
        ("twenty in five minutes are enough", (4, 0.1, 0.0), before(4, 4, 4, 4), False),
        ("one slow request of fifty is a slow 99th percentile", (10, 0.1, 0.0), before((10, 0.3, 0.0), 10, 10, 10), True),
        ("what was slow six minutes ago is past", (10, 0.1, 0.0), before((10, 0.3, 0.0), 10, 10, 10, 10), False),
        ("slow now, with few requests, over a calm past", (10, 0.3, 0.0), before(10, 10, 10, 10), True),
        ("one slow request of many hundreds is none", (10, 0.3, 0.0), before(500, 500, 500, 500), False),
        ("most requests came in slow windows", (10, 0.1, 0.0), before((500, 0.3, 0.0)), True),
        ("traffic that ended: its windows still tell", (0, 0.0, 0.0), before(10, 10, 10), False),
        ("enough requests now: the past is not asked", (20, 0.1, 0.0), before((500, 0.3, 0.0)), False),
        ("errors are weighed by their requests: 1 of 110", (10, 0.1, 0.1), before(50, 50), False),
        ("errors are weighed by their requests: 2 of 110", (10, 0.1, 0.2), before(50, 50), True),
        ("a rate that is not known now is no reason to look back", None, before(50, 50), None),
        ("requests without a figure do not count", (10, None, None), before((9, 0.1, 0.0)), None),
        ("requests whose latency is known count", (10, None, None), before((20, 0.3, None)), True),
        ("ticks whose rate was not read leave a gap", (10, 0.1, 0.0), before((None, 0.3, None), 10), False),
    ],
)  # fmt: skip
def test_missed_on_few_requests(make_state, sentence, now, history, expected):
    """Where the rate window holds fewer than twenty requests, the last five minutes are judged together."""
    state = make_state(signals=_measured(now), history=history)
    assert violations.missed(state) is expected, sentence


def _measured(now):
    if now is None:
        return UNREAD
    requests, latency, errors = now
    rate = {SignalName.THROUGHPUT_SMOOTH: Signal.known(requests / 60.0, taken_at=NOW, window=60.0)}
    shares = {SignalName.LATENCY_P99: latency, SignalName.ERROR_RATE: errors}
    return rate | {
        name: Signal.unknown(UnknownReason.STALE) if share is None else Signal.known(share, taken_at=NOW)
        for name, share in shares.items()
    }


def test_no_request_is_counted_twice(make_state):
    """Twenty ticks whose windows overlap saw the same ten requests: five windows are counted, not twenty."""
    state = make_state(signals=_measured((3, 0.1, 0.0)), history=before(3, 3, 3, 3))
    assert violations.missed(state) is None


def test_a_tick_that_comes_late_still_ends_the_window_before(make_state):
    """Clocks are not exact: a window that reaches two seconds into the next counts as the one before it."""
    history = tuple(replace(one, at=one.at + 2.0) for one in before(4, 4, 4, 4)[::4])
    assert violations.missed(make_state(signals=_measured((4, 0.1, 0.0)), history=history)) is False


@given(st.lists(st.lists(st.floats(0.01, 0.6), min_size=1, max_size=19), min_size=5, max_size=5))
def test_few_requests_are_judged_as_their_own_percentile(state_template, latencies):
    """What five sparse windows say by their percentiles is what the percentile of all their requests says."""
    *past, present = [(len(window), max(window), 0.0) for window in latencies]
    state = state_template(signals=_measured(present), history=before(*past))
    everything = sorted(one for window in latencies for one in window)
    slowest = everything[math.ceil(0.99 * len(everything)) - 1]
    expected = slowest > 0.25 if len(everything) >= 20 else None
    assert violations.missed(state) is expected


@pytest.mark.parametrize(
    ("sentence", "reason", "ago", "objective", "expected"),
    [
        ("killed for lack of memory half a minute ago", "OOMKilled", 30.0, Objective(cpu_saturation=0.9), True),
        ("that was in an earlier window", "OOMKilled", 61.0, Objective(cpu_saturation=0.9), False),
        ("another end", "Error", 30.0, Objective(cpu_saturation=0.9), False),
        ("nobody knows when", "OOMKilled", None, Objective(cpu_saturation=0.9), False),
        ("saturation is not asked for", "OOMKilled", 30.0, Objective(latency_target=0.25), False),
    ],
)  # fmt: skip
def test_a_pod_killed_for_lack_of_memory(make_state, make_pods, sentence, reason, ago, objective, expected):
    """It is a miss of the saturation objective, over one rate window."""
    ended = None if ago is None else NOW - ago
    killed = replace(make_pods(1)[0], last_terminated_reason=reason, last_terminated_at=ended)
    state = make_state(pods=(killed, *make_pods(4)[1:]), objective=objective)
    assert violations.missed(state) is expected, sentence

"""The guards on the learned policy: one table row per rule, and properties that hold for any proposal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlagents.safety import guards, masks
from rlagents.structs.decisions import Action
from rlagents.structs.objectives import Bounds, Objective
from rlagents.structs.pods import ConditionStatus
from rlagents.structs.reasons import Reason, Source, UnknownReason
from rlagents.structs.signals import Signal, SignalName
from rlagents.structs.states import SizeChange

NOW = 1_700_000_000.0
STALE = Signal.unknown(UnknownReason.STALE)


@pytest.mark.parametrize(
    ("sentence", "fields", "proposed", "expected", "reason"),
    [
        ("a modest step passes untouched", {}, 5, 5, None),
        ("a step down with room passes untouched", {"cpu": 1.0}, 3, 3, None),
        ("growth beyond doubling is cut to doubling", {"replicas": 6}, 15, 12, Reason.SCALE_UP_RATE),
        ("a small service may add four pods at once", {"replicas": 2, "cpu": 1.0}, 9, 6, Reason.SCALE_UP_RATE),
        ("nothing exceeds maxReplicas", {"bounds": Bounds(1, 6)}, 8, 6, Reason.TOO_MANY_REPLICAS),
        ("nothing falls below minReplicas", {"bounds": Bounds(3, 20), "cpu": 0.1}, 2, 3, Reason.TOO_FEW_REPLICAS),
        ("shrinking keeps CPU under nine tenths of the limit", {"cpu": 3.0}, 2, 4, Reason.CAPACITY_MARGIN),
        ("an exact fit is a fit", {"cpu": 2.7}, 3, 3, None),
        ("a stale CPU figure forbids shrinking", {"cpu": None, "signals": {SignalName.CPU: STALE}}, 3, 4, Reason.UNKNOWN_BLOCKS_SHRINKING),
        ("a stale CPU figure does not forbid growth", {"cpu": None, "signals": {SignalName.CPU: STALE}}, 5, 5, None),
        ("an unread latency forbids shrinking", {"cpu": 1.0, "signals": {SignalName.LATENCY_P99: STALE}}, 3, 4, Reason.UNKNOWN_BLOCKS_SHRINKING),
        ("latency that does not apply is no objection", {"cpu": 0.1, "signals": {SignalName.LATENCY_P99: Signal.not_applicable()}}, 3, 3, None),
        ("a latency nobody configured is no objection", {"cpu": 1.0, "signals": {SignalName.LATENCY_P99: Signal.unknown(UnknownReason.NOT_CONFIGURED)}}, 3, 3, None),
        ("a value of unknown age may not argue for shrinking", {"cpu": 1.0, "signals": {SignalName.ERROR_RATE: Signal.known(0.0, taken_at=None)}}, 3, 4, Reason.UNKNOWN_BLOCKS_SHRINKING),
        ("a missed latency target forbids shrinking", {"cpu": 1.0, "signals": {SignalName.LATENCY_P99: Signal.known(0.4, taken_at=NOW)}}, 3, 4, Reason.SATURATED_BLOCKS_SHRINKING),
        ("too many errors forbid shrinking", {"cpu": 1.0, "signals": {SignalName.ERROR_RATE: Signal.known(0.05, taken_at=NOW)}}, 3, 4, Reason.SATURATED_BLOCKS_SHRINKING),
        ("throttling beyond the objective forbids shrinking", {"cpu": 1.0, "objective": Objective(throttled_saturation=0.25), "signals": {SignalName.THROTTLED: Signal.known(0.5, taken_at=NOW)}}, 3, 4, Reason.SATURATED_BLOCKS_SHRINKING),
        ("the ResourceQuota's room caps growth", {"quota_room": 1}, 6, 5, Reason.QUOTA),
        ("an exhausted ResourceQuota does not shrink anything", {"quota_room": -2}, 5, 4, Reason.QUOTA),
    ],
)  # fmt: skip
def test_one_guard_at_a_time(make_state, sentence, fields, proposed, expected, reason):
    """Each guard changes what it must, and names itself."""
    guarded = guards.guard(make_state(**fields), proposed, baseline=None)
    assert guarded.replicas == expected, sentence
    assert [one.reason for one in guarded.limitations][:1] == ([reason] if reason else []), sentence


def test_overload_takes_at_least_the_baselines_growth(make_state):
    """A service at its limit grows as far as the HPA would, whatever the policy thinks, beyond the policy's own rate."""
    guarded = guards.guard(make_state(cpu=3.9), 4, baseline=7)
    assert guarded.replicas == 7
    assert [one.reason for one in guarded.limitations] == [Reason.BASELINE_GROWTH]


def test_the_baseline_does_not_push_a_service_with_room(make_state):
    """Without overload the HPA's growth is none of the policy's business."""
    assert guards.guard(make_state(cpu=1.0), 4, baseline=7).replicas == 4


def test_no_ready_pod_means_overload(make_state, make_pods):
    """With load and nobody to serve it, nothing shrinks."""
    state = make_state(pods=make_pods(4, ready=False))
    assert all(pod.readiness is ConditionStatus.FALSE for pod in state.pods)
    guarded = guards.guard(state, 2, baseline=None)
    assert guarded.replicas == 4
    assert "no pod is ready" in str(guarded.limitations[0])


def test_shrinking_is_counted_over_a_minute(make_state):
    """Half a minute ago there were ten pods: at 50 % a minute five may go in all, three have gone, two are left."""
    settings = guards.GuardSettings(scale_down_percent_per_minute=50)
    change = SizeChange(at=NOW - 30, before=10, after=7, source=Source.POLICY)
    state = make_state(replicas=7, cpu=0.5, changes=(change,))
    assert guards.guard(state, 1, baseline=None, settings=settings).replicas == 5
    forgotten = replace(state, changes=(replace(change, at=NOW - 60),))
    assert guards.guard(forgotten, 1, baseline=None, settings=settings).replicas == 4


def test_one_pod_may_always_go(make_state):
    """A small share of a small service still lets one pod go, or it could never shrink."""
    settings = guards.GuardSettings(scale_down_percent_per_minute=1)
    assert guards.guard(make_state(cpu=0.2), 1, baseline=None, settings=settings).replicas == 3


@given(
    replicas=st.integers(1, 40),
    proposed=st.integers(-10, 200),
    cpu=st.floats(0, 50),
    baseline=st.none() | st.integers(1, 40),
    low=st.integers(1, 10),
    span=st.integers(0, 40),
)
def test_whatever_is_proposed_ends_within_bounds_and_guards_agree_with_themselves(
    replicas, proposed, cpu, baseline, low, span, state_template
):
    """The result is within the user's bounds, and passing it through the guards again changes nothing."""
    state = state_template(replicas=replicas, cpu=cpu, bounds=Bounds(low, low + span))
    guarded = guards.guard(state, proposed, baseline=baseline)
    assert low <= guarded.replicas <= low + span
    again = guards.guard(state, guarded.replicas, baseline=baseline)
    assert again.replicas == guarded.replicas


@given(replicas=st.integers(1, 40), cpu=st.floats(0, 50), delta=st.sampled_from([1, 2, -1, -2]))
def test_the_mask_bars_exactly_what_the_guards_would_change(replicas, cpu, delta, state_template):
    """An action is allowed if and only if the guards leave its size alone."""
    state = state_template(replicas=replicas, cpu=cpu)
    mask = masks.mask(state, [Action("no-op"), Action("step", replicas=delta)])
    changed = guards.guard(state, replicas + delta, baseline=None).replicas != replicas + delta
    assert mask.allowed.tolist() == [True, not changed]


def test_limit_actions_are_only_recommended(make_state):
    """Actions on limits never act, in any state."""
    mask = masks.mask(make_state(), [Action("more CPU", cpu=0.5), Action("less memory", memory=-1.0)])
    assert mask.reasons == (Reason.RECOMMEND_ONLY, Reason.RECOMMEND_ONLY)

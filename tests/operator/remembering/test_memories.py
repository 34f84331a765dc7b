"""What is remembered between ticks, and what a restart finds again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rlagents.policies import hpa
from rlagents.structs.decisions import Decision, Outcome, Proposal
from rlagents.structs.objectives import Bounds, Objective
from rlagents.structs.reasons import Reason, Source
from rlagents.structs.signals import MetricsSnapshot, Signal, SignalName
from rlagents.structs.states import WorkloadKey, WorkloadState
from rlautoscaler.remembering import memories
from rlautoscaler.resources.statuses import Status

NOW = 1_700_000_000.0
KEY = WorkloadKey("shop", "web")
SPEC = hpa.parse([], None, 1, 10)
EMPTY = memories.Memory("uid", hpa.HpaLogs(recommendations=()))
UNSEEN = hpa.HpaResult(None, None, (), None)
"""A pass that could not even read the size, and so remembers nothing."""


def state(at: float = NOW) -> WorkloadState:
    signals = {
        SignalName.CPU: Signal.known(1.5, taken_at=at),
        SignalName.THROUGHPUT: Signal.known(30.0, taken_at=at),
    }
    return WorkloadState(KEY, at, 15.0, Bounds(1, 10), Objective(), 2, 2, MetricsSnapshot(signals))


def decision(at: float = NOW, *, to: int = 4, source: Source = Source.POLICY) -> Decision:
    policy = Proposal(Source.POLICY, to, Reason.POLICY_ACTS, "")
    return Decision(KEY, at, 2, to, source, Reason.POLICY_ACTS, "", None, policy)


def outcome(
    at: float = NOW, *, accepted: int | None = 4, reason: Reason = Reason.SUCCEEDED_RESCALE
) -> Outcome:
    return Outcome(KEY, at, 4, accepted, reason, "")


def test_a_change_of_size_is_remembered_for_an_hour():
    """The guards' rates look back a minute, the hour is for people."""
    memory = memories.remembered(EMPTY, state(), decision(), outcome(), UNSEEN)
    assert [(one.before, one.after, one.source) for one in memory.changes] == [(2, 4, Source.POLICY)]
    later = NOW + 3601
    after = memories.remembered(
        memory,
        state(later),
        decision(later, to=2),
        outcome(later, accepted=None, reason=Reason.SUCCEEDED_GET_SCALE),
        UNSEEN,
    )
    assert after.changes == ()


@pytest.mark.parametrize(
    "reason", [Reason.FAILED_UPDATE_SCALE, Reason.SUCCEEDED_GET_SCALE, Reason.SCALED_EXTERNALLY]
)
def test_what_did_not_happen_is_not_remembered(reason):
    """Only a write that the API server took is a change."""
    assert (
        memories.remembered(EMPTY, state(), decision(), outcome(accepted=None, reason=reason), UNSEEN).changes
        == ()
    )


@pytest.mark.parametrize(("interval", "kept"), [(1, 301), (15, 21), (60, 8)])
def test_observations_are_bounded(interval, kept):
    """A process that runs for weeks keeps five minutes, or eight ticks where they take longer, newest last."""
    memory = EMPTY
    for tick in range(320):
        memory = memories.remembered(memory, state(NOW + interval * tick), decision(), outcome(), UNSEEN)
    assert len(memory.observations) == kept
    assert memory.observations[-1].at == NOW + interval * 319
    assert (memory.observations[-1].cpu, memory.observations[-1].throughput) == (1.5, 30.0)


def test_a_failed_tick_changes_no_memory():
    """Memories are values: the old one stands until a new one is put in its place."""
    before = replace(EMPTY)
    memories.remembered(EMPTY, state(), decision(), outcome(), replace(UNSEEN, logs=hpa.HpaLogs()))
    assert before == EMPTY


def test_an_unknown_autoscaler_protects_its_present_size():
    """Without a stored log there is (current size, now)."""
    memory = memories.restored("uid", Status(), SPEC, hpa.PRODUCTION, current=5, now=NOW)
    assert memory.logs.recommendations == (hpa.Recommendation(5, NOW),)


@pytest.mark.parametrize("mark", [True, False])
def test_a_size_of_zero_keeps_its_cause_over_a_restart(mark):
    """One that the baseline set, it may end; one set by hand means off, before and after."""
    status = Status.model_validate({"baseline": {"scaledToZero": mark}})
    memory = memories.restored("uid", status, SPEC, hpa.PRODUCTION, current=0, now=NOW)
    assert hpa.is_scaled_to_zero(memory.conditions) is mark
    after = memories.remembered(
        memory, state(), decision(), outcome(), replace(UNSEEN, conditions=memory.conditions)
    )
    assert hpa.is_scaled_to_zero(after.conditions) is mark


def test_stored_changes_come_back_without_those_that_are_too_old_or_ahead():
    """What the status tells of the last hour counts for rates; a time in the future does not."""
    change = {"fromReplicas": 2, "toReplicas": 3, "source": "Policy", "reason": "PolicyActs"}
    history = [
        {**change, "time": "2023-11-14T20:00:00Z"},
        {**change, "time": "2023-11-14T22:13:00Z", "toReplicas": 4},
        {**change, "time": "2024-01-01T00:00:00Z"},
    ]
    status = Status.model_validate({"history": history})
    memory = memories.restored("uid", status, SPEC, hpa.PRODUCTION, current=4, now=NOW)
    assert [one.after for one in memory.changes] == [4]


@pytest.mark.parametrize(
    ("sentence", "source", "reason", "events"),
    [
        ("the baseline's own write is an event", Source.BASELINE, Reason.SUCCEEDED_RESCALE, 1),
        ("the policy's write is none: the HPA did not do it", Source.POLICY, Reason.SUCCEEDED_RESCALE, 0),
        ("a refused write is none", Source.BASELINE, Reason.FAILED_UPDATE_SCALE, 0),
        ("nothing to write is none", Source.BASELINE, Reason.SUCCEEDED_GET_SCALE, 0),
    ],
)
def test_the_baselines_log_has_what_the_baseline_did(sentence, source, reason, events):
    """Events count against the HPA's rates, so they are its own, and real."""
    spec = hpa.parse([], {"scaleUp": {}}, 1, 10)
    result = hpa.HpaResult(2, 4, (), hpa.HpaLogs(recommendations=()))
    after = memories.baseline_logs(
        result, spec, hpa.PRODUCTION, decision(source=source), outcome(reason=reason)
    )
    assert after.logs is not None
    assert len(after.logs.scale_ups) == events, sentence

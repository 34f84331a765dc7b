"""Logs over arrays are the scalar logs, slot by slot, whatever they hold and however wide the batch is."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rlagents.policies import hpa
from rlagents.policies.hpa import arrays
from rlagents.policies.hpa import logs as scalar
from rlagents.policies.hpa.arrays import logs, packing

NOW = 100_000.0
ages = st.sampled_from([0.0, 14.0, 15.0, 16.0, 60.0, 300.0, 301.0])
moments = ages.map(lambda age: NOW - age)
recommendations = st.lists(st.builds(hpa.Recommendation, st.integers(0, 9), moments), max_size=6).map(tuple)
events = st.lists(st.builds(hpa.ScaleEvent, st.integers(0, 9), moments, st.booleans()), max_size=6).map(tuple)
memories = st.builds(hpa.HpaLogs, st.none() | recommendations, events, events)
batches = st.lists(st.tuples(memories, st.booleans()), min_size=1, max_size=4)
spans = st.sampled_from([0.0, 15.0, 60.0, 300.0])

EVENTS = hpa.Behavior(
    hpa.ScalingRules(policies=(hpa.Policy(hpa.PolicyKind.PODS, 4, 60.0),)),
    hpa.ScalingRules(policies=(hpa.Policy(hpa.PolicyKind.PODS, 4, 15.0),)),
)
SPEC = hpa.HpaSpec(100, 1, behavior=EVENTS)


def packed(batch):
    """The logs of a batch, and which of its services are meant."""
    return packing.past([one for one, _ in batch], [False] * len(batch)), np.array(
        [mask for _, mask in batch]
    )


def unpacked(found, batch):
    """The logs of all services in the scalar form."""
    return [packing.logs(found, place) for place in range(len(batch))]


@given(batches)
def test_logs_come_back_as_they_were(batch):
    """Packed and unpacked, logs are the same, unseen and empty ones included."""
    found, _ = packed(batch)
    assert unpacked(found, batch) == [one for one, _ in batch]


def test_marks_come_along():
    """`ScaledToZero` is kept beside the logs."""
    assert packing.past([None, hpa.HpaLogs(())], [True, False]).scaled_to_zero.tolist() == [True, False]


@given(batches, st.lists(spans, min_size=1, max_size=8), spans)
def test_proposals_take_the_scalar_slots(batch, steps, kept):
    """Only the services of the mask note anything; each takes its own last expired slot, or a new one."""
    found, mask = packed(batch)
    noted, expected, now = found.recommendations, [one for one, _ in batch], NOW
    for size, step in enumerate(steps):
        now += step
        moment, window = np.full(len(batch), now), np.full(len(batch), kept)
        noted = noted.noted(np.full(len(batch), size), moment, window, mask)
        expected = [scalar.recommended(one, size, now, kept) if meant else one for one, meant in zip(expected, mask, strict=True)]  # fmt: skip
    for place, one in enumerate(expected):
        entries = zip(noted.replicas[place], noted.at[place], strict=True)
        got = [hpa.Recommendation(*entry) for entry in entries][: noted.length[place]]
        assert got == list(one.recommendations or ())


@given(batches, st.lists(st.tuples(spans, st.integers(-3, 3)), min_size=1, max_size=8))
def test_events_take_the_scalar_slots(batch, steps):
    """Old marks stay, new ones come with age, and only in the direction and the services that changed."""
    found, mask = packed(batch)
    ups, downs, expected, now = found.scale_ups, found.scale_downs, [one for one, _ in batch], NOW
    for step, change in steps:
        now += step
        moment, size = np.full(len(batch), now), np.full(len(batch), abs(change))
        ups = ups.noted(size, moment, np.full(len(batch), 60.0), mask & (change > 0))
        downs = downs.noted(size, moment, np.full(len(batch), 15.0), mask & (change < 0))
        expected = [scalar.rescaled(one, SPEC, 5, 5 + change, now) if meant else one for one, meant in zip(expected, mask, strict=True)]  # fmt: skip
    nothing = found.recommendations
    after = arrays.LogArrays(found.seen, nothing, ups, downs, found.scaled_to_zero)
    assert unpacked(after, batch) == expected


@given(batches, spans)
def test_sums_go_by_age_alone(batch, period):
    """An event as old as the period counts no more, a marked one that is younger does."""
    found, _ = packed(batch)
    now = np.full(len(batch), NOW)
    total = found.scale_ups.total(np.full(len(batch), period), now)
    assert total.tolist() == [sum(event.change for event in one.scale_ups if NOW - event.at < period) for one, _ in batch]  # fmt: skip


@given(batches)
def test_first_sight_is_noted_where_there_is_no_log(batch):
    """The present size becomes the first entry; an empty log stays empty."""
    found, _ = packed(batch)
    sizes = np.arange(len(batch))
    begun = logs.begun(found, sizes, np.full(len(batch), NOW))
    assert unpacked(begun, batch) == [scalar.begun(one, place, NOW) for place, (one, _) in enumerate(batch)]
    assert begun.seen.all()


@settings(max_examples=50)
@given(batches)
def test_forgotten_services_are_as_if_never_seen(batch):
    """And their slots, with whatever stood there, are used from the first on; the others keep all."""
    found, mask = packed(batch)
    fresh = arrays.forgotten(found, mask)
    expected = [hpa.HpaLogs() if meant else one for one, meant in zip((one for one, _ in batch), mask, strict=True)]  # fmt: skip
    assert unpacked(fresh, batch) == expected
    later = np.full(len(batch), NOW + 1000.0)
    ups = fresh.scale_ups.noted(np.full(len(batch), 3), later, np.full(len(batch), 60.0), mask)
    assert all(ups.length[mask] == 1)
    assert not ups.outdated[mask, :1].any()


def test_a_forgotten_service_loses_its_mark():
    """A size of 0 is nobody's doing any more; the others keep what they had."""
    marked = packing.past([None] * 3, [True, True, False])
    forgotten = arrays.forgotten(marked, np.array([True, False, False]))
    assert forgotten.scaled_to_zero.tolist() == [False, True, False]


def test_logs_are_no_wider_than_their_windows():
    """At a steady pace a log has a slot for each entry that counts and one more, in however many passes."""
    noted, ups = arrays.unseen(2).recommendations, arrays.unseen(2).scale_ups
    size, window = np.array([1, 2]), np.full(2, 60.0)
    for step in range(100):
        now, mask = np.full(2, NOW + 15.0 * step), np.array([True, step % 2 == 0])
        noted, ups = noted.noted(size, now, window, mask), ups.noted(size, now, window, mask)
    assert (noted.at.shape[1], ups.at.shape[1]) == (5, 5)
    assert (noted.length.tolist(), ups.length.tolist()) == ([5, 3], [5, 3])


def test_unseen_is_what_packing_makes_of_none():
    """The simulator's start and the packed form of HPAs never seen are the same."""
    assert [packing.logs(arrays.unseen(2), place) for place in range(2)] == [hpa.HpaLogs()] * 2

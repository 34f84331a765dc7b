"""Passes in a row, and what follows from writing a size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rlagents.policies import hpa
from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase, PodSample
from rlagents.structs.reasons import Reason

NOW = 100_000.0
SPEC = hpa.parse([{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}], None, 1, 20)  # fmt: skip
QUEUE = hpa.parse([{"type": "External", "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": 1}}}], None, 0, 20, scale_to_zero=True)  # fmt: skip
TO_ZERO = replace(hpa.PRODUCTION, scale_to_zero=True)


def fleet(count, usage):
    """Ready pods of one core, each using some."""
    cores = {"cpu": 1000, "memory": 2 * 1024**2 * 1000}
    pods = [Pod(f"p{place}", PodPhase.RUNNING, 0.0, 0.0, ConditionStatus.TRUE, 100.0, containers=(Container("app", cores),)) for place in range(count)]  # fmt: skip
    return pods, [
        PodSample(pod.name, {"app": {"cpu": usage, "memory": 1024**2 * 1000}}, NOW, 30.0) for pod in pods
    ]


def a_pass(spec, size, usage, logs, at, **others):
    """One pass over a healthy fleet of the size."""
    settings = others.pop("parameters", hpa.PRODUCTION)
    pods, samples = fleet(size, usage)
    scale = hpa.ScaleObservation(size, size)
    return hpa.reconcile(spec, settings, scale, pods, samples, logs, at, **others)


def played(spec, size, usage, until, *, parameters=hpa.PRODUCTION):
    """Passes every 15 s with the load `usage(elapsed)` in milli-cores, each size written: sizes by time."""
    logs, sizes = None, {}
    for elapsed in range(0, until + 1, 15):
        share = usage(elapsed) // max(1, size)
        result = a_pass(spec, size, share, logs, NOW + elapsed, parameters=parameters)
        if result.may_write:
            result = hpa.written(result, spec, parameters, NOW + elapsed)
        size, logs = result.desired, result.logs
        sizes[elapsed] = size
    return sizes


def test_without_behaviour_a_jump_doubles_every_pass_up_to_the_maximum():
    """3, 6, 12 and then the maximum: 20 cores of load want 40 pods."""
    sizes = played(SPEC, 3, lambda _: 20_000, 60)
    assert list(sizes.values()) == [6, 12, 20, 20, 20]


def test_with_default_behaviour_a_jump_doubles_once_per_period():
    """The event of the pass before is as old as the period and does not count: 3, 7, 14, the maximum."""
    sizes = played(replace(SPEC, behavior=hpa.Behavior()), 3, lambda _: 20_000, 60)
    assert list(sizes.values()) == [7, 14, 20, 20, 20]


def test_faster_passes_do_not_grow_faster_with_behaviour():
    """Within one period of 15 s all passes together may add four pods."""
    spec, size, logs = replace(SPEC, behavior=hpa.Behavior()), 3, hpa.HpaLogs(())
    for elapsed in (0, 5, 10):
        result = a_pass(spec, size, 20_000 // size, logs, NOW + elapsed)
        if result.may_write:
            result = hpa.written(result, spec, hpa.PRODUCTION, NOW + elapsed)
        size, logs = result.desired, result.logs
    assert size == 7


@pytest.mark.parametrize(
    ("sentence", "behavior", "last", "first"),
    [
        ("without behaviour the window's end still counts", None, 300, 315),
        ("with behaviour it does not", hpa.Behavior(), 285, 300),
    ],
)
def test_a_new_hpa_shrinks_one_window_after_first_sight(sentence, behavior, last, first):
    """The present size is protected for one downscale window, whose edge differs with a behaviour."""
    sizes = played(replace(SPEC, behavior=behavior), 8, lambda _: 1_000, 330)
    assert (sizes[last], sizes[first]) == (8, 2), sentence


def test_a_short_dip_does_not_shrink():
    """Load that comes back within the window finds its pods: 4 cores want 8 at 50 %."""
    sizes = played(SPEC, 8, lambda elapsed: 1_000 if 600 <= elapsed < 840 else 4_000, 1_200)
    assert set(sizes.values()) == {8}


def test_a_written_size_stores_an_event_and_says_so():
    """After a write the event is in the log, the condition tells, and the input logs are as they were."""
    spec = replace(SPEC, behavior=hpa.Behavior())
    before = hpa.HpaLogs(())
    result = a_pass(spec, 4, 700, before, NOW)
    assert result.logs is not None
    assert (result.desired, result.may_write, result.logs.scale_ups) == (6, True, ())
    done = hpa.written(result, spec, hpa.PRODUCTION, NOW + 1)
    assert done.logs == hpa.HpaLogs((hpa.Recommendation(6, NOW),), (hpa.ScaleEvent(2, NOW + 1),))
    assert condition(done, "AbleToScale") == ("True", Reason.SUCCEEDED_RESCALE)
    assert before == hpa.HpaLogs(())


def test_forced_corrections_store_an_event():
    """Above the maximum nothing limits the step, and it counts for later rates."""
    spec = replace(SPEC, behavior=hpa.Behavior(), max_replicas=5)
    done = hpa.written(a_pass(spec, 9, 700, hpa.HpaLogs(()), NOW), spec, hpa.PRODUCTION, NOW)
    assert done.logs == hpa.HpaLogs((), (), (hpa.ScaleEvent(4, NOW),))


def test_a_refused_size_leaves_status_and_events():
    """The recommendation is logged, the desired size and the events stay, and the cause is told."""
    spec = replace(SPEC, behavior=hpa.Behavior())
    result = a_pass(spec, 4, 700, hpa.HpaLogs(()), NOW)
    failed = hpa.refused(result, "the server said no")
    assert (failed.desired, failed.may_write, failed.error) == (None, False, "the server said no")
    assert failed.logs == hpa.HpaLogs((hpa.Recommendation(6, NOW),))
    assert condition(failed, "AbleToScale") == ("False", Reason.FAILED_UPDATE_SCALE)


def test_conditions_that_a_pass_does_not_mention_keep_what_they_had():
    """A pass without a proposal says nothing of limits, so the old word stands."""
    first = a_pass(SPEC, 3, 5000, hpa.HpaLogs(()), NOW)
    assert condition(first, "ScalingLimited") == ("True", Reason.SCALE_UP_LIMIT)
    lost = hpa.reconcile(SPEC, hpa.PRODUCTION, hpa.ScaleObservation(3, 3), fleet(3, 1)[0], None, first.logs, NOW, conditions=first.conditions)  # fmt: skip
    assert condition(lost, "ScalingLimited") == ("True", Reason.SCALE_UP_LIMIT)
    assert condition(lost, "ScalingActive") == ("False", Reason.FAILED_GET_RESOURCE_METRIC)
    assert condition(lost, "AbleToScale") == ("True", Reason.SUCCEEDED_GET_SCALE)


def queue_pass(size, length, conditions=(), parameters=TO_ZERO):
    """A pass of an HPA on an external queue, its size written."""
    readings = hpa.Readings(external={QUEUE.metrics[0]: [length * 1000]})
    result = a_pass(QUEUE, size, 0, hpa.HpaLogs(()), NOW, readings=readings, conditions=conditions, parameters=parameters)  # fmt: skip
    return hpa.written(result, QUEUE, parameters, NOW) if result.may_write else result


def test_scaling_to_zero_leaves_a_mark_and_waking_takes_it_back():
    """The mark tells the HPA's own 0 from somebody's switching it off."""
    slept = queue_pass(2, 0)
    assert (slept.desired, condition(slept, "ScaledToZero")) == (0, ("True", Reason.SCALED_TO_ZERO))
    asleep = queue_pass(0, 0, slept.conditions)
    assert (asleep.desired, condition(asleep, "ScaledToZero")) == (0, ("True", Reason.SCALED_TO_ZERO))
    woken = queue_pass(0, 3, asleep.conditions)
    assert (woken.desired, condition(woken, "ScaledToZero")) == (3, ("False", Reason.NOT_SCALED_TO_ZERO))
    assert queue_pass(0, 3, woken.conditions).desired == 0


def test_with_the_gate_off_a_write_removes_the_mark():
    """Without the feature the condition does not exist."""
    slept = queue_pass(2, 0)
    woken = queue_pass(2, 9, slept.conditions, hpa.PRODUCTION)
    assert condition(woken, "ScaledToZero") is None


def test_messages_tell_what_the_hpa_would_tell():
    """Each metric says where it stands, and the change says why."""
    grown = a_pass(SPEC, 4, 700, hpa.HpaLogs(()), NOW)
    above = "cpu resource utilization (percentage of request) above target"
    assert (grown.metrics[0].message, grown.message) == (above, above)
    shrunk = a_pass(SPEC, 4, 100, hpa.HpaLogs(()), NOW)
    assert shrunk.metrics[0].message == "cpu resource utilization (percentage of request) below target"
    assert shrunk.message == "all metrics below target"
    stayed = a_pass(SPEC, 4, 500, hpa.HpaLogs(()), NOW)
    assert stayed.metrics[0].message == "cpu resource utilization (percentage of request) on target"
    assert stayed.message == ""
    high, low = replace(SPEC, max_replicas=3), replace(SPEC, min_replicas=6)
    assert a_pass(high, 4, 500, None, NOW).message == "the present size is above the maximum"
    assert a_pass(low, 4, 500, None, NOW).message == "the present size is below the minimum"


def test_a_failed_metrics_message_names_the_container():
    """The sentence tells where to put the request."""
    pods, samples = fleet(1, 500)
    bare = [replace(pods[0], containers=(Container("app"),))]
    result = hpa.reconcile(SPEC, hpa.PRODUCTION, hpa.ScaleObservation(1, 1), bare, samples, None, NOW)
    assert result.error == (
        "unable to get cpu resource utilization (percentage of request): "
        "missing request for cpu in container app of pod p0"
    )


def test_partial_failure_is_told_beside_the_size():
    """The pass has a size and an error that counts what failed."""
    both = replace(SPEC, metrics=(*SPEC.metrics, *QUEUE.metrics))
    result = a_pass(both, 4, 700, hpa.HpaLogs(()), NOW)
    assert result.may_write
    assert result.error == "1 of 2 metrics failed; the first: unable to get external metric queue: the metrics API gave no figures"  # fmt: skip
    assert result.metrics[1].current == {}


def test_reported_memory_is_binary_and_all_else_decimal():
    """As `kubectl get hpa` shows it."""
    memory = hpa.MetricSpec("Resource", "memory", hpa.MetricTarget(utilization=50))
    rows = hpa.MetricSpec("Pods", "memory", hpa.MetricTarget(average_value=1))
    spec = replace(SPEC, metrics=(*SPEC.metrics, memory, *QUEUE.metrics, rows))
    readings = hpa.Readings(
        {rows: [hpa.PodFigure("p0", 2_048_000, NOW)]}, external={QUEUE.metrics[0]: [1500]}
    )
    result = a_pass(spec, 4, 480, None, NOW, readings=readings)
    assert [one.current for one in result.metrics] == [
        {"averageUtilization": 48, "averageValue": "480m"},
        {"averageUtilization": 50, "averageValue": "1Mi"},
        {"value": "1500m"},
        {"averageValue": "2048"},
    ]


def condition(result, kind):
    """Status and reason of one condition."""
    found = [(one.status, one.reason) for one in result.conditions if one.type == kind]
    assert len(found) <= 1
    return found[0] if found else None

"""A pass told afterwards: which way it took, and that the figures told are those that were used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlagents.policies import hpa
from rlagents.policies.hpa import counts, explanations
from rlagents.policies.hpa.explanations import Course, Explanation
from rlagents.policies.hpa.workings import PodCounts, Rule, Working
from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase, PodSample
from rlagents.structs.reasons import Reason

NOW = 100_000.0
CPU = hpa.MetricSpec(hpa.MetricKind.RESOURCE, "cpu", hpa.MetricTarget(utilization=50))
AVERAGE = hpa.MetricSpec(hpa.MetricKind.RESOURCE, "cpu", hpa.MetricTarget(average_value=500))
QUEUE = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "queue", hpa.MetricTarget(value=1000))
SHARE = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "share", hpa.MetricTarget(average_value=1000))
LOST = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "lost", hpa.MetricTarget(value=1000))
SPEC = hpa.HpaSpec(20, 1, (CPU,))
TO_ZERO = replace(hpa.PRODUCTION, scale_to_zero=True)


def a_pod(name: str, *, phase: PodPhase = PodPhase.RUNNING, deleting: bool = False) -> Pod:
    box = Container("app", {"cpu": 1000})
    return Pod(name, phase, 0.0, 0.0, ConditionStatus.TRUE, 100.0, deleting=deleting, containers=(box,))


def explained(
    spec: hpa.HpaSpec = SPEC,
    *,
    current: int = 4,
    usages: tuple[int, ...] = (500, 500, 500, 500),
    pending: int = 0,
    missing: int = 0,
    ending: int = 0,
    queue: int | None = None,
    log: hpa.HpaLogs | None = None,
    selector: hpa.Selector = hpa.Selector.VALID,
    marked: bool = False,
    observed: int | None = None,
) -> Explanation:
    """A pass over ready pods of one core that use some, and others that give no sample; queue: milli-units."""
    used = {f"ready{place}": usage for place, usage in enumerate(usages)}
    pods = [a_pod(name) for name in used]
    pods += [a_pod(f"pending{place}", phase=PodPhase.PENDING) for place in range(pending)]
    pods += [a_pod(f"missing{place}") for place in range(missing)]
    pods += [a_pod(f"ending{place}", deleting=True) for place in range(ending)]
    readings = hpa.Readings(external={} if queue is None else {QUEUE: [queue], SHARE: [queue]})
    result = hpa.reconcile(
        spec,
        TO_ZERO,
        hpa.ScaleObservation(current, current if observed is None else observed, selector),
        pods,
        [PodSample(name, {"app": {"cpu": usage}}, NOW - 5, 30.0) for name, usage in used.items()],
        hpa.HpaLogs(()) if log is None else log,
        NOW,
        readings,
        (hpa.SCALED_TO_ZERO,) if marked else (),
    )
    return explanations.explain(result)


def working(explanation: Explanation, place: int = 0) -> Working:
    found = explanation.metrics[place].working
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("arguments", "course", "desired", "reason"),
    [
        pytest.param(
            {"usages": (700,) * 4}, Course.MEASURED, 6, Reason.DESIRED_WITHIN_RANGE, id="a metric wants more"
        ),
        pytest.param({}, Course.MEASURED, 4, Reason.DESIRED_WITHIN_RANGE, id="on target"),
        pytest.param(
            {"usages": (2000,) * 4},
            Course.MEASURED,
            8,
            Reason.SCALE_UP_LIMIT,
            id="more than one pass may add",
        ),
        pytest.param(
            {"usages": (100,) * 4, "log": hpa.HpaLogs((hpa.Recommendation(3, NOW - 9),))},
            Course.MEASURED,
            3,
            Reason.SCALE_DOWN_STABILIZED,
            id="a window holds it",
        ),
        pytest.param({"current": 30}, Course.ABOVE_MAXIMUM, 20, Reason.TOO_MANY_REPLICAS, id="too large"),
        pytest.param(
            {"spec": replace(SPEC, min_replicas=6)},
            Course.BELOW_MINIMUM,
            6,
            Reason.TOO_FEW_REPLICAS,
            id="too small",
        ),
        pytest.param({"current": 0}, Course.DISABLED, 0, Reason.SCALING_DISABLED, id="switched off by hand"),
        pytest.param(
            {"spec": replace(SPEC, metrics=(LOST,))},
            Course.NO_METRICS,
            None,
            Reason.FAILED_GET_EXTERNAL_METRIC,
            id="nothing could be read",
        ),
        pytest.param(
            {"spec": replace(SPEC, metrics=(CPU, LOST)), "usages": (100,) * 4},
            Course.SHRINKING_BLOCKED,
            None,
            Reason.FAILED_GET_EXTERNAL_METRIC,
            id="a failure forbids to shrink",
        ),
        pytest.param(
            {"spec": replace(SPEC, metrics=(CPU, LOST)), "usages": (700,) * 4},
            Course.MEASURED,
            6,
            Reason.DESIRED_WITHIN_RANGE,
            id="a failure does not forbid to grow",
        ),
        pytest.param(
            {"selector": hpa.Selector.AMBIGUOUS},
            Course.UNMEASURED,
            None,
            Reason.AMBIGUOUS_SELECTOR,
            id="pods of two targets",
        ),
        pytest.param(
            {"spec": hpa.HpaSpec(20, 0, (QUEUE,)), "current": 0, "queue": 3000, "marked": True},
            Course.MEASURED,
            3,
            Reason.DESIRED_WITHIN_RANGE,
            id="waking from its own zero",
        ),
        pytest.param(
            {
                "spec": hpa.HpaSpec(20, 6, (QUEUE,)),
                "current": 0,
                "queue": 3000,
                "marked": True,
                "log": hpa.HpaLogs(()),
            },
            Course.MEASURED,
            6,
            Reason.TOO_FEW_REPLICAS,
            id="waking to no less than the minimum",
        ),
    ],
)
def test_the_course_and_the_last_word(
    arguments: dict[str, Any], course: Course, desired: int | None, reason: Reason
) -> None:
    """Each way that a pass can take is told, with the size it leads to and what had the last word."""
    told = explained(**arguments)
    assert (told.course, told.desired, told.reason) == (course, desired, reason)
    assert told.message


def test_an_unreadable_scale_is_told() -> None:
    """Without the target's size there is nothing else to tell."""
    result = hpa.reconcile(SPEC, hpa.PRODUCTION, None, [], None, None, NOW)
    told = explanations.explain(result)
    assert (told.course, told.current, told.reason) == (Course.NO_SCALE, None, Reason.FAILED_GET_SCALE)


def test_who_asks_for_most_is_told_also_where_it_does_not_count() -> None:
    """Beside a failure the largest proposal is known and not followed."""
    told = explained(replace(SPEC, metrics=(CPU, LOST)), usages=(100,) * 4)
    assert told.largest is not None
    assert (told.largest.spec, told.largest.proposal, told.proposal) == (CPU, 1, None)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(
            {"usages": (700, 699, 700, 700)},
            # 2799 of 4000 is 69.975 %, of which 69 count.
            (Rule.MULTIPLIED, 69 / 50, 4, PodCounts(4, 0, 0, 0), (2799, 4000, 4), None, 6),
            id="usage over requests, cut to whole percent",
        ),
        pytest.param(
            {"usages": (540,) * 4},
            (Rule.WITHIN_TOLERANCE, 54 / 50, 4, PodCounts(4, 0, 0, 0), (2160, 4000, 4), None, 4),
            id="within the tolerance",
        ),
        pytest.param(
            {"spec": replace(SPEC, metrics=(AVERAGE,)), "usages": (700, 700, 700, 701)},
            (Rule.MULTIPLIED, 700 / 500, 4, PodCounts(4, 0, 0, 0), (2801, None, 4), None, 6),
            id="usage per pod, cut to whole thousandths",
        ),
        pytest.param(
            {"usages": (900,) * 4, "pending": 2, "ending": 1, "current": 6},
            (Rule.MULTIPLIED, 90 / 50, 6, PodCounts(4, 2, 0, 1), (3600, 4000, 4), (3600, 6000, 6), 8),
            id="unready pods count as using nothing on the way up",
        ),
        pytest.param(
            {"usages": (600,) * 3, "pending": 1},
            (Rule.WITHIN_TOLERANCE, 60 / 50, 4, PodCounts(3, 1, 0, 0), (1800, 3000, 3), (1800, 4000, 4), 4),
            id="and may bring the ratio within the tolerance",
        ),
        pytest.param(
            {"usages": (600,) * 2, "pending": 2},
            (Rule.TURNED, 60 / 50, 4, PodCounts(2, 2, 0, 0), (1200, 2000, 2), (1200, 4000, 4), 4),
            id="and never turn the direction",
        ),
        pytest.param(
            {"usages": (100,) * 3, "missing": 1},
            # The missing pod counts with its whole request: 1300 of 4000.
            (Rule.MULTIPLIED, 10 / 50, 4, PodCounts(3, 0, 1, 0), (300, 3000, 3), (1300, 4000, 4), 3),
            id="missing pods count as on target on the way down",
        ),
        pytest.param(
            {"usages": (900,)},
            (Rule.MULTIPLIED, 90 / 50, 1, PodCounts(1, 0, 0, 0), (900, 1000, 1), None, 2),
            id="ready pods are multiplied, not replicas",
        ),
        pytest.param(
            {"usages": (800,), "missing": 1, "current": 5, "spec": replace(SPEC, metrics=(replace(CPU, target=hpa.MetricTarget(utilization=30)),))},
            (Rule.AGAINST_DIRECTION, 80 / 30, 2, PodCounts(1, 0, 1, 0), (800, 1000, 1), (800, 2000, 2), 5),
            id="growing never shrinks for want of pods",
        ),
    ],
)  # fmt: skip
def test_figures_over_pods(arguments: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """Sums, samples, groups, both passes and the rule are those of the arithmetic."""
    told = explained(**arguments)
    found = working(told)
    sums = [
        None if one is None else (one.used, one.requested, one.samples) for one in (found.first, found.second)
    ]
    proposal = told.metrics[0].proposal
    assert (found.rule, found.ratio, found.multiplier, found.pods, *sums, proposal) == expected
    assert found.tolerance == counts.Tolerance(0.1, 0.1)


@pytest.mark.parametrize(
    ("metric", "arguments", "expected"),
    [
        pytest.param(QUEUE, {"queue": 1500}, (Rule.MULTIPLIED, 1.5, 4, None, 6), id="times the serving pods"),
        pytest.param(QUEUE, {"queue": 1050}, (Rule.WITHIN_TOLERANCE, 1.05, None, None, 4), id="near enough"),
        pytest.param(
            QUEUE,
            {"queue": 2500, "current": 0, "marked": True},
            (Rule.MULTIPLIED, 2.5, None, None, 3),
            id="the ratio alone, from zero",
        ),
        pytest.param(
            SHARE, {"queue": 7500, "observed": 5}, (Rule.DIVIDED, 1.5, None, 5, 8), id="among the observed"
        ),
        pytest.param(
            SHARE,
            {"queue": 5200, "observed": 5},
            (Rule.WITHIN_TOLERANCE, 1.04, None, 5, 5),
            id="near enough for the observed",
        ),
    ],
)
def test_one_figure_for_all(
    metric: hpa.MetricSpec, arguments: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    """The figure, what it is divided by and multiplied with, and the rule are those of the arithmetic."""
    told = explained(hpa.HpaSpec(20, 1, (metric,)), **arguments)
    found = working(told)
    proposal = told.metrics[0].proposal
    assert (found.rule, found.ratio, found.multiplier, found.sharers, proposal) == expected
    assert (found.figure, found.first, found.pods) == (arguments["queue"], None, None)


def test_a_share_among_no_replicas_has_an_infinite_ratio() -> None:
    """Waking, nobody is there to share: the size follows from the figure alone."""
    told = explained(hpa.HpaSpec(20, 0, (SHARE,)), queue=2500, current=0, marked=True)
    assert (working(told).ratio, working(told).sharers, told.desired) == (float("inf"), 0, 3)


def test_a_failed_metric_has_no_working() -> None:
    """What failed is told by its failure, not by half an arithmetic."""
    told = explained(replace(SPEC, metrics=(LOST,)))
    assert (told.metrics[0].working, told.metrics[0].failure) == (None, hpa.Failure.METRICS_UNAVAILABLE)


def test_windows_tell_whom_they_follow() -> None:
    """Each window's bound comes with the newest recommendation that made it; the proposal itself has no time."""
    behavior = hpa.Behavior(hpa.ScalingRules(window=60.0), hpa.ScalingRules(window=120.0))
    past = [(9, 90.0), (7, 50.0), (9, 100.0), (5, 40.0), (5, 55.0), (12, 120.0)]
    log = hpa.HpaLogs(tuple(hpa.Recommendation(size, NOW - age) for size, age in past))
    told = explained(replace(SPEC, behavior=behavior), usages=(700,) * 4, log=log)
    assert told.stabilized is not None
    up, down = told.stabilized.up, told.stabilized.down
    assert up is not None
    assert down is not None
    assert (up.window, up.replicas, up.at) == (60.0, 5, NOW - 40)
    assert (down.window, down.replicas, down.at) == (120.0, 9, NOW - 90)
    assert told.stabilized.replicas == 5


def test_an_older_hpa_has_one_window() -> None:
    """Without `behavior` only shrinking is held, and the far end of the window counts."""
    told = explained(usages=(100,) * 4, log=hpa.HpaLogs((hpa.Recommendation(9, NOW - 300),)))
    assert told.stabilized is not None
    assert told.stabilized.down is not None
    hold = told.stabilized.down
    assert (told.stabilized.up, hold.window, hold.replicas, hold.at) == (None, 300.0, 9, NOW - 300)


def test_rates_tell_where_they_count_from() -> None:
    """Each policy has the size at its period's start and the size it allows; the selection is told."""
    ups = hpa.ScalingRules(
        select=hpa.SelectPolicy.MIN,
        policies=(
            hpa.Policy(hpa.PolicyKind.PODS, 3, 60.0),
            hpa.Policy(hpa.PolicyKind.PERCENT, 200, 10.0),
        ),
    )
    log = hpa.HpaLogs((), (hpa.ScaleEvent(2, NOW - 30),))
    told = explained(replace(SPEC, behavior=hpa.Behavior(ups)), usages=(2000,) * 4, log=log)
    assert told.limited is not None
    assert told.limited.pace is not None
    pace = told.limited.pace
    assert [(rate.start, rate.limit) for rate in pace.rates] == [(2, 5), (4, 12)]
    assert (pace.select, pace.limit, told.limited.replicas) == (hpa.SelectPolicy.MIN, 5, 5)


def test_a_size_that_stays_asks_no_rate() -> None:
    """With `behavior` rates are asked only in the direction of a change; without, of every pass."""
    stays = explained(replace(SPEC, behavior=hpa.Behavior())).limited
    older = explained().limited
    assert stays is not None
    assert stays.pace is None
    assert older is not None
    assert older.pace is not None
    assert (older.pace.limit, older.pace.rates) == (8, ())


pods_of_any_sort = st.fixed_dictionaries(
    {
        "usages": st.lists(st.integers(0, 3000), max_size=6).map(tuple),
        "pending": st.integers(0, 3),
        "missing": st.integers(0, 3),
        "ending": st.integers(0, 2),
        "current": st.integers(1, 20),
        "queue": st.none() | st.integers(0, 50_000),
    }
)
some_metrics = st.lists(st.sampled_from([CPU, AVERAGE, QUEUE, SHARE]), min_size=1, max_size=4, unique=True)
some_logs = st.lists(
    st.builds(hpa.Recommendation, st.integers(0, 30), st.floats(NOW - 400, NOW)), max_size=5
).map(lambda entries: hpa.HpaLogs(tuple(entries)))


@settings(deadline=None, max_examples=150)
@given(pods_of_any_sort, some_metrics, some_logs, st.sampled_from([None, hpa.Behavior()]))
def test_what_is_told_leads_to_the_size(
    arguments: dict[str, Any],
    metrics: list[hpa.MetricSpec],
    log: hpa.HpaLogs,
    behavior: hpa.Behavior | None,
) -> None:
    """Whoever follows the figures by hand comes to the same proposals, and by its steps to the same size."""
    told = explained(hpa.HpaSpec(20, 1, tuple(metrics), behavior), log=log, **arguments)
    for metric in told.metrics:
        if metric.working is not None:
            assert metric.proposal == by_hand(metric.working, told.current, metric.spec.target.average_value)
    if told.stabilized is not None and told.limited is not None:
        assert told.proposal == max(one.proposal for one in told.metrics if one.proposal is not None)
        assert told.desired == told.limited.replicas
        holds = [one for one in (told.stabilized.up, told.stabilized.down) if one is not None]
        bounds = [one.replicas for one in holds]
        assert told.stabilized.replicas in (*bounds, told.current)
        logged = {(one.replicas, one.at) for one in log.recommendations or ()}
        assert all(one.at is None or (one.replicas, one.at) in logged for one in holds)


def by_hand(found: Working, current: int | None, share: int | None) -> int | None:
    """The proposal from nothing but what is told."""
    ratio = found.ratio if found.second is None else found.second.ratio
    if found.rule is Rule.MULTIPLIED:
        return counts.ceiling(ratio * (1 if found.multiplier is None else found.multiplier))
    if found.rule is Rule.DIVIDED:
        assert found.figure is not None
        assert share is not None
        return counts.ceiling(found.figure / share)
    if found.rule is Rule.WITHIN_TOLERANCE:
        assert found.tolerance.contains(ratio)
    return current if found.sharers is None else found.sharers

"""What holds for every HPA, whatever the pods do and the metrics say."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from rlagents.policies import hpa
from rlagents.policies.hpa import behaviors, evaluations, limits, logs, stabilizing
from rlagents.policies.hpa.behaviors import Rules
from rlagents.policies.hpa.counts import Tolerance
from rlagents.policies.hpa.proposals import Situation
from rlagents.policies.hpa.ratios import Figures
from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase, PodSample

NOW = 100_000.0
seldom = settings(deadline=None, max_examples=50)
"""For whole passes; times vary with the machine's load."""
often = settings(deadline=None)

UNREADABLE = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "queue", hpa.MetricTarget(value=1000))

ages = st.floats(0, 4000)
usages = st.integers(0, 20_000)
sizes = st.integers(1, 30)


@st.composite
def pods(draw, name="p"):
    """Any pod, whatever its state."""
    return Pod(
        name=name,
        phase=draw(st.sampled_from(PodPhase)),
        created_at=0.0,
        started_at=draw(st.none() | ages.map(lambda age: NOW - age)),
        readiness=draw(st.none() | st.sampled_from(ConditionStatus)),
        readiness_changed_at=draw(st.none() | ages.map(lambda age: NOW - age)),
        deleting=draw(st.booleans()),
        containers=(Container("app", {"cpu": draw(st.integers(1, 4000))}),),
    )


@st.composite
def fleets(draw, *, usage=usages):
    """Some healthy pods and some in any state, and samples of some of them and of a stray."""
    well = tuple(healthy(f"well{place}") for place in range(draw(st.integers(0, 5))))
    others = tuple(draw(pods(f"other{place}")) for place in range(draw(st.integers(0, 3))))
    sampled = [pod.name for pod in (*well, *others) if draw(st.booleans())] + ["stray"] * draw(
        st.integers(0, 1)
    )
    return well + others, tuple(a_sample(name, draw(usage), NOW - draw(ages)) for name in sampled)


@st.composite
def serving(draw):
    """Pods that are ready since long, each with a sample."""
    named = tuple(healthy(f"p{place}") for place in range(draw(st.integers(1, 8))))
    return named, tuple(a_sample(pod.name, draw(usages), NOW - 5) for pod in named)


policies = st.builds(
    hpa.Policy, st.sampled_from(hpa.PolicyKind), st.integers(1, 300), st.integers(1, 1800).map(float)
)
directions = st.builds(
    hpa.ScalingRules,
    window=st.none() | st.integers(0, 3600).map(float),
    select=st.none() | st.sampled_from(hpa.SelectPolicy),
    policies=st.none() | st.lists(policies, min_size=1, max_size=3).map(tuple),
    tolerance=st.none() | st.floats(0, 1),
)
some_behavior = st.builds(hpa.Behavior, directions, directions)
targets = st.builds(hpa.MetricTarget, utilization=st.integers(1, 200)) | st.builds(
    hpa.MetricTarget, average_value=st.integers(1, 5000)
)
metrics = targets.map(lambda target: hpa.MetricSpec(hpa.MetricKind.RESOURCE, "cpu", target))
events = st.lists(
    st.builds(hpa.ScaleEvent, st.integers(0, 30), ages.map(lambda age: NOW - age), st.booleans()), max_size=6
).map(tuple)
recommendations = st.lists(
    st.builds(hpa.Recommendation, st.integers(0, 60), ages.map(lambda age: NOW - age)), max_size=8
).map(tuple)
memories = st.builds(hpa.HpaLogs, st.none() | recommendations, events, events)
windows = st.floats(0, 3600)


@st.composite
def specs(draw):
    """Any HPA with one metric."""
    low = draw(st.integers(1, 4))
    return hpa.HpaSpec(low + draw(st.integers(0, 60)), low, (draw(metrics),), draw(st.none() | some_behavior))


@seldom
@given(specs(), sizes, fleets(), st.none() | memories)
def test_the_size_ends_within_the_bounds(spec, current, fleet, memory):
    """From within the bounds or from outside, a pass that has a size has one within them."""
    result = a_pass(spec, current, fleet, memory)
    if result.desired is not None:
        assert spec.min_replicas <= result.desired <= spec.max_replicas


@seldom
@given(specs(), sizes, fleets(), st.none() | memories)
def test_a_failing_metric_never_lets_the_size_shrink(spec, current, fleet, memory):
    """Beside a metric that cannot be read, a size within the bounds only grows or stays."""
    current = min(max(current, spec.min_replicas), spec.max_replicas)
    both = replace(spec, metrics=(*spec.metrics, UNREADABLE))
    result = a_pass(both, current, fleet, memory)
    assert result.error is not None
    assert result.desired is None or result.desired >= current


@seldom
@given(specs(), sizes, fleets(), st.none() | memories)
def test_a_failing_metric_never_changes_a_growing_size(spec, current, fleet, memory):
    """Where the others do not shrink the size, one that fails changes nothing of it."""
    alone = a_pass(spec, current, fleet, memory)
    beside = a_pass(replace(spec, metrics=(UNREADABLE, *spec.metrics)), current, fleet, memory)
    if alone.proposal is not None and alone.proposal >= current:
        assert (beside.desired, beside.proposal, beside.logs) == (alone.desired, alone.proposal, alone.logs)


@seldom
@given(specs(), sizes, fleets(), memories)
def test_without_behaviour_a_pass_at_most_doubles(spec, current, fleet, memory):
    """Growth per pass is limited to the double, or to four."""
    result = a_pass(replace(spec, behavior=None), current, fleet, memory)
    if result.proposal is not None:
        assert result.desired <= max(2 * current, 4)


@seldom
@given(specs(), sizes, fleets())
def test_a_new_hpa_never_shrinks_at_first_sight(spec, current, fleet):
    """The first pass of an HPA, within its bounds and with the default window, keeps at least the size."""
    current = min(max(current, spec.min_replicas), spec.max_replicas)
    result = a_pass(replace(spec, behavior=None), current, fleet, None)
    assert result.desired is None or result.desired >= current


@often
@given(serving(), st.integers(0, 7), st.integers(0, 5000), metrics)
def test_more_usage_never_proposes_less_where_each_replica_is_ready(fleet, index, more, metric):
    """With as many ready pods as replicas, the proposal rises with any pod's usage."""
    known, rows = fleet
    place = index % len(rows)
    raised = [*rows[:place], a_sample(rows[place].pod, rows[place].usage["app"]["cpu"] + more, NOW - 5), *rows[place + 1 :]]  # fmt: skip
    assert a_proposal(metric, len(known), known, rows) <= a_proposal(metric, len(known), known, raised)


@often
@given(serving(), sizes, st.integers(1, 199), st.integers(1, 199))
def test_a_higher_target_never_proposes_more_where_each_replica_is_ready(fleet, current, one, other):
    """With as many ready pods as replicas, the proposal falls with the target."""
    known, rows = fleet
    low, high = (
        hpa.MetricSpec(hpa.MetricKind.RESOURCE, "cpu", hpa.MetricTarget(utilization=target))
        for target in sorted((one, other))
    )
    assert a_proposal(low, len(known), known, rows) >= a_proposal(high, len(known), known, rows)


@often
@given(serving(), st.integers(1, 4), sizes, metrics)
def test_missing_pods_damp_and_never_turn(fleet, missing, current, metric):
    """With a pod missing, the proposal is on the side of the size that the samples alone point to, or on it."""
    known, rows = fleet
    absent = tuple(healthy(f"absent{place}") for place in range(missing))
    used = sum(row.usage["app"]["cpu"] for row in rows)
    if metric.target.utilization is None:
        ratio = used // len(rows) / metric.target.average_value
    else:
        ratio = used * 100 // (1000 * len(rows)) / metric.target.utilization
    proposal = a_proposal(metric, current, known + absent, rows)
    assert (proposal >= current) if ratio >= 1 else (proposal <= current)


@often
@given(serving(), pods("going"), usages, sizes, metrics)
def test_ignored_pods_never_count(fleet, going, usage, current, metric):
    """A pod being deleted changes no proposal, with a sample or without."""
    known, rows = fleet
    going = replace(going, deleting=True)
    before = a_proposal(metric, current, known, rows)
    assert a_proposal(metric, current, (*known, going), rows) == before
    assert a_proposal(metric, current, (*known, going), (*rows, a_sample("going", usage, NOW - 5))) == before


@often
@given(st.lists(st.none() | st.integers(-5, 60), min_size=1, max_size=6), sizes, st.randoms())
def test_the_order_of_metrics_changes_no_size(proposed, current, random):
    """The common proposal is the same in any order."""
    statuses = [a_status(size) for size in proposed]
    shuffled = random.sample(statuses, len(statuses))
    assert evaluations.combine(statuses, current).proposal == evaluations.combine(shuffled, current).proposal


@often
@given(st.integers(0, 60), sizes, recommendations, windows, windows)
def test_stabilising_ends_between_the_size_and_the_proposal(proposal, current, past, up, down):
    """With behaviour, looking back may shorten a step and never turns or lengthens it."""
    up, down = (Rules(window, hpa.SelectPolicy.MAX, ()) for window in (up, down))
    stable = stabilizing.by_rules(proposal, current, past, up, down, NOW).replicas
    assert min(proposal, current) <= stable <= max(proposal, current)


@often
@given(st.integers(0, 60), recommendations, windows, windows)
def test_a_longer_window_never_lowers_the_size(proposal, past, one, other):
    """Without behaviour, the stabilised size rises with the window, from the proposal on."""
    short, long = (
        stabilizing.by_window(proposal, past, window, NOW).replicas for window in sorted((one, other))
    )
    assert proposal <= short <= long


@often
@given(st.integers(0, 80), sizes, some_behavior, memories)
def test_rates_never_turn_a_step(desired, current, behavior, memory):
    """Whatever happened within the period, growing stays growing or nothing, and shrinking likewise."""
    up, down = behaviors.up_rules(behavior), behaviors.down_rules(behavior, hpa.PRODUCTION)
    limited = limits.by_events(desired, current, 1, 60, up, down, memory, NOW).replicas
    assert min(desired, current) <= limited <= max(desired, current)


@seldom
@given(specs(), sizes, fleets(), st.none() | memories)
def test_a_pass_remembers_one_proposal_and_forgets_nothing_recent(spec, current, fleet, memory):
    """At most one slot changes, and never one whose entry still counts."""
    begun = logs.begun(memory, current, NOW)
    result = a_pass(spec, current, fleet, memory)
    if result.proposal is None:
        assert result.logs == begun
        return
    kept = logs.retention(spec, hpa.PRODUCTION)
    before, after = begun.recommendations or (), result.logs.recommendations or ()
    assert hpa.Recommendation(result.proposal, NOW) in after
    assert {one for one in before if NOW - one.at <= kept} <= set(after)
    assert 0 <= len(after) - len(before) <= 1
    assert sum(one != other for one, other in zip(before, after, strict=False)) <= 1


@seldom
@given(specs(), st.integers(5, 60))
def test_the_log_does_not_grow_without_end(spec, interval):
    """Passes at a steady pace keep no more entries than fit into the window, and one."""
    kept = logs.retention(spec, hpa.PRODUCTION)
    memory = hpa.HpaLogs(())
    for step in range(int(kept // interval) + 30):
        memory = logs.recommended(memory, step, NOW + step * interval, kept)
    assert len(memory.recommendations or ()) <= kept // interval + 1


@often
@given(memories)
def test_logs_survive_storage(memory):
    """Written as JSON and read back, logs are the same."""
    assert hpa.HpaLogs.from_plain(json.loads(json.dumps(memory.to_plain()))) == memory


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
junk = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["recommendations", "scaleUps", "scaleDowns", "replicas", "at", "change", "outdated"]), inner, max_size=4), max_leaves=12)  # fmt: skip


@seldom
@given(junk, specs(), sizes, fleets())
def test_no_stored_log_breaks_a_pass(plain, spec, current, fleet):
    """Whatever stands where logs should stand is read as far as it goes, and the next pass works."""
    result = a_pass(spec, current, fleet, hpa.HpaLogs.from_plain(plain))
    assert result.desired is None or spec.min_replicas <= result.desired <= spec.max_replicas
    json.dumps(result.logs.to_plain(), allow_nan=False)


@seldom
@given(specs(), sizes, fleets(), memories)
def test_resuming_is_never_less_protective(spec, current, fleet, memory):
    """Without behaviour, a pass after a restart ends no lower than it would have without one."""
    spec = replace(spec, behavior=None)
    resumed = hpa.resumed(memory, spec, hpa.PRODUCTION, current, NOW)
    before, after = a_pass(spec, current, fleet, memory), a_pass(spec, current, fleet, resumed)
    assert (before.desired is None) == (after.desired is None)
    assert before.desired is None or after.desired >= before.desired


odd = st.integers(-(2**70), 2**70) | st.integers(-3, 3)


@seldom
@given(fleets(usage=odd), odd, odd, st.lists(odd, min_size=1, max_size=3), st.sampled_from(hpa.MetricKind), st.integers(0, 40), st.integers(0, 40))  # fmt: skip
def test_no_figure_breaks_a_pass(fleet, target, figure, series, kind, current, observed):
    """Negative, absent, huge or zero: there is a size within 32 bits or a failure, and never an exception."""
    known, rows = fleet
    for wanted in (
        hpa.MetricTarget(average_value=target),
        hpa.MetricTarget(utilization=target, value=target),
    ):
        metric = hpa.MetricSpec(kind, "cpu", wanted, container="app")
        readings = hpa.Readings({metric: [hpa.PodFigure(row.pod, figure, NOW) for row in rows]}, {metric: figure}, {metric: series})  # fmt: skip
        situation = Situation(
            known, current, observed, Tolerance(0.1, 0.1), hpa.PRODUCTION, NOW, rows, readings
        )
        status = evaluations.status_of(metric, situation)
        assert (status.proposal is None) == (status.failure is not None)
        assert status.proposal is None or -(2**31) <= status.proposal < 2**31
        assert status.message
        assert status.proposal is not None or status.figures == Figures()


def healthy(name):
    """A pod that is ready since long and asks for one core."""
    return Pod(
        name,
        PodPhase.RUNNING,
        0.0,
        0.0,
        ConditionStatus.TRUE,
        100.0,
        containers=(Container("app", {"cpu": 1000}),),
    )


def a_sample(name, usage, taken_at):
    """A row of the resource metrics API."""
    return PodSample(name, {"app": {"cpu": usage}}, taken_at, 30.0)


def a_status(size):
    """A metric that proposes a size, or fails."""
    failure = hpa.Failure.METRICS_UNAVAILABLE if size is None else None
    return hpa.MetricStatus(UNREADABLE, "asked", size, failure=failure)


def a_proposal(metric, current, known, rows):
    """The size that one metric proposes."""
    situation = Situation(known, current, current, Tolerance(0.1, 0.1), hpa.PRODUCTION, NOW, rows)
    return evaluations.propose(metric, situation).replicas


def a_pass(spec, current, fleet, memory):
    """One pass over a fleet."""
    known, rows = fleet
    scale = hpa.ScaleObservation(current, len(known))
    return hpa.reconcile(spec, hpa.PRODUCTION, scale, known, rows, memory, NOW)

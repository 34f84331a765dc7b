"""The array form is the scalar form: equal in every figure, over passes that follow each other.

Times, windows and periods come from one small set, so that ages are equal to windows all the time; usages and
targets are round, so that ratios lie at the tolerance.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlagents.policies import hpa
from rlagents.policies.hpa import arrays
from rlagents.policies.hpa.arrays import counts, packing
from rlagents.policies.hpa.arrays import metrics as array_metrics
from rlagents.policies.hpa.arrays.normalizing import REASONS
from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase, PodSample

START = 100_000.0
spans = st.sampled_from([0.0, 15.0, 30.0, 60.0, 285.0, 300.0, 315.0])
usages = st.sampled_from([0, 1, 90, 99, 100, 101, 110, 111, 250, 499, 500, 1000]) | st.integers(0, 5000)
targets = st.sampled_from([1, 50, 99, 100, 101, 200]) | st.integers(1, 3000)
K = hpa.MetricKind
ALWAYS = settings(deadline=None, max_examples=150)

kinds = st.sampled_from(
    [
        (K.RESOURCE, "cpu", "utilization"),
        (K.RESOURCE, "cpu", "average_value"),
        (K.RESOURCE, "memory", "utilization"),
        (K.CONTAINER_RESOURCE, "cpu", "utilization"),
        (K.CONTAINER_RESOURCE, "memory", "average_value"),
        (K.PODS, "cpu", "average_value"),
        (K.OBJECT, "hits", "value"),
        (K.OBJECT, "hits", "average_value"),
        (K.EXTERNAL, "queue", "value"),
        (K.EXTERNAL, "queue", "average_value"),
    ]
)

parameters = st.builds(
    hpa.HpaParameters,
    cpu_initialization_period=st.sampled_from([60.0, 300.0]),
    initial_readiness_delay=st.sampled_from([15.0, 30.0]),
    downscale_window=st.sampled_from([0.0, 60.0, 300.0]),
    configurable_tolerance=st.booleans(),
    scale_to_zero=st.booleans(),
)
policies = st.builds(
    hpa.Policy,
    st.sampled_from(hpa.PolicyKind),
    st.sampled_from([1, 4, 10, 50, 100, 150]),
    st.sampled_from([15.0, 30.0, 60.0, 300.0]),
)
directions = st.builds(
    hpa.ScalingRules,
    window=st.none() | spans,
    select=st.none() | st.sampled_from(hpa.SelectPolicy),
    policies=st.none() | st.lists(policies, min_size=1, max_size=3).map(tuple),
    tolerance=st.none() | st.sampled_from([0.0, 0.01, 0.1, 1.0]),
)


@st.composite
def pods(draw, name: str, now: float) -> Pod:
    """Any pod; most are healthy."""
    well = draw(st.booleans())
    requests = {"cpu": draw(st.sampled_from([0, 100, 500])), "memory": 1000}
    if draw(st.integers(0, 9)) == 0:
        del requests["cpu"]
    started, changed = now - draw(spans), now - draw(spans)
    return Pod(
        name=name,
        phase=PodPhase.RUNNING if well else draw(st.sampled_from(PodPhase)),
        created_at=0.0,
        started_at=started if well else draw(st.sampled_from([None, started])),
        readiness=ConditionStatus.TRUE if well else draw(st.none() | st.sampled_from(ConditionStatus)),
        readiness_changed_at=draw(st.sampled_from([None, changed])),
        deleting=not well and draw(st.booleans()),
        containers=(Container("app", requests),),
        sidecars=(Container("proxy", {"cpu": 100, "memory": 500}),) if draw(st.booleans()) else (),
    )


@st.composite
def observations(draw, spec: hpa.HpaSpec, now: float) -> packing.Observed:
    """Pods, and answers for some of them and for a stray."""
    fleet = tuple(draw(pods(f"p{place}", now)) for place in range(draw(st.integers(0, 5))))
    names = [pod.name for pod in fleet if draw(st.integers(0, 4))] + ["stray"] * draw(st.integers(0, 1))
    rows = tuple(
        PodSample(name, {"app": {"cpu": draw(usages), "memory": draw(usages)}}, now - draw(spans), 30.0)
        for name in names
    )
    figures = [
        hpa.PodFigure(name, draw(usages), now - draw(spans), draw(st.none() | spans)) for name in names
    ]
    read = {metric for metric in spec.metrics if draw(st.integers(0, 5))}
    return packing.Observed(
        spec,
        fleet,
        draw(st.sampled_from([rows, rows, rows, (), None])),
        hpa.Readings(
            pods={metric: figures for metric in read if metric.kind is K.PODS},
            objects={metric: draw(usages) for metric in read if metric.kind is K.OBJECT},
            external={
                metric: draw(st.lists(usages, min_size=1, max_size=3))
                for metric in read
                if metric.kind is K.EXTERNAL
            },
        ),
    )


@st.composite
def batches(draw) -> list[hpa.HpaSpec]:
    """Some HPAs of one structure."""
    structure = draw(st.lists(kinds, min_size=1, max_size=3))
    with_behavior = draw(st.booleans())
    return [draw(specs(structure, with_behavior)) for _ in range(draw(st.integers(1, 3)))]


@st.composite
def specs(draw, structure, with_behavior: bool) -> hpa.HpaSpec:
    """One HPA with these metrics."""
    metrics = tuple(
        hpa.MetricSpec(
            kind,
            name,
            hpa.MetricTarget(**{target: draw(targets)}),
            container=draw(st.sampled_from(["app", "proxy"])) if kind is K.CONTAINER_RESOURCE else "",
            selector=f"n={number}",
        )
        for number, (kind, name, target) in enumerate(structure)
    )
    low = draw(st.integers(0 if any(metric.is_of_the_world for metric in metrics) else 1, 3))
    high = max(1, low + draw(st.integers(0, 8)))
    behavior = hpa.Behavior(draw(directions), draw(directions)) if with_behavior else None
    return hpa.HpaSpec(high, low, metrics, behavior)


class Scalar:
    """The reference: one HPA, pass after pass."""

    def __init__(self, spec: hpa.HpaSpec, parameters: hpa.HpaParameters, current: int) -> None:
        self.spec, self.parameters, self.current = spec, parameters, current
        self.logs: hpa.HpaLogs | None = None
        self.conditions: tuple[hpa.Condition, ...] = ()

    def step(self, scale, observed: packing.Observed, now: float, writes: bool) -> hpa.HpaResult:
        result = hpa.reconcile(
            self.spec,
            self.parameters,
            scale,
            observed.pods,
            observed.samples,
            self.logs,
            now,
            observed.readings,
            self.conditions,
        )
        after = (
            hpa.written(result, self.spec, self.parameters, now) if writes and result.may_write else result
        )
        self.logs, self.conditions = after.logs, after.conditions
        if writes and result.may_write and result.desired is not None:
            self.current = result.desired
        return result


def reason(result: hpa.HpaResult, kind: hpa.ConditionType, before: tuple[hpa.Condition, ...]):
    """What this pass says of a condition; None where it keeps what stood there."""
    told = next((one for one in result.conditions if one.type is kind), None)
    return None if told is None or any(told is one for one in before) else told.reason


def check(result: hpa.HpaResult, found: arrays.PassArrays, place: int, before) -> None:
    """One service's pass, figure by figure."""
    assert bool(found.has_desired[place]) == (result.desired is not None)
    assert found.desired[place] == (result.current if result.desired is None else result.desired)
    assert bool(found.may_write[place]) == result.may_write
    assert bool(found.has_proposal[place]) == (result.proposal is not None)
    if result.proposal is not None:
        assert found.proposal[place] == result.proposal
        assert REASONS[found.able[place]] == reason(result, hpa.ConditionType.ABLE_TO_SCALE, before)
        assert REASONS[found.limited[place]] == reason(result, hpa.ConditionType.SCALING_LIMITED, before)
        limited = next(one for one in result.conditions if one.type is hpa.ConditionType.SCALING_LIMITED)
        assert bool(found.is_limited[place]) == limited.is_true
    assert REASONS[found.active[place]] == reason(result, hpa.ConditionType.SCALING_ACTIVE, before)
    assert bool(found.was_measured[place]) == bool(result.metrics)
    for status, proposed in zip(result.metrics, found.metrics, strict=False):
        check_metric(status, proposed, place)


OF_REQUESTS = {
    hpa.Failure.MISSING_REQUEST,
    hpa.Failure.CONTAINER_NOT_FOUND,
    hpa.Failure.MISSING_POD_LEVEL_REQUEST,
}
"""Which request is missing, and how, the array form does not tell apart."""


def check_metric(status: hpa.MetricStatus, proposed: array_metrics.Proposed, place: int) -> None:
    """One metric's proposal with the figures it reports, or its failure."""
    failure = array_metrics.FAILURES[proposed.failure[place]]
    if status.proposal is None:
        assert failure == (hpa.Failure.MISSING_REQUEST if status.failure in OF_REQUESTS else status.failure)
        return
    assert failure is None
    assert proposed.replicas[place] == status.proposal
    for name in ("utilization", "average_value", "value"):
        expected, figures = getattr(status.figures, name), getattr(proposed, name)
        assert (None if figures is None else figures[place]) == expected


@ALWAYS
@given(batches(), parameters, st.data())
def test_pass_after_pass_both_forms_are_equal(batch, parameters, data):
    """Sizes, proposals, figures, reasons and logs, whatever was written or left, grew or went in between."""
    scalars = [Scalar(spec, parameters, data.draw(st.integers(0, 8))) for spec in batch]
    spec = packing.specs(batch, parameters)
    logs, now = packing.first_logs(len(batch)), START
    for _ in range(data.draw(st.integers(1, 5))):
        now += data.draw(spans)
        scales = [
            hpa.ScaleObservation(
                one.current,
                data.draw(st.integers(0, 8)),
                data.draw(st.sampled_from([hpa.Selector.VALID] * 8 + list(hpa.Selector))),
            )
            for one in scalars
        ]
        observed = [data.draw(observations(one, now)) for one in batch]
        writes = [data.draw(st.booleans()) for _ in batch]
        before = [one.conditions for one in scalars]
        results = [
            one.step(scale, seen, now, write)
            for one, scale, seen, write in zip(scalars, scales, observed, writes, strict=True)
        ]
        pods_, metrics_ = packing.metrics(observed, parameters)
        moment = np.full(len(batch), now)
        found = arrays.reconcile(spec, metrics_, parameters, packing.scales(scales), pods_, logs, moment)
        for place, result in enumerate(results):
            check(result, found, place, before[place])
        logs = arrays.written(found, spec, parameters, moment, np.array(writes) & found.may_write)
        for place, one in enumerate(scalars):
            assert packing.logs(logs, place) == one.logs
            if parameters.scale_to_zero:
                assert bool(logs.scaled_to_zero[place]) == hpa.is_scaled_to_zero(one.conditions)


def test_nothing_given_is_changed():
    """Logs are values: those of the pass before are the same after it."""
    spec = hpa.parse(None, {}, 1, 10)
    logs = packing.first_logs(1)
    packed = packing.specs([spec], hpa.PRODUCTION)
    scale = packing.scales([hpa.ScaleObservation(3, 3)])
    pods_, metrics_ = packing.metrics([packing.Observed(spec, ())], hpa.PRODUCTION)
    once = arrays.reconcile(packed, metrics_, hpa.PRODUCTION, scale, pods_, logs, np.array([START]))
    assert not logs.seen.any()
    assert packing.logs(once.logs, 0).recommendations == (hpa.Recommendation(3, START),)
    later = arrays.reconcile(
        packed, metrics_, hpa.PRODUCTION, scale, pods_, once.logs, np.array([START + 15])
    )
    assert packing.logs(once.logs, 0).recommendations == (hpa.Recommendation(3, START),)
    assert later.logs.seen.all()


def test_a_batch_has_one_structure():
    """HPAs with other kinds of metrics, or only some with a behaviour, are refused with what to do."""
    plain = hpa.parse(None, None, 1, 10)
    with pytest.raises(InvalidSpecError, match="a batch of their own"):
        packing.specs([plain, replace(plain, behavior=hpa.Behavior())], hpa.PRODUCTION)


def test_figures_at_the_edge_of_64_bits_saturate():
    """A share of the largest figure, and a division by no replicas, end at the edge instead of wrapping."""
    figures = np.array([2.0**63, -(2.0**63), np.inf, -np.inf, np.nan, 1.5])
    expected = [2**63 - 1, -(2**63), 2**63 - 1, -(2**63), 0, 2]
    assert counts.figure_ceiling(figures).tolist() == expected

"""The array form is the scalar form: equal in every figure, over passes that follow each other.

Times, windows and periods come from one small set, so that ages are equal to windows all the time; usages and
targets are round, so that ratios lie at the tolerance.
"""

from __future__ import annotations

import random
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
SPANS = (0.0, 15.0, 30.0, 60.0, 285.0, 300.0, 315.0)
"""Seconds: ages, windows and periods are all of these."""
USAGES = (0, 1, 90, 99, 100, 101, 110, 111, 250, 499, 500, 1000, 2000, 5000)
K = hpa.MetricKind

KINDS = (
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
)


class Dice(random.Random):
    """Cases by chance, from a seed. Hypothesis alone would draw simple cases far too often."""

    def hits(self, share: float) -> bool:
        """True in this share of all throws."""
        return self.random() < share

    def parameters(self) -> hpa.HpaParameters:
        return hpa.HpaParameters(
            cpu_initialization_period=self.choice([60.0, 300.0]),
            initial_readiness_delay=self.choice([15.0, 30.0]),
            downscale_window=self.choice([0.0, 60.0, 300.0]),
            configurable_tolerance=self.hits(0.8),
            scale_to_zero=self.hits(0.8),
        )

    def direction(self) -> hpa.ScalingRules:
        policies = tuple(
            hpa.Policy(
                self.choice(list(hpa.PolicyKind)),
                self.choice([1, 4, 10, 50, 100, 150]),
                self.choice([15.0, 30.0, 60.0, 300.0]),
            )
            for _ in range(self.randint(1, 3))
        )
        return hpa.ScalingRules(
            window=self.choice([None, *SPANS]),
            select=self.choice([None, *hpa.SelectPolicy]),
            policies=policies if self.hits(0.7) else None,
            tolerance=self.choice([None, 0.0, 0.01, 0.1, 1.0]),
        )

    def specs(self) -> list[hpa.HpaSpec]:
        """Some HPAs of one structure."""
        structure = [self.choice(KINDS) for _ in range(self.choice([1, 1, 2, 3]))]
        with_behavior = self.hits(0.5)
        return [self.spec(structure, with_behavior) for _ in range(self.randint(1, 4))]

    def spec(self, structure, with_behavior: bool) -> hpa.HpaSpec:
        metrics = tuple(
            hpa.MetricSpec(
                kind,
                name,
                hpa.MetricTarget(**{target: self.choice([50, 99, 100, 101, 200, 400])}),
                container=self.choice(["app", "proxy"]) if kind is K.CONTAINER_RESOURCE else "",
                selector=f"n={number}",
            )
            for number, (kind, name, target) in enumerate(structure)
        )
        low = self.randint(0 if any(metric.is_of_the_world for metric in metrics) else 1, 3)
        behavior = hpa.Behavior(self.direction(), self.direction()) if with_behavior else None
        return hpa.HpaSpec(max(1, low + self.randint(0, 12)), low, metrics, behavior)

    def pod(self, name: str, now: float) -> Pod:
        """Mostly one that runs, at any stage of its start."""
        changed, started = now - self.choice(SPANS), now - self.choice(SPANS)
        requests = {"cpu": self.choice([100, 500]), "memory": self.choice([0, 1000])}
        return Pod(
            name=name,
            phase=PodPhase.RUNNING if self.hits(0.8) else self.choice(list(PodPhase)),
            created_at=0.0,
            started_at=None if self.hits(0.05) else started,
            readiness=self.choice([None, *ConditionStatus, *[ConditionStatus.TRUE] * 4]),
            readiness_changed_at=None if self.hits(0.1) else changed,
            deleting=self.hits(0.1),
            containers=(Container("app", {} if self.hits(0.02) else requests),),
            sidecars=(Container("proxy", {"cpu": 100, "memory": 500}),) if self.hits(0.7) else (),
        )

    def observed(self, spec: hpa.HpaSpec, now: float) -> packing.Observed:
        """Pods, and answers for most of them and at times for a stray."""
        fleet = tuple(self.pod(f"p{place}", now) for place in range(self.choice([0, 1, 2, 3, 5, 8])))
        names = [pod.name for pod in fleet if self.hits(0.8)] + ["stray"] * self.hits(0.2)
        rows = tuple(
            PodSample(
                name,
                {
                    part: {"cpu": self.choice(USAGES), "memory": self.choice(USAGES)}
                    for part in ("app", "proxy")
                },
                now - self.choice(SPANS),
                30.0,
            )
            for name in names
        )
        figures = [
            hpa.PodFigure(name, self.choice(USAGES), now - self.choice(SPANS), self.choice([None, 30.0]))
            for name in names
        ]
        read = [metric for metric in spec.metrics if self.hits(0.9)]
        return packing.Observed(
            spec,
            fleet,
            rows if self.hits(0.9) else self.choice([(), None]),
            hpa.Readings(
                pods={metric: figures for metric in read if metric.kind is K.PODS},
                objects={metric: self.choice(USAGES) for metric in read if metric.kind is K.OBJECT},
                external={
                    metric: [self.choice(USAGES) for _ in range(self.randint(1, 3))]
                    for metric in read
                    if metric.kind is K.EXTERNAL
                },
            ),
        )

    def scale(self, current: int) -> hpa.ScaleObservation:
        selector = self.choice(list(hpa.Selector)) if self.hits(0.05) else hpa.Selector.VALID
        return hpa.ScaleObservation(current, self.choice([current, self.randint(0, 8)]), selector)


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


@settings(deadline=None, max_examples=400)
@given(st.integers(0, 2**63))
def test_pass_after_pass_both_forms_are_equal(seed):
    """Sizes, proposals, figures, reasons and logs, whatever was written or left, grew or went in between."""
    dice = Dice(seed)
    batch, parameters = dice.specs(), dice.parameters()
    scalars = [Scalar(spec, parameters, dice.randint(0, 9)) for spec in batch]
    spec = packing.specs(batch, parameters)
    logs, now = packing.first_logs(len(batch)), START
    for _ in range(dice.randint(1, 6)):
        now += dice.choice(SPANS)
        scales = [dice.scale(one.current) for one in scalars]
        observed = [dice.observed(one, now) for one in batch]
        writes = [dice.hits(0.8) for _ in batch]
        before = [one.conditions for one in scalars]
        results = [
            one.step(scale, seen, now, write)
            for one, scale, seen, write in zip(scalars, scales, observed, writes, strict=True)
        ]
        pods, metrics = packing.metrics(observed, parameters)
        moment = np.full(len(batch), now)
        found = arrays.reconcile(spec, metrics, parameters, packing.scales(scales), pods, logs, moment)
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
    pods, metrics = packing.metrics([packing.Observed(spec, ())], hpa.PRODUCTION)
    once = arrays.reconcile(packed, metrics, hpa.PRODUCTION, scale, pods, logs, np.array([START]))
    assert not logs.seen.any()
    assert packing.logs(once.logs, 0).recommendations == (hpa.Recommendation(3, START),)
    later = arrays.reconcile(packed, metrics, hpa.PRODUCTION, scale, pods, once.logs, np.array([START + 15]))
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

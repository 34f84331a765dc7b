"""The array form is the scalar form: equal in every figure, over passes that follow each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rlagents.policies import hpa
from rlagents.policies.hpa import arrays
from rlagents.policies.hpa.arrays import observations, packing
from rlagents.policies.hpa.arrays.normalizing import REASONS
from rlagents.policies.hpa.arrays.proposals import FAILURES
from rlagents.structs.reasons import Reason

START = 100_000.0
SPANS = (0.0, 0.5, 15.0, 30.0, 60.0, 285.0, 300.0, 315.0)


class Scalar:
    """The reference: one HPA, pass after pass."""

    def __init__(self, spec: hpa.HpaSpec, parameters: hpa.HpaParameters, current: int) -> None:
        self.spec, self.parameters, self.current = spec, parameters, current
        self.logs: hpa.HpaLogs | None = None
        self.conditions: tuple[hpa.Condition, ...] = ()

    def step(self, scale, observed: observations.Observed, now: float, writes: bool) -> hpa.HpaResult:
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
        after = hpa.written(result, self.spec, self.parameters, now) if writes else result
        self.logs, self.conditions = after.logs, after.conditions
        if writes and result.desired is not None:
            self.current = result.desired
        return result


class Batch:
    """The same HPAs in both forms, from whatever state the dice gave them."""

    def __init__(self, dice) -> None:
        self.dice, self.parameters, self.now = dice, dice.parameters(), START
        self.specs = dice.specs()
        self.scalars = [Scalar(spec, self.parameters, dice.randint(0, 9)) for spec in self.specs]
        for one in self.scalars:
            one.logs = dice.logs(START)
            one.conditions = (hpa.SCALED_TO_ZERO,) if dice.hits(0.5) else ()
        self.packed = packing.specs(self.specs, self.parameters)
        self.logs = packing.past([one.logs for one in self.scalars], [bool(one.conditions) for one in self.scalars])  # fmt: skip

    def step(self) -> tuple[list[hpa.HpaResult], arrays.PassArrays, list[tuple[hpa.Condition, ...]]]:
        """One pass of both, with the conditions that stood before it."""
        dice, services = self.dice, len(self.specs)
        self.now += dice.choice(SPANS)
        scales = [dice.scale(one.current) for one in self.scalars]
        observed = [dice.observed(spec, self.now) for spec in self.specs]
        writes = [dice.hits(0.8) for _ in self.specs]
        before = [one.conditions for one in self.scalars]
        results = [
            one.step(scale, seen, self.now, write)
            for one, scale, seen, write in zip(self.scalars, scales, observed, writes, strict=True)
        ]
        pods, metrics = observations.metrics(observed, self.parameters)
        moment, spec = np.full(services, self.now), self.packed
        if dice.hits(0.5):
            spec, metrics, pods = self._littered(metrics, pods)
        found = arrays.reconcile(
            spec, metrics, self.parameters, packing.scales(scales), pods, self.logs, moment
        )
        self.logs = arrays.written(found, spec, self.parameters, moment, np.array(writes))
        return results, found, before

    def _littered(self, metrics, pods):
        """What stands in empty slots must not count."""
        dice, logs = self.dice, self.logs
        noted = logs.recommendations
        self.logs = replace(
            logs,
            recommendations=dice.littered(noted, noted.filled),
            scale_ups=dice.littered(logs.scale_ups, logs.scale_ups.filled),
            scale_downs=dice.littered(logs.scale_downs, logs.scale_downs.filled),
        )
        spec = self.packed
        if spec.behavior is not None:
            up, down = (dice.littered(one, one.exists) for one in (spec.behavior.up, spec.behavior.down))
            spec = replace(spec, behavior=arrays.BehaviorArrays(up, down))
        return spec, [dice.littered_metric(one, pods) for one in metrics], dice.littered(pods, pods.exists)


def reason(result: hpa.HpaResult, kind: hpa.ConditionType, before: tuple[hpa.Condition, ...]):
    """What this pass says of a condition; None where it keeps what stood there."""
    told = next((one for one in result.conditions if one.type is kind), None)
    return None if told is None or any(told is one for one in before) else told.reason


def check(result: hpa.HpaResult, found: arrays.PassArrays, place: int, before) -> None:
    """One service's pass, figure by figure."""
    assert found.current[place] == result.current
    assert bool(found.has_desired[place]) == (result.desired is not None)
    assert found.desired[place] == (result.current if result.desired is None else result.desired)
    assert bool(found.may_write[place]) == result.may_write
    assert bool(found.has_proposal[place]) == (result.proposal is not None)
    assert result.proposal is None or found.proposal[place] == result.proposal
    assert REASONS[found.able[place]] == reason(result, hpa.ConditionType.ABLE_TO_SCALE, before)
    assert REASONS[found.limited[place]] == reason(result, hpa.ConditionType.SCALING_LIMITED, before)
    assert REASONS[found.active[place]] == reason(result, hpa.ConditionType.SCALING_ACTIVE, before)
    limited, stabilized = result.limited, result.stabilized
    changed = limited is not None and stabilized is not None and limited.replicas != stabilized.replicas
    assert bool(found.is_limited[place]) == changed
    assert bool(found.was_measured[place]) == bool(result.metrics) or not found.metrics
    for status, proposed in zip(result.metrics, found.metrics, strict=bool(result.metrics)):
        check_metric(status, proposed, place)


def check_metric(status: hpa.MetricStatus, proposed: arrays.Proposed, place: int) -> None:
    """One metric's proposal with the figures it reports, or its failure."""
    assert FAILURES[proposed.failure[place]] == status.failure
    if status.proposal is None:
        return
    assert proposed.replicas[place] == status.proposal
    for name in ("utilization", "average_value", "value"):
        expected, figures = getattr(status.figures, name), getattr(proposed, name)
        assert (None if figures is None else figures[place]) == expected


@settings(deadline=None, max_examples=600)
@given(seed=st.integers(0, 2**63))
def test_pass_after_pass_both_forms_are_equal(seed, dice):
    """Sizes, proposals, figures, failures, reasons, marks and logs, whatever happened before and between."""
    batch = Batch(dice(seed))
    for _ in range(batch.dice.randint(1, 6)):
        results, found, before = batch.step()
        for place, result in enumerate(results):
            check(result, found, place, before[place])
        for place, one in enumerate(batch.scalars):
            assert packing.logs(batch.logs, place) == one.logs
            assert bool(batch.logs.scaled_to_zero[place]) == hpa.is_scaled_to_zero(one.conditions)


def test_the_cases_reach_every_failure_and_reason(dice):
    """Of the cases that both forms are compared on, some end in each way that a pass can end in."""
    failures, reasons = set(), set()
    for seed in range(300):
        batch = Batch(dice(seed))
        for _ in range(3):
            results, _, _ = batch.step()
            failures |= {status.failure for result in results for status in result.metrics}
            reasons |= {one.reason for result in results for one in result.conditions}
    assert failures == {None, *hpa.Failure}
    # The HPA's own words stand first in the vocabulary; two of them belong to reading and writing the scale.
    own = list(Reason)[: list(Reason).index(Reason.BASELINE_MODE)]
    assert {*own, Reason.SUCCEEDED_GET_SCALE} <= reasons


def test_nothing_given_is_changed(dice):
    """Specs, figures, pods and logs are the same after a pass and its writing as before it."""
    for seed in range(40):
        batch = Batch(dice(seed))
        observed = [batch.dice.observed(spec, START) for spec in batch.specs]
        pods, metrics = observations.metrics(observed, batch.parameters)
        scale = packing.scales([batch.dice.scale(one.current) for one in batch.scalars])
        moment, every = np.full(len(batch.specs), START), np.ones(len(batch.specs), np.bool_)
        given_arrays = [*leaves((batch.packed, scale, pods, batch.logs, moment, *metrics))]
        for array in given_arrays:
            array.setflags(write=False)
        copies = [array.copy() for array in given_arrays]
        found = arrays.reconcile(batch.packed, metrics, batch.parameters, scale, pods, batch.logs, moment)
        arrays.written(found, batch.packed, batch.parameters, moment, every)
        for array, copy in zip(given_arrays, copies, strict=True):
            np.testing.assert_array_equal(array, copy)


def leaves(part):
    """All arrays below."""
    if isinstance(part, np.ndarray):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from leaves(one)
    elif hasattr(part, "__dataclass_fields__"):
        for name in part.__dataclass_fields__:
            yield from leaves(getattr(part, name))

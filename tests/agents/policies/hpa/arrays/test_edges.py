"""Edges, one by one: what stands exactly on a bound, with the size that has to come out in both forms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from rlagents.policies import hpa
from rlagents.policies.hpa import arrays
from rlagents.policies.hpa.arrays import observations, packing
from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase, PodSample

NOW = 100_000.0
K = hpa.MetricKind
P = hpa.PolicyKind
HALF = hpa.MetricSpec(K.RESOURCE, "cpu", hpa.MetricTarget(utilization=50))
FULL = hpa.MetricSpec(K.RESOURCE, "cpu", hpa.MetricTarget(utilization=100))
OBJECT = hpa.MetricSpec(K.OBJECT, "hits", hpa.MetricTarget(value=1000))
QUEUE = hpa.MetricSpec(K.EXTERNAL, "queue", hpa.MetricTarget(average_value=1000))
FREELY = hpa.Behavior(
    hpa.ScalingRules(policies=(hpa.Policy(P.PERCENT, 900, 15.0),)), hpa.ScalingRules(window=0.0)
)
BY_DEFAULT = hpa.ScalingRules()
NOTHING_NOTED = hpa.HpaLogs(())
ZERO = hpa.HpaParameters(scale_to_zero=True)
T, F = ConditionStatus.TRUE, ConditionStatus.FALSE


def pods(count, **changes):
    """Pods that serve since long and ask for one core."""
    one = Pod("", PodPhase.RUNNING, 0.0, 0.0, T, 0.0, containers=(Container("app", {"cpu": 1000}),))
    return tuple(replace(one, name=f"p{place}", **changes) for place in range(count))


def others(count, **changes):
    """Further pods, in another state."""
    return tuple(replace(pod, name=f"other{place}") for place, pod in enumerate(pods(count, **changes)))


def usage(*values, name="p", taken_at=NOW):
    """A row for each pod, in milli-cores."""
    return [
        PodSample(f"{name}{place}", {"app": {"cpu": value}}, taken_at, 30.0)
        for place, value in enumerate(values)
    ]


def behavior(up=BY_DEFAULT, down=BY_DEFAULT):
    """Both directions."""
    return hpa.Behavior(up, down)


@dataclass(frozen=True)
class Case:
    """One service at one moment, in the scalar form; 4 replicas at 50 % of 50 % unless it says otherwise."""

    sentence: str
    desired: int | None
    metrics: tuple[hpa.MetricSpec, ...] = (HALF,)
    behavior: hpa.Behavior | None = FREELY
    bounds: tuple[int, int] = (1, 100)
    current: int = 4
    observed: int | None = None
    pods: tuple[Pod, ...] = pods(4)
    samples: list[PodSample] | None = field(default_factory=lambda: usage(500, 500, 500, 500))
    readings: hpa.Readings = hpa.NOTHING_READ
    logs: hpa.HpaLogs | None = NOTHING_NOTED
    marked: bool = False
    parameters: hpa.HpaParameters = hpa.PRODUCTION


def noted(*entries):
    """Recommendations as size and age."""
    return hpa.HpaLogs(tuple(hpa.Recommendation(size, NOW - age) for size, age in entries))


def grown(change, age):
    """Replicas added some time ago."""
    return hpa.HpaLogs((), (hpa.ScaleEvent(change, NOW - age),))


def starting(age, readiness=T, changed=None):
    """Four pods of an age, and two that are long there; the youngsters' samples are hot."""
    started = NOW - age
    young = others(
        4,
        started_at=started,
        readiness=readiness,
        readiness_changed_at=started if changed is None else changed,
    )
    return pods(2) + young


HOT = usage(500, 500) + usage(2000, 2000, 2000, 2000, name="other", taken_at=NOW)
UP_5 = behavior(hpa.ScalingRules(window=60.0, policies=(hpa.Policy(P.PODS, 50, 15.0),)))
DOWN_60 = behavior(down=hpa.ScalingRules(window=60.0))
IDLE = usage(100, 100, 100, 100)
BUSY = usage(1000, 1000, 1000, 1000)
TEN_PERCENT = behavior(hpa.ScalingRules(policies=(hpa.Policy(P.PERCENT, 10, 60.0),)))
BY_TENTH = behavior(down=hpa.ScalingRules(window=0.0, policies=(hpa.Policy(P.PERCENT, 10, 60.0),)))
TWO = (hpa.Policy(P.PODS, 1, 60.0), hpa.Policy(P.PERCENT, 100, 60.0))

CASES = [
    Case("A ratio at the upper end of the tolerance changes nothing.", 4, samples=usage(550, 550, 550, 550)),
    Case("One percent more does.", 5, samples=usage(560, 560, 560, 560)),
    Case("A part of a percent more does not: percents are cut before they are divided.", 4, samples=usage(559, 559, 559, 559)),
    Case("A ratio at the lower end changes nothing.", 40, (FULL,), current=40, pods=pods(40), samples=usage(*[900] * 40)),
    Case("One percent less does.", 36, (FULL,), current=40, pods=pods(40), samples=usage(*[890] * 40)),
    Case("An own tolerance of 0 lets one percent through.", 5, behavior=behavior(hpa.ScalingRules(tolerance=0.0)), samples=usage(510, 510, 510, 510)),
    Case("No usage at all shrinks to the minimum.", 1, samples=usage(0, 0, 0, 0)),
    Case("Usage below zero counts as a size of 0.", 1, samples=usage(-70, -50, -999, -1)),
    Case("Without behaviour, a recommendation as old as the window still holds.", 4, behavior=None, samples=IDLE, logs=noted((4, 300.0))),
    Case("A moment older, it does not.", 1, behavior=None, samples=IDLE, logs=noted((4, 300.001))),
    Case("With behaviour, a recommendation as old as the window holds no more.", 1, behavior=DOWN_60, samples=IDLE, logs=noted((4, 60.0))),
    Case("A moment younger, it does.", 3, behavior=DOWN_60, samples=IDLE, logs=noted((3, 59.999))),
    Case("The window for growing keeps its far end out, too.", 8, behavior=UP_5, samples=BUSY, logs=noted((5, 60.0))),
    Case("A moment younger, the smaller recommendation holds growth.", 5, behavior=UP_5, samples=BUSY, logs=noted((5, 59.999))),
    Case("A change as old as the period is not counted any more.", 5, behavior=TEN_PERCENT, samples=BUSY, logs=grown(1, 60.0)),
    Case("A moment younger, it uses up what may be added.", 4, behavior=TEN_PERCENT, samples=BUSY, logs=grown(1, 59.999)),
    Case("Ten percent above 100 is 111, in doubles and rounded up.", 111, bounds=(1, 500), behavior=TEN_PERCENT, current=100, pods=pods(100), samples=usage(*[1000] * 100)),
    Case("Ten percent below 15 is 13: it truncates, and removes more.", 13, behavior=BY_TENTH, current=15, pods=pods(15), samples=usage(*[100] * 15)),
    Case("Fifty percent below 1000 is 500.", 500, (QUEUE,), behavior(down=hpa.ScalingRules(0.0, policies=(hpa.Policy(P.PERCENT, 50, 60.0),))), (1, 2000), 1000, pods=(), readings=hpa.Readings(external={QUEUE: [1000]})),
    Case("Min takes the policy that allows least.", 5, behavior=behavior(hpa.ScalingRules(select=hpa.SelectPolicy.MIN, policies=TWO)), samples=BUSY),
    Case("Max takes the one that allows most.", 8, behavior=behavior(hpa.ScalingRules(policies=TWO)), samples=BUSY),
    Case("Min on the way down keeps the greater size.", 3, behavior=behavior(down=hpa.ScalingRules(0.0, hpa.SelectPolicy.MIN, TWO)), samples=IDLE),
    Case("Disabled never grows.", 4, behavior=behavior(hpa.ScalingRules(select=hpa.SelectPolicy.DISABLED)), samples=BUSY),
    Case("Disabled never shrinks.", 4, behavior=behavior(down=hpa.ScalingRules(0.0, hpa.SelectPolicy.DISABLED)), samples=IDLE),
    Case("With minimum and maximum equal, there is one size.", 4, bounds=(4, 4), samples=BUSY),
    Case("Above the maximum, the size is corrected without a look at metrics.", 3, bounds=(1, 3), samples=None),
    Case("Below the minimum, likewise.", 6, bounds=(6, 9), samples=None),
    Case("Without behaviour a pass at most doubles.", 8, behavior=None, samples=usage(5000, 5000, 5000, 5000)),
    Case("At a size of 1, it may grow to 4.", 4, behavior=None, current=1, pods=pods(1), samples=usage(5000)),
    Case("At the age of the initialisation period, a pod's CPU counts.", 18, current=6, pods=starting(300.0), samples=HOT),
    Case("A moment younger and just ready, it does not.", 6, current=6, pods=starting(299.999, changed=NOW - 29.999), samples=HOT),
    Case("A young pod whose sample is a whole window younger than its readiness counts.", 18, current=6, pods=starting(299.0, changed=NOW - 30.0), samples=HOT),
    Case("A young pod that is not ready does not count.", 6, current=6, pods=starting(299.0, F, NOW - 200.0), samples=HOT),
    Case("An old pod unready since its delay exactly counts: it may have been ready.", 18, current=6, pods=starting(400.0, F, NOW - 370.0), samples=HOT),
    Case("One unready since a moment less never was ready.", 6, current=6, pods=starting(400.0, F, NOW - 370.001), samples=HOT),
    Case("A pod without a readiness condition does not count.", 6, current=6, pods=starting(400.0, None), samples=HOT),
    Case("Pending pods count as using nothing on the way up.", 6, current=6, pods=pods(4) + others(2, phase=PodPhase.PENDING), samples=usage(800, 800, 800, 800)),
    Case("Missing pods count as using nothing on the way up.", 6, current=6, pods=pods(4) + others(2), samples=usage(800, 800, 800, 800)),
    Case("Missing pods count as using all they ask for on the way down.", 5, current=6, pods=pods(4) + others(2), samples=IDLE),
    Case("They ask for the whole of it: with half of 100 idle pods missing, half are wanted.", 50, (FULL,), current=100, pods=pods(100), samples=usage(*[0] * 50)),
    Case("Above 100 %, they count as using the target.", 75, (replace(FULL, target=hpa.MetricTarget(utilization=200)),), current=100, pods=pods(100), samples=usage(*[1000] * 50)),
    Case("Pods being deleted count for nothing.", 8, current=6, pods=pods(4) + others(2, deleting=True), samples=BUSY + usage(0, 0, name="other")),
    Case("Failed pods, likewise.", 8, current=6, pods=pods(4) + others(2, phase=PodPhase.FAILED), samples=BUSY + usage(0, 0, name="other")),
    Case("A failing metric blocks shrinking.", None, (HALF, OBJECT), samples=IDLE),
    Case("A failing metric does not block growing.", 8, (OBJECT, HALF), samples=BUSY),
    Case("The largest of two proposals counts.", 12, (HALF, OBJECT), samples=BUSY, readings=hpa.Readings(objects={OBJECT: 3000})),
    Case("A shared figure starts from the observed replicas.", 9, (QUEUE,), observed=9, readings=hpa.Readings(external={QUEUE: [9500]})),
    Case("Asleep and marked, a figure wakes it.", 3, (OBJECT,), bounds=(0, 9), current=0, pods=(), readings=hpa.Readings(objects={OBJECT: 2001}), marked=True, parameters=ZERO, behavior=None),
    Case("Asleep without the mark, it is off.", 0, (OBJECT,), bounds=(0, 9), current=0, pods=(), readings=hpa.Readings(objects={OBJECT: 2001}), parameters=ZERO),
    Case("With the gate off, the mark helps nothing.", 0, (OBJECT,), bounds=(0, 9), current=0, pods=(), readings=hpa.Readings(objects={OBJECT: 2001}), marked=True),
    Case("Asleep and marked, with nothing to read that could wake it, it is off.", 0, bounds=(0, 9), current=0, pods=(), marked=True, parameters=ZERO),
    Case("Idle pods may put it to sleep, unmarked, where only pods are measured.", 0, bounds=(0, 9), samples=usage(0, 0, 0, 0), parameters=ZERO),
    Case("On waking, the minimum holds whatever the rates allow.", 5, (OBJECT,), bounds=(5, 9), current=0, pods=(), readings=hpa.Readings(objects={OBJECT: 1}), marked=True, parameters=ZERO),
    Case("A figure of 0 puts it to sleep.", 0, (OBJECT,), bounds=(0, 9), readings=hpa.Readings(objects={OBJECT: 0}), parameters=ZERO),
    Case("At first sight the present size holds.", 4, behavior=None, samples=IDLE, logs=None),
    Case("An empty log holds nothing.", 1, behavior=None, samples=IDLE),
    Case("Without any metric there is no size.", None, ()),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_edge(case):
    """Both forms come to the size that the case names, and to the same logs and mark once it is written."""
    low, high = case.bounds
    spec = hpa.HpaSpec(high, low, case.metrics, case.behavior)
    scale = hpa.ScaleObservation(case.current, case.current if case.observed is None else case.observed)
    conditions = (hpa.SCALED_TO_ZERO,) if case.marked else ()
    result = hpa.reconcile(
        spec, case.parameters, scale, case.pods, case.samples, case.logs, NOW, case.readings, conditions
    )
    assert result.desired == case.desired
    seen = observations.Observed(spec, case.pods, case.samples, case.readings)
    fleet, metrics = observations.metrics([seen], case.parameters)
    packed = packing.specs([spec], case.parameters)
    found = arrays.reconcile(
        packed,
        metrics,
        case.parameters,
        packing.scales([scale]),
        fleet,
        packing.past([case.logs], [case.marked]),
        np.array([NOW]),
    )
    assert found.has_desired.tolist() == [case.desired is not None]
    assert case.desired is None or found.desired.tolist() == [case.desired]
    after = hpa.written(result, spec, case.parameters, NOW)
    later = arrays.written(found, packed, case.parameters, np.array([NOW]), np.array([True]))
    assert packing.logs(later, 0) == after.logs
    assert later.scaled_to_zero.tolist() == [hpa.is_scaled_to_zero(after.conditions)]

"""What goes into arrays, and what is refused because it would not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rlagents.policies import hpa
from rlagents.policies.hpa import arrays
from rlagents.policies.hpa.arrays import counts, observations, packing
from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase, PodSample

NOW = 100_000.0
K = hpa.MetricKind
MEMORY = hpa.MetricSpec(K.RESOURCE, "memory", hpa.MetricTarget(utilization=50))
AVERAGE = hpa.MetricSpec(K.RESOURCE, "memory", hpa.MetricTarget(average_value=1000))
OBJECT = hpa.MetricSpec(K.OBJECT, "hits", hpa.MetricTarget(value=1))
QUEUE = hpa.MetricSpec(K.EXTERNAL, "queue", hpa.MetricTarget(average_value=1))


def pod(name="p0", request=1000):
    """A pod that serves."""
    containers = (Container("app", {"memory": request}),)
    return Pod(name, PodPhase.RUNNING, 0.0, 0.0, ConditionStatus.TRUE, 0.0, containers=containers)


ALONE = (pod(),)


def observed(metric, fleet=ALONE, usage=(), **readings):
    """One service with one metric."""
    rows = [PodSample(name, {"app": {"memory": value}}, NOW, 30.0) for name, value in usage]
    return observations.Observed(hpa.HpaSpec(10, 1, (metric,)), fleet, rows, hpa.Readings(**readings))


def proposals(one):
    """What both forms propose for three replicas."""
    scale = hpa.ScaleObservation(3, 3)
    pods, metrics = observations.metrics([one], hpa.PRODUCTION)
    spec = packing.specs([one.spec], hpa.PRODUCTION)
    found = arrays.reconcile(spec, metrics, hpa.PRODUCTION, packing.scales([scale]), pods, arrays.unseen(1), np.array([NOW]))  # fmt: skip
    result = hpa.reconcile(one.spec, hpa.PRODUCTION, scale, one.pods, one.samples, None, NOW, one.readings)
    return int(found.metrics[0].replicas[0]), result.metrics[0].proposal


LARGEST = counts.LARGEST_TOTAL - 1
FITTING = {
    "usage as large as may be": observed(MEMORY, usage=[("p0", LARGEST - 1000)]),
    "usage as far below zero as may be": observed(MEMORY, usage=[("p0", 1000 - LARGEST)]),
    "a request as large as may be": observed(MEMORY, (pod(request=LARGEST - 7),), usage=[("p0", 7)]),
    "a missing pod on target, as large as may be": observed(
        replace(MEMORY, target=hpa.MetricTarget(utilization=200)),
        (pod(request=7), pod("p1", LARGEST // 2 - 100)),
        usage=[("p0", 1)],
    ),
    "an average as large as may be": observed(AVERAGE, usage=[("p0", LARGEST - 1000)]),
    "the largest figure of an object": observed(OBJECT, objects={OBJECT: 2**63 - 1}),
    "the smallest figure of an object": observed(OBJECT, objects={OBJECT: 1 - 2**63}),
    "series that exceed 64 bits, which are cut": observed(QUEUE, external={QUEUE: [2**62, 2**62]}),
}
EXCESSIVE = {
    "usage of two pods": observed(MEMORY, (pod(), pod("p1")), usage=[("p0", LARGEST // 2), ("p1", LARGEST // 2)]),
    "usage below zero": observed(MEMORY, usage=[("p0", -LARGEST)]),
    "one sample beyond 64 bits": observed(MEMORY, usage=[("p0", 2**63)]),
    "usage beside what a missing pod counts": observed(MEMORY, (pod(), pod("p1", LARGEST // 2)), usage=[("p0", LARGEST // 2)]),
    "a request times its target": observed(replace(MEMORY, target=hpa.MetricTarget(utilization=200)), (pod(request=LARGEST // 2 + 1),), usage=[("p0", 1)]),
    "usage for an average": observed(AVERAGE, usage=[("p0", LARGEST)]),
    "the target of many pods": observed(replace(AVERAGE, target=hpa.MetricTarget(average_value=LARGEST)), usage=[("p0", 1)]),
    "an object's figure": observed(OBJECT, objects={OBJECT: 2**63}),
    "an object's figure below zero": observed(OBJECT, objects={OBJECT: -(2**63)}),
    "series far below zero": observed(replace(QUEUE, target=hpa.MetricTarget(value=1)), external={replace(QUEUE, target=hpa.MetricTarget(value=1)): [-(2**62)] * 3}),
    "a target": observed(replace(OBJECT, target=hpa.MetricTarget(value=2**63))),
}  # fmt: skip


@pytest.mark.parametrize("name", FITTING)
def test_up_to_the_edge_both_forms_are_equal(name):
    """The largest figures that are taken give the size that the scalar form, without bounds, gives."""
    found, expected = proposals(FITTING[name])
    assert found == expected


@pytest.mark.parametrize("name", EXCESSIVE)
def test_beyond_the_edge_figures_are_refused(name):
    """What would wrap is refused, with what to do instead."""
    with pytest.raises(InvalidSpecError, match="take the scalar form"):
        observations.metrics([EXCESSIVE[name]], hpa.PRODUCTION)


PLAIN = hpa.parse(None, None, 1, 10)
CPU = PLAIN.metrics[0]


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, behavior=hpa.Behavior()),
        replace(PLAIN, metrics=(CPU, CPU)),
        replace(PLAIN, metrics=()),
        replace(PLAIN, metrics=(replace(CPU, name="memory"),)),
        replace(PLAIN, metrics=(replace(CPU, kind=K.CONTAINER_RESOURCE),)),
        replace(PLAIN, metrics=(replace(CPU, target=hpa.MetricTarget()),)),
        replace(PLAIN, metrics=(replace(CPU, target=hpa.MetricTarget(average_value=5)),)),
    ],
    ids=["behaviour", "number", "none", "resource", "kind", "no target", "sort of target"],
)
def test_a_batch_has_one_structure(other):
    """HPAs that differ in more than figures are refused, with what to do."""
    with pytest.raises(InvalidSpecError, match="a batch of their own"):
        packing.specs([PLAIN, other], hpa.PRODUCTION)


def test_names_other_than_cpu_may_differ_within_a_batch():
    """Only CPU is treated in its own way: memory and any other resource go together, and so do two of CPU."""
    memory, disk = (replace(PLAIN, metrics=(replace(CPU, name=name),)) for name in ("memory", "disk"))
    assert len(packing.specs([memory, disk], hpa.PRODUCTION).low) == 2
    assert len(packing.specs([PLAIN, PLAIN], hpa.PRODUCTION).low) == 2


def test_figures_may_differ_within_a_batch():
    """Bounds, targets, tolerances, windows and policies, and how many of them, are each service's own."""
    policies = tuple(hpa.Policy(hpa.PolicyKind.PODS, value, 15.0) for value in (1, 2, 3))
    up = hpa.ScalingRules(30.0, hpa.SelectPolicy.MIN, policies, 0.5)
    specs = [
        replace(PLAIN, behavior=hpa.Behavior()),
        hpa.HpaSpec(50, 5, (replace(CPU, target=hpa.MetricTarget(utilization=1)),), hpa.Behavior(up)),
    ]
    found = packing.specs(specs, hpa.PRODUCTION)
    assert found.behavior is not None
    assert found.behavior.up.exists.tolist() == [[True, True, False], [True, True, True]]
    assert found.behavior.up.window.tolist() == [0.0, 30.0]
    assert found.tolerance_up.tolist() == [0.1, 0.5]
    assert (found.low.tolist(), found.high.tolist()) == ([1, 5], [10, 50])

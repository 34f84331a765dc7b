"""The scenarios. Pods request a quarter of a core, so at a target of 50 % eight pods are right for one core.

Figures are chosen so that no act meets a half-finished step of the one before: see `paces`.
"""

from __future__ import annotations

from typing import Any, Final

from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.conformance.paces import SLOW_STARTUP
from rlautoscaler.conformance.scenarios import (
    Act,
    Edit,
    Hide,
    Level,
    Moment,
    Quantity,
    Release,
    Resize,
    Restart,
    Scenario,
    Sicken,
    Silence,
)

CPU, MEMORY, QUEUE = Quantity.CPU, Quantity.MEMORY, Quantity.QUEUE


def _cpu(percent: int = 50) -> Manifest:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _memory(average: str) -> Manifest:
    return {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": average}},
    }


def _container_cpu(container: str, percent: int) -> Manifest:
    target = {"type": "Utilization", "averageUtilization": percent}
    source = {"name": "cpu", "container": container, "target": target}
    return {"type": "ContainerResource", "containerResource": source}


def _pods(average: str) -> Manifest:
    target = {"type": "AverageValue", "averageValue": average}
    return {"type": "Pods", "pods": {"metric": {"name": "requests"}, "target": target}}


def _object(scenario: str, **target: str) -> Manifest:
    described = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": scenario}
    source = {"describedObject": described, "metric": {"name": "hits"}, "target": _figure(target)}
    return {"type": "Object", "object": source}


def _external(scenario: str, **target: str) -> Manifest:
    metric = {"name": f"queue-{scenario}"}
    return {"type": "External", "external": {"metric": metric, "target": _figure(target)}}


def _figure(target: dict[str, str]) -> dict[str, str]:
    return {"type": "AverageValue" if "averageValue" in target else "Value", **target}


def _policies(*policies: tuple[str, int, int]) -> list[dict[str, Any]]:
    return [{"type": kind, "value": value, "periodSeconds": period} for kind, value, period in policies]


def _course(*acts: tuple[float, Act]) -> tuple[Moment, ...]:
    return tuple(Moment(at, act) for at, act in acts)


ALL: Final = (
    Scenario(
        name="rise",
        sentence="demand grows in steps; the size follows, doubles at most, stops at the maximum",
        metrics=[_cpu()],
        levels={CPU: 0.25},
        moments=_course((6, Level(CPU, 0.6)), (26, Level(CPU, 1.5)), (46, Level(CPU, 3.6))),
        seconds=66,
        replicas=2,
        min_replicas=2,
    ),
    Scenario(
        name="fall",
        sentence="demand falls; the size follows one window later, grows at once, shrinks again",
        metrics=[_cpu()],
        levels={CPU: 1.25},
        moments=_course(
            (6, Level(CPU, 0.75)), (40, Level(CPU, 0.3)), (76, Level(CPU, 0.6)), (90, Level(CPU, 0.45))
        ),
        seconds=120,
        replicas=10,
        max_replicas=12,
    ),
    Scenario(
        name="spike",
        sentence="a short spike is served, and its size is held for one window after it",
        metrics=[_cpu()],
        levels={CPU: 0.375},
        moments=_course(
            (6, Level(CPU, 1.2)), (18, Level(CPU, 0.375)), (60, Level(CPU, 0.9)), (72, Level(CPU, 0.375))
        ),
        seconds=104,
        replicas=3,
    ),
    Scenario(
        name="tolerance",
        sentence="ratios just inside, just on and just outside the tolerance, both ways",
        metrics=[_cpu()],
        levels={CPU: 0.5},
        moments=_course(
            (6, Level(CPU, 0.54)),
            (16, Level(CPU, 0.55)),
            (26, Level(CPU, 0.56)),
            (38, Level(CPU, 0.5625)),
            (48, Level(CPU, 0.48)),
            (80, Level(CPU, 0.45)),
            (90, Level(CPU, 0.36)),
        ),
        seconds=122,
        replicas=4,
    ),
    Scenario(
        name="own-tolerance",
        sentence="`behavior` names a tolerance of its own for each direction",
        metrics=[_cpu()],
        behavior={
            "scaleUp": {"tolerance": "0.3"},
            "scaleDown": {"tolerance": "0.04", "stabilizationWindowSeconds": 5},
        },
        levels={CPU: 0.5},
        moments=_course(
            (6, Level(CPU, 0.62)), (16, Level(CPU, 0.7)), (30, Level(CPU, 0.6)), (44, Level(CPU, 0.48))
        ),
        seconds=60,
        replicas=4,
    ),
    Scenario(
        name="slow-start",
        sentence="pods take four periods to start and burn CPU meanwhile; they count as using nothing",
        metrics=[_cpu()],
        levels={CPU: 0.25, Quantity.STARTING: 0.4},
        moments=_course((6, Level(CPU, 0.9)), (36, Level(CPU, 0.5)), (74, Level(CPU, 1.2))),
        seconds=104,
        replicas=2,
        startup=SLOW_STARTUP,
    ),
    Scenario(
        name="fresh-pods",
        sentence="CPU of a new pod is not believed before a whole sample window of readiness",
        metrics=[_cpu()],
        levels={CPU: 0.1},
        moments=_course((6, Level(CPU, 0.15)), (20, Level(CPU, 0.4)), (40, Level(CPU, 0.1))),
        seconds=74,
        replicas=1,
        sample_window=5,
    ),
    Scenario(
        name="lost-ready",
        sentence="old pods stop being ready: their CPU goes on to count, unlike that of pods that never were",
        metrics=[_cpu()],
        levels={CPU: 0.5, Quantity.STARTING: 0.1},
        moments=_course((56, Sicken(2)), (72, Level(CPU, 0.25))),
        seconds=106,
        replicas=4,
    ),
    Scenario(
        name="missing",
        sentence="pods without samples, then no answer at all: nothing shrinks on a guess, nor grows on one",
        metrics=[_cpu()],
        levels={CPU: 0.75},
        moments=_course(
            (6, Hide(2)),
            (16, Level(CPU, 0.6)),
            (26, Level(CPU, 0.3)),
            (36, Level(CPU, 0.12)),
            (72, Silence(CPU)),
            (73, Level(CPU, 0.9)),
            (82, Hide(0)),
            (92, Silence(CPU, is_silent=False)),
            (104, Hide(3)),
            (105, Level(CPU, 1.6)),
        ),
        seconds=118,
        replicas=6,
    ),
    Scenario(
        name="one-fails",
        sentence="of two metrics one fails: nothing shrinks, growing goes on",
        metrics=[_cpu(), _external("one-fails", averageValue="10")],
        levels={CPU: 0.5, QUEUE: 40},
        moments=_course(
            (6, Level(QUEUE, 80)),
            (18, Silence(QUEUE)),
            (19, Level(CPU, 0.4)),
            (50, Level(CPU, 1.6)),
            (62, Level(CPU, 0.5)),
            (63, Level(QUEUE, 30)),
            (72, Silence(QUEUE, is_silent=False)),
        ),
        seconds=94,
        replicas=4,
    ),
    Scenario(
        name="rollout",
        sentence="new versions roll out while demand rises, stays and has fallen",
        metrics=[_cpu()],
        levels={CPU: 0.5},
        # A rollout goes by its own clock; with slow pods its first state outlasts two passes of either side.
        moments=_course((6, Release("2")), (9, Level(CPU, 1.0)), (46, Level(CPU, 0.4)), (80, Release("3"))),
        seconds=118,
        replicas=4,
        startup=SLOW_STARTUP,
    ),
    Scenario(
        name="up-policies",
        sentence="growing under Pods and Percent policies, by the larger, then by the smaller",
        metrics=[_cpu()],
        behavior={
            "scaleUp": {"policies": _policies(("Pods", 2, 5), ("Percent", 50, 9)), "selectPolicy": "Max"}
        },
        levels={CPU: 0.5},
        moments=_course(
            (6, Level(CPU, 1.5)),
            (50, Edit({"behavior": {"scaleUp": {"selectPolicy": "Min"}}})),
            (59, Level(CPU, 2.0)),
        ),
        seconds=90,
        replicas=4,
    ),
    Scenario(
        name="down-policies",
        sentence="shrinking under Pods and Percent policies, by the larger, then by the smaller",
        metrics=[_cpu()],
        behavior={
            "scaleDown": {
                "stabilizationWindowSeconds": 5,
                "policies": _policies(("Percent", 30, 5), ("Pods", 1, 9)),
                "selectPolicy": "Max",
            }
        },
        levels={CPU: 2.0},
        moments=_course(
            (6, Level(CPU, 0.5)),
            (40, Level(CPU, 1.0)),
            (50, Edit({"behavior": {"scaleDown": {"selectPolicy": "Min"}}})),
            (60, Level(CPU, 0.75)),
        ),
        seconds=94,
        replicas=16,
    ),
    Scenario(
        name="disabled",
        sentence="`Disabled` forbids shrinking; then the user forbids growing instead",
        metrics=[_cpu()],
        behavior={"scaleDown": {"selectPolicy": "Disabled"}},
        levels={CPU: 0.5},
        moments=_course(
            (6, Level(CPU, 1.0)),
            (20, Level(CPU, 0.5)),
            (
                52,
                Edit(
                    {
                        "behavior": {
                            "scaleUp": {"selectPolicy": "Disabled"},
                            "scaleDown": {"selectPolicy": "Max", "stabilizationWindowSeconds": 5},
                        }
                    }
                ),
            ),
            (70, Level(CPU, 1.0)),
        ),
        seconds=86,
        replicas=4,
    ),
    Scenario(
        name="windows",
        sentence="windows in both directions hold the size between what was recommended lately",
        metrics=[_cpu()],
        behavior={
            "scaleUp": {"stabilizationWindowSeconds": 9},
            "scaleDown": {"stabilizationWindowSeconds": 15},
        },
        levels={CPU: 0.75},
        moments=_course(
            (6, Level(CPU, 1.25)),
            (34, Level(CPU, 0.5)),
            (64, Level(CPU, 1.0)),
            (80, Level(CPU, 0.75)),
        ),
        seconds=108,
        replicas=6,
    ),
    Scenario(
        name="bounds",
        sentence="minimum and maximum move across the present size, and a hand sets it outside of them",
        metrics=[_cpu()],
        levels={CPU: 1.0},
        moments=_course(
            (6, Edit({"maxReplicas": 5})),
            (20, Edit({"maxReplicas": 20})),
            (34, Level(CPU, 0.5)),
            (66, Edit({"minReplicas": 7})),
            (80, Edit({"minReplicas": 2})),
            (100, Resize(1)),
            (112, Level(CPU, 1.125)),
            (122, Edit({"maxReplicas": 9})),
            (131, Resize(12)),
        ),
        seconds=140,
        replicas=8,
        min_replicas=2,
    ),
    Scenario(
        name="memory",
        sentence="memory per pod beside CPU of one container of two",
        metrics=[_memory("100Mi"), _container_cpu("app", 50)],
        levels={CPU: 0.3, Quantity.SIDECAR: 0.09, MEMORY: 400},
        moments=_course(
            (6, Level(MEMORY, 650)), (20, Level(CPU, 1.0)), (34, Level(MEMORY, 220)), (46, Level(CPU, 0.3))
        ),
        seconds=80,
        replicas=4,
        has_sidecar=True,
    ),
    Scenario(
        name="pods-metric",
        sentence="a custom metric of the pods, of which some have none",
        metrics=[_pods("50")],
        levels={CPU: 0.1, Quantity.REQUESTS: 200},
        moments=_course(
            (6, Level(Quantity.REQUESTS, 330)),
            (20, Hide(2)),
            (30, Level(Quantity.REQUESTS, 150)),
            (62, Hide(0)),
        ),
        seconds=96,
        replicas=4,
    ),
    Scenario(
        name="object-metric",
        sentence="a custom metric of an Ingress, as a value, then as an average per pod",
        metrics=[_object("object-metric", value="100")],
        levels={CPU: 0.1, Quantity.HITS: 100},
        moments=_course(
            (6, Level(Quantity.HITS, 108)),
            (16, Level(Quantity.HITS, 160)),
            (28, Level(Quantity.HITS, 100)),
            (38, Level(Quantity.HITS, 70)),
            (68, Level(Quantity.HITS, 100)),
            (78, Edit({"metrics": [_object("object-metric", averageValue="20")]})),
            (88, Level(Quantity.HITS, 150)),
        ),
        seconds=102,
        max_replicas=7,
        replicas=4,
    ),
    Scenario(
        name="external",
        sentence="an external metric as an average per pod: up, down, and inside the tolerance",
        metrics=[_external("external", averageValue="10")],
        levels={CPU: 0.1, QUEUE: 30},
        moments=_course(
            (6, Level(QUEUE, 55)), (16, Level(QUEUE, 58)), (44, Level(QUEUE, 18)), (76, Level(QUEUE, 90))
        ),
        seconds=90,
        replicas=3,
    ),
    Scenario(
        name="zero",
        sentence="to zero and back, a minimum raised meanwhile, and a hand that turns scaling off",
        metrics=[_external("zero", averageValue="10")],
        behavior={"scaleDown": {"stabilizationWindowSeconds": 5}},
        levels={CPU: 0.1, QUEUE: 30},
        moments=_course(
            (6, Level(QUEUE, 0)),
            (24, Level(QUEUE, 25)),
            (38, Level(QUEUE, 0)),
            (56, Edit({"minReplicas": 2})),
            (68, Edit({"minReplicas": 0})),
            (78, Level(QUEUE, 20)),
            (92, Resize(0)),
            (102, Level(QUEUE, 40)),
            (112, Resize(1)),
        ),
        seconds=126,
        replicas=3,
        min_replicas=0,
    ),
    Scenario(
        name="restart-rate",
        sentence="restarted while a policy's period holds growth: the controller has forgotten the period",
        metrics=[_cpu()],
        behavior={"scaleUp": {"policies": _policies(("Pods", 2, 35))}},
        levels={CPU: 0.25},
        moments=_course((5, Level(CPU, 1.0)), (14, Restart())),
        seconds=66,
        replicas=2,
    ),
    Scenario(
        name="restart-window",
        sentence="restarted in mid downscale window: both protect the present size for one window anew",
        metrics=[_cpu()],
        levels={CPU: 1.0},
        moments=_course((5, Level(CPU, 0.5)), (14, Restart())),
        seconds=60,
        replicas=8,
    ),
)
"""In the table's order. Those that restart the autoscalers run after the others."""

SHORT: Final = (
    Scenario(
        name="short-cpu",
        sentence="CPU up, inside the tolerance, down after a short window",
        metrics=[_cpu()],
        behavior={"scaleDown": {"stabilizationWindowSeconds": 3}},
        levels={CPU: 0.25},
        moments=_course((2, Level(CPU, 0.6)), (11, Level(CPU, 0.25))),
        seconds=21,
        replicas=2,
    ),
    Scenario(
        name="short-policies",
        sentence="growing under a Pods and a Percent policy",
        metrics=[_cpu()],
        behavior={"scaleUp": {"policies": _policies(("Pods", 1, 3), ("Percent", 50, 5))}},
        levels={CPU: 0.25},
        moments=_course((2, Level(CPU, 0.75))),
        seconds=21,
        replicas=2,
    ),
    Scenario(
        name="short-zero",
        sentence="an external metric to zero and back",
        metrics=[_external("short-zero", averageValue="10")],
        behavior={"scaleDown": {"stabilizationWindowSeconds": 0}},
        levels={CPU: 0.1, QUEUE: 30},
        moments=_course((2, Level(QUEUE, 0)), (11, Level(QUEUE, 25))),
        seconds=21,
        replicas=3,
        min_replicas=0,
    ),
)
"""What `make test` has time for."""

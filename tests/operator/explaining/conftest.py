"""Objects as the API server has them after a decision, made by the baseline itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rlagents.policies import hpa
from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase, PodSample
from rlautoscaler.reconciling.explanations import explanation

NOW = 1_790_000_000.0
"""2026-09-21 14:13:20 UTC."""
MIB = 2**20 * 1000

CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
}


def passed(
    metrics: Sequence[dict[str, Any]] = (CPU,),
    *,
    behavior: dict[str, Any] | None = None,
    bounds: tuple[int, int] = (1, 20),
    current: int = 4,
    cores: Sequence[int] = (600, 600, 600, 600),
    pending: int = 0,
    missing: int = 0,
    figures: dict[str, int] | None = None,
    log: hpa.HpaLogs | None = None,
) -> dict[str, Any]:
    """`status.horizontal.explanation` of a pass over pods that request one core and 256 MiB.

    cores: milli-cores that each ready pod uses, 100 MiB with them.
    figures: milli-units by name of the metric; one that is absent cannot be read.
    """
    spec = hpa.parse(metrics, behavior, *bounds)
    box = Container("app", {"cpu": 1000, "memory": 256 * MIB})
    names = [f"ready{place}" for place in range(len(cores))]
    pods = [_pod(name, box) for name in (*names, *(f"missing{place}" for place in range(missing)))]
    pods += [_pod(f"pending{place}", box, PodPhase.PENDING) for place in range(pending)]
    usage = zip(names, cores, strict=True)
    samples = [
        PodSample(name, {"app": {"cpu": used, "memory": 100 * MIB}}, NOW, 30.0) for name, used in usage
    ]
    read = {one: (figures or {})[one.name] for one in spec.metrics if one.name in (figures or {})}
    readings = hpa.Readings(
        pods={one: [hpa.PodFigure(name, value, NOW) for name in names] for one, value in read.items()},
        objects=read,
        external={one: [value] for one, value in read.items()},
    )
    scale = hpa.ScaleObservation(current, current)
    logs = hpa.HpaLogs(()) if log is None else log
    return explanation(
        hpa.reconcile(spec, hpa.PRODUCTION, scale, pods, samples, logs, NOW, readings)
    ).document()


def _pod(name: str, box: Container, phase: PodPhase = PodPhase.RUNNING) -> Pod:
    return Pod(name, phase, 0.0, 0.0, ConditionStatus.TRUE, 100.0, containers=(box,))


def manifest(
    told: dict[str, Any] | None, *, conditions: Sequence[dict[str, Any]] = (), **target: Any
) -> dict[str, Any]:
    """An RLAutoscaler that was decided eight seconds before the clock of the tests."""
    decided = {
        "baseline": None if told is None else told.get("desired"),
        "applied": 4 if told is None else told.get("desired", 4),
        "source": "Baseline",
        "reason": "ShadowMode",
        "message": "cpu resource utilization (percentage of request) above target",
        "generatedAt": "2026-09-21T14:13:20Z",
    } | target
    known = {name: value for name, value in decided.items() if value is not None}
    horizontal = {"target": known} | ({} if told is None else {"explanation": told})
    return {
        "metadata": {"namespace": "shop", "name": "checkout", "generation": 2},
        "spec": {"rollout": {"mode": "Shadow"}},
        "status": {"observedGeneration": 2, "horizontal": horizontal, "conditions": list(conditions)},
    }


@pytest.fixture
def make_pass() -> Callable[..., dict[str, Any]]:
    """See `passed`."""
    return passed


@pytest.fixture
def make_manifest() -> Callable[..., dict[str, Any]]:
    """See `manifest`."""
    return manifest

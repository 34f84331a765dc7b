"""Builders for the brain's tests: a healthy service from which each test changes one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rlagents.structs.objectives import Bounds, Objective
from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase, PodSample
from rlagents.structs.signals import MetricsSnapshot, Signal, SignalName
from rlagents.structs.states import WorkloadKey, WorkloadState

NOW = 1_700_000_000.0

MakePods = Callable[..., tuple[Pod, ...]]
MakeState = Callable[..., WorkloadState]


def pods(count: int, *, ready: bool = True, cpu: int = 1000) -> tuple[Pod, ...]:
    """Pods of one container with `cpu` milli-cores and 512 MiB requested and allowed, an hour old."""
    resources = {"cpu": cpu, "memory": 512 * 1024**2 * 1000}
    return tuple(
        Pod(
            name=f"web-{index}",
            phase=PodPhase.RUNNING,
            created_at=NOW - 3600,
            started_at=NOW - 3600,
            readiness=ConditionStatus.TRUE if ready else ConditionStatus.FALSE,
            readiness_changed_at=NOW - 3590,
            containers=(Container("app", requests=resources, limits=resources),),
        )
        for index in range(count)
    )


def known(value: float, age: float = 5.0) -> Signal:
    """A fresh value."""
    return Signal.known(value, taken_at=NOW - age, window=60.0)


@pytest.fixture
def make_pods() -> MakePods:
    return pods


@pytest.fixture
def make_state() -> MakeState:
    """See `state_template`."""
    return _state


@pytest.fixture(scope="session")
def state_template() -> MakeState:
    """`make_state(replicas=4, cpu=2.0, signals={…}, **fields)`: a state at `NOW`, half loaded by default.

    Of the session, so that property tests may use it.
    """
    return _state


def _state(
    *,
    replicas: int = 4,
    cpu: float | None = 2.0,
    signals: dict[SignalName, Signal] | None = None,
    **fields: Any,
) -> WorkloadState:
    measured = {
        SignalName.THROUGHPUT: known(100.0),
        SignalName.THROUGHPUT_SMOOTH: known(100.0),
        SignalName.LATENCY_P50: known(0.05),
        SignalName.LATENCY_P99: known(0.1),
        SignalName.ERROR_RATE: known(0.0),
        SignalName.MEMORY: known(replicas * 200e6),
    }
    if cpu is not None:
        measured[SignalName.CPU] = known(cpu)
    measured |= signals or {}
    share = 0 if cpu is None or replicas == 0 else int(cpu * 1000 / replicas)
    state = WorkloadState(
        key=WorkloadKey("shop", "web"),
        now=NOW,
        interval=15.0,
        bounds=Bounds(1, 20),
        objective=Objective(latency_target=0.25, error_rate=0.01),
        current_replicas=replicas,
        observed_replicas=replicas,
        snapshot=MetricsSnapshot(measured),
        pods=pods(replicas),
        samples=tuple(
            PodSample(f"web-{index}", {"app": {"cpu": share, "memory": 200_000_000_000}}, NOW - 5, 60.0)
            for index in range(replicas)
        ),
    )
    return replace(state, **fields)

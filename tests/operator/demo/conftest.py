"""Records and moments as a demo makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from rlautoscaler.demo.moments import Event, Moment, Verdict
from rlautoscaler.demo.scenarios import Scenario, checkout
from rlautoscaler.sandbox.records import Record

GOOD = Record(
    at=1000.0,
    seconds=1.0,
    offered=100.0,
    completed=100.0,
    failed=0.0,
    latency_p99=0.1,
    in_flight=2.0,
    requested_replicas=4,
    pods=4,
    ready=4,
    cpu_cores=1.2,
    reserved_cores=2.0,
    reserved_memory=2.0**30,
)


@pytest.fixture
def scenario() -> Scenario:
    return checkout("shop", seed=0)


@pytest.fixture
def records() -> Callable[..., list[Record]]:
    def make(*changes: dict[str, Any]) -> list[Record]:
        """A record for each second, all good but for what is given."""
        return [replace(GOOD, at=1000.0 + second, **change) for second, change in enumerate(changes)]

    return make


@pytest.fixture
def moment() -> Callable[..., Moment]:
    def make(ours: Sequence[Record] = (), twin: Sequence[Record] = (), **more: Any) -> Moment:
        event = Event(
            "2026-01-01T12:00:01Z", "checkout", "SuccessfulRescale", "New size: 5", is_warning=False
        )
        defaults: dict[str, Any] = {
            "elapsed": float(len(ours)),
            "duration": 180.0,
            "verdict": Verdict("Policy", "PolicyActs", "the policy chose replicas+1", 4, 5, 5),
            "hpa": "sees CPU at 71 %, wants 4 (ReadyForNewScale)",
            "events": (event,),
        }
        return Moment(ours=ours, twin=twin, **{**defaults, **more})

    return make

"""One builder for what acting tells: a calm tick of a healthy autoscaler, from which each test changes things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from rlagents.deciding.cases import Mode, Overrides
from rlagents.policies.hpa import conditions as hpa
from rlagents.structs.decisions import Decision, Limitation, Outcome, Proposal
from rlagents.structs.objectives import Bounds, Objective
from rlagents.structs.reasons import Reason, Source
from rlagents.structs.signals import MetricsSnapshot, Signal, SignalName
from rlagents.structs.states import WorkloadKey, WorkloadState
from rlautoscaler.acting.ticks import Failure, Sections, Success, Tick

NOW = 1_700_000_000.0
KEY = WorkloadKey("shop", "checkout")

HEALTHY = (
    hpa.state(hpa.ConditionType.ABLE_TO_SCALE, True, Reason.READY_FOR_NEW_SCALE, "nothing holds the size"),
    hpa.state(hpa.ConditionType.SCALING_ACTIVE, True, Reason.VALID_METRIC_FOUND, "cpu is on target"),
    hpa.state(hpa.ConditionType.SCALING_LIMITED, False, Reason.DESIRED_WITHIN_RANGE, "within the bounds"),
)

NO_OVERRIDES, NO_SECTIONS = Overrides(), Sections()

MakeTick = Callable[..., Tick]


def calm_signals(now: float) -> dict[SignalName, Signal]:
    return {
        SignalName.THROUGHPUT: Signal.known(100.0, taken_at=now - 5),
        SignalName.CPU: Signal.known(2.0, taken_at=now - 5),
    }


def tick(
    *,
    now: float = NOW,
    replicas: int = 4,
    to: int | None = None,
    accepted: int | None = None,
    outcome: Reason | None = None,
    source: Source = Source.BASELINE,
    reason: Reason = Reason.SHADOW_MODE,
    policy_reason: Reason | None = Reason.SHADOW_MODE,
    baseline: int | None = 4,
    policy: int | None = 3,
    limitations: tuple[Limitation, ...] = (),
    writes: bool = True,
    message: str = "cpu is on target",
    signals: Mapping[SignalName, Signal] | None = None,
    conditions: tuple[hpa.Condition, ...] = HEALTHY,
    failure: Failure | None = None,
    generation: int = 1,
    interval: float = 15.0,
    mode: Mode = Mode.SHADOW,
    overrides: Overrides = NO_OVERRIDES,
    problems: tuple[str, ...] = (),
    sections: Sections = NO_SECTIONS,
) -> Tick:
    """A tick. With `to` alone the change is accepted; `outcome` says what else came of it."""
    wanted = replicas if to is None else to
    changes = writes and wanted != replicas
    if outcome is None:
        outcome = Reason.SUCCEEDED_RESCALE if changes else Reason.SUCCEEDED_GET_SCALE
    if accepted is None and outcome is Reason.SUCCEEDED_RESCALE:
        accepted = wanted
    result: Success | Failure = failure or Success(
        state=WorkloadState(
            key=KEY,
            now=now,
            interval=interval,
            bounds=Bounds(1, 100),
            objective=Objective(),
            current_replicas=replicas,
            observed_replicas=replicas,
            snapshot=MetricsSnapshot(calm_signals(now) if signals is None else signals),
        ),
        decision=Decision(
            key=KEY,
            at=now,
            replicas_from=replicas,
            replicas_to=wanted,
            source=source,
            reason=reason,
            message=message,
            baseline=_proposal(Source.BASELINE, baseline),
            policy=_proposal(Source.POLICY, policy),
            policy_replicas=policy,
            policy_reason=policy_reason,
            limitations=limitations,
            writes=writes,
        ),
        outcome=Outcome(KEY, now, wanted, accepted, outcome, "told by the API server"),
        baseline=conditions,
    )
    return Tick(now, generation, result, mode, overrides, problems, sections)


def _proposal(source: Source, replicas: int | None) -> Proposal | None:
    return None if replicas is None else Proposal(source, replicas, Reason.VALID_METRIC_FOUND, "")


@pytest.fixture(scope="session")
def make_tick() -> MakeTick:
    """See `tick`. Of the session, so that property tests may use it."""
    return tick


@pytest.fixture(scope="session")
def make_manifest() -> Callable[..., dict[str, Any]]:
    """An RLAutoscaler as the cache has it."""

    def manifest(status: Mapping[str, Any] | None = None, uid: str = "uid-1") -> dict[str, Any]:
        metadata = {"namespace": KEY.namespace, "name": KEY.name, "uid": uid}
        return {"metadata": metadata, "spec": {}} | ({} if status is None else {"status": dict(status)})

    return manifest

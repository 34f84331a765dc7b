"""The operator's metrics: what is counted, and that nothing outlives its object."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from rlagents.structs.decisions import Decision, Limitation, Outcome, Proposal
from rlagents.structs.objectives import Bounds, Objective
from rlagents.structs.reasons import Reason, Source, UnknownReason
from rlagents.structs.signals import MetricsSnapshot, Signal, SignalName
from rlagents.structs.states import WorkloadKey, WorkloadState
from rlautoscaler.telemetry.metrics import OBJECT, Metrics, new_registry

CHECKOUT = WorkloadKey("shop", "checkout")
SEARCH = WorkloadKey("shop", "search")
CART = WorkloadKey("cart", "checkout")


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry, version="1.2.3")


def value(
    registry: CollectorRegistry, name: str, key: WorkloadKey | None = None, **labels: str
) -> float | None:
    if key is not None:
        labels |= {"namespace": key.namespace, "rlautoscaler": key.name}
    return registry.get_sample_value(f"rlautoscaler_{name}", labels)


def decision(key: WorkloadKey = CHECKOUT) -> Decision:
    return Decision(
        key=key,
        at=100.0,
        replicas_from=4,
        replicas_to=6,
        source=Source.POLICY,
        reason=Reason.POLICY_ACTS,
        message="",
        baseline=Proposal(Source.BASELINE, 5, Reason.VALID_METRIC_FOUND, ""),
        policy=Proposal(Source.POLICY, 9, Reason.POLICY_ACTS, ""),
        limitations=(
            Limitation(Reason.SCALE_UP_RATE, 9, 6, ""),
            Limitation(Reason.PAUSED_SCALE_IN, 6, 6, ""),
        ),
    )


def outcome(reason: Reason = Reason.SUCCEEDED_RESCALE, accepted: int | None = 6) -> Outcome:
    return Outcome(CHECKOUT, 100.0, 6, accepted, reason, "")


def state(key: WorkloadKey = CHECKOUT, **signals: Signal) -> WorkloadState:
    named = {SignalName(name): signal for name, signal in signals.items()}
    return WorkloadState(
        key=key,
        now=100.0,
        interval=15.0,
        bounds=Bounds(1, 10),
        objective=Objective(),
        current_replicas=4,
        observed_replicas=4,
        snapshot=MetricsSnapshot(named),
    )


def touch_everything(metrics: Metrics, key: WorkloadKey) -> int:
    """Give every metric that names an autoscaler a series of this one; returns how many there are."""
    named = {"namespace": key.namespace, "rlautoscaler": key.name}
    touched = 0
    for metric in vars(metrics).values():
        labels = getattr(metric, "_labelnames", ())
        if set(OBJECT) <= set(labels):
            metric.labels(**{label: named.get(label, "some") for label in labels})
            touched += 1
    return touched


def series(registry: CollectorRegistry, key: WorkloadKey) -> set[str]:
    wanted = {"namespace": key.namespace, "rlautoscaler": key.name}
    return {
        sample.name
        for family in registry.collect()
        for sample in family.samples
        if wanted.items() <= sample.labels.items()
    }


def test_every_series_ends_with_its_object(registry: CollectorRegistry, metrics: Metrics) -> None:
    """`forget` leaves no series of the object, and all of those that share one half of its name."""
    touched = {touch_everything(metrics, key) for key in (CHECKOUT, SEARCH, CART)}
    before = series(registry, SEARCH)
    assert len(before) >= touched.pop() > 10
    metrics.forget(CHECKOUT)
    assert series(registry, CHECKOUT) == set()
    assert series(registry, SEARCH) == before
    assert series(registry, CART) == before


def test_forgetting_the_unknown_is_harmless(metrics: Metrics) -> None:
    """An object that never had a series can be forgotten, also twice."""
    metrics.forget(CHECKOUT)
    metrics.forget(CHECKOUT)


def test_what_each_decider_wanted(registry: CollectorRegistry, metrics: Metrics) -> None:
    """Both proposals are shown side by side; a decider that is silent has no series, not its last one."""
    metrics.observe_decision(decision())
    assert value(registry, "proposed_replicas", CHECKOUT, source="baseline") == 5
    assert value(registry, "proposed_replicas", CHECKOUT, source="policy") == 9
    metrics.observe_decision(replace(decision(), baseline=None))
    assert value(registry, "proposed_replicas", CHECKOUT, source="baseline") is None


def test_vetoes_count_what_was_changed(registry: CollectorRegistry, metrics: Metrics) -> None:
    """A guard that changed the proposal counts under its reason, one that let it pass does not."""
    metrics.observe_decision(decision())
    assert value(registry, "vetoes_total", CHECKOUT, reason="ScaleUpRate") == 1
    assert value(registry, "vetoes_total", CHECKOUT, reason="PausedScaleIn") is None


@pytest.mark.parametrize(
    ("reason", "accepted", "result", "applied"),
    [
        pytest.param(Reason.SUCCEEDED_RESCALE, 6, "success", 6, id="a stored size is a success"),
        pytest.param(
            Reason.FAILED_UPDATE_SCALE, None, "FailedUpdateScale", None, id="a refusal has its reason"
        ),
        pytest.param(Reason.SCALED_EXTERNALLY, None, "ScaledExternally", None, id="so has a lost race"),
    ],
)
def test_actions_by_result(
    registry: CollectorRegistry,
    metrics: Metrics,
    reason: Reason,
    accepted: int | None,
    result: str,
    applied: int | None,
) -> None:
    """Actions are counted by direction, source and what came of them."""
    metrics.observe_outcome(decision(), outcome(reason, accepted))
    labels = {"dimension": "horizontal", "direction": "up", "source": "policy", "result": result}
    assert value(registry, "actions_total", CHECKOUT, **labels) == 1
    assert value(registry, "applied_replicas", CHECKOUT) == applied


def test_doing_nothing_is_no_action(registry: CollectorRegistry, metrics: Metrics) -> None:
    """A decision that keeps the size counts no action."""
    metrics.observe_outcome(replace(decision(), replicas_to=4), outcome(Reason.SUCCEEDED_GET_SCALE, None))
    assert "rlautoscaler_actions_total" not in series(registry, CHECKOUT)


def test_ages_of_signals(registry: CollectorRegistry, metrics: Metrics) -> None:
    """A signal's age is shown while it is known and taken away when nobody can tell it."""
    metrics.observe_state(state(cpu=Signal.known(1.0, taken_at=88.0)))
    assert value(registry, "metric_age_seconds", CHECKOUT, signal="cpu") == 12
    metrics.observe_state(state(cpu=Signal.known(1.0, taken_at=None)))
    assert value(registry, "metric_age_seconds", CHECKOUT, signal="cpu") is None


@pytest.mark.parametrize(
    ("reason", "count"),
    [
        pytest.param(UnknownReason.NO_SERIES, 1, id="no series is an empty answer"),
        pytest.param(UnknownReason.NOT_A_NUMBER, 1, id="so is NaN"),
        pytest.param(UnknownReason.STALE, None, id="an old value is not"),
        pytest.param(UnknownReason.UNREACHABLE, None, id="no answer at all is not"),
    ],
)
def test_empty_answers_are_counted(
    registry: CollectorRegistry, metrics: Metrics, reason: UnknownReason, count: int | None
) -> None:
    """Empty vectors and NaN are counted per autoscaler and signal."""
    metrics.observe_state(state(throughput=Signal.unknown(reason)))
    assert value(registry, "metric_query_empty_total", CHECKOUT, signal="throughput") == count


def test_a_registry_of_its_own(metrics: Metrics) -> None:
    """Two sets of metrics live side by side in two registries; a new one has the process' own figures."""
    registry = new_registry()
    Metrics(registry, version="1")
    assert registry.get_sample_value("rlautoscaler_build_info", {"version": "1"}) == 1
    assert registry.get_sample_value("process_resident_memory_bytes") is not None

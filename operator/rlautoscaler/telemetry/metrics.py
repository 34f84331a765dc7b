"""The operator's own metrics, `rlautoscaler_*`.

Every series of an autoscaler carries the labels `namespace` and `rlautoscaler` and ends with the object
(`forget`): a series that outlives its object shows a service that nobody scales any more (KEDA issue 3326).
All other labels take values from closed vocabularies, so that their number stays bounded.

A gauge without a value is taken away instead of kept: the last known figure would look current.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from rlagents.structs.decisions import Decision, Outcome, Proposal
from rlagents.structs.reasons import Reason, Source, UnknownReason
from rlagents.structs.states import WorkloadKey, WorkloadState

OBJECT = ("namespace", "rlautoscaler")
"""Labels that name an autoscaler."""

_EMPTY = (UnknownReason.NO_SERIES, UnknownReason.NOT_A_NUMBER)
_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_Metric = TypeVar("_Metric", Gauge, Counter)


def new_registry() -> CollectorRegistry:
    """A registry with the process' own figures in it.

    Turns `_created` series off, for the whole process: they would double the number of counters.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class Metrics:
    """All metrics, in the registry given; the attributes are named as the metrics are."""

    def __init__(self, registry: CollectorRegistry, *, version: str) -> None:
        self._registry = registry
        self._objects: list[Gauge | Counter] = []

        build = Gauge("build_info", "Always 1.", ["version"], namespace=_PREFIX, registry=registry)
        build.labels(version).set(1)
        self.leading = Gauge("leading", "1 where this process may act.", namespace=_PREFIX, registry=registry)

        self.current_replicas = self._of_object(Gauge, "current_replicas", "Size as read from the scale.")
        self.proposed_replicas = self._of_object(
            Gauge, "proposed_replicas", "Size that each decider wants, before guards.", ["source"]
        )
        self.applied_replicas = self._of_object(Gauge, "applied_replicas", "Size written last.")
        self.rollout_ratio = self._of_object(
            Gauge, "rollout_ratio", "Share of time blocks that the policy owns."
        )
        self.fallback_active = self._of_object(
            Gauge, "fallback_active", "1 where the baseline decides in the policy's place."
        )
        self.paused = self._of_object(Gauge, "paused", "1 where the user stopped one or both directions.")
        self.metric_age_seconds = self._of_object(
            Gauge, "metric_age_seconds", "Age of the newest sample behind a signal.", ["signal"]
        )

        self.actions_total = self._of_object(
            Counter,
            "actions_total",
            "Changes written to the target.",
            ["dimension", "direction", "source", "result"],
        )
        self.vetoes_total = self._of_object(
            Counter, "vetoes_total", "Proposals that a guard or the user changed.", ["reason"]
        )
        self.metric_query_empty_total = self._of_object(
            Counter, "metric_query_empty_total", "Answers without a value for the workload.", ["signal"]
        )
        self.reconcile_errors_total = self._of_object(
            Counter, "reconcile_errors_total", "Ticks that failed for an autoscaler."
        )
        self.slo_violation_seconds_total = self._of_object(
            Counter, "slo_violation_seconds_total", "Time in which the objective was missed."
        )

        self.metric_query_duration_seconds = Histogram(
            "metric_query_duration_seconds",
            "Time of one query to Prometheus, which serves all autoscalers.",
            namespace=_PREFIX,
            registry=registry,
            buckets=_SECONDS,
        )
        self.metric_query_errors_total = Counter(
            "metric_query_errors_total",
            "Queries without an answer.",
            ["reason"],
            namespace=_PREFIX,
            registry=registry,
        )
        self.inference_duration_seconds = Histogram(
            "inference_duration_seconds",
            "Time to decide one batch.",
            namespace=_PREFIX,
            registry=registry,
            buckets=_SECONDS,
        )
        self.reconcile_duration_seconds = Histogram(
            "reconcile_duration_seconds",
            "Time of one tick over all autoscalers that were due.",
            namespace=_PREFIX,
            registry=registry,
            buckets=_SECONDS,
        )
        self.decisions_total = Counter(
            "decisions_total",
            "Decisions, those that change nothing among them.",
            ["source"],
            namespace=_PREFIX,
            registry=registry,
        )
        self.api_requests_total = Counter(
            "api_requests_total",
            "Requests sent to the API server, kopf's not among them.",
            ["verb", "resource", "subresource"],
            namespace=_PREFIX,
            registry=registry,
        )
        self.write_errors_total = Counter(
            "write_errors_total",
            "Statuses and events that the API server did not take.",
            ["kind"],
            namespace=_PREFIX,
            registry=registry,
        )
        self.events_dropped_total = Counter(
            "events_dropped_total",
            "Events not written because one autoscaler had too many.",
            namespace=_PREFIX,
            registry=registry,
        )

    def observe_state(self, state: WorkloadState) -> None:
        """Size and signals of one autoscaler, as read at this tick."""
        self.current_replicas.labels(*_labels(state.key)).set(state.current_replicas)
        for name, signal in state.snapshot.signals.items():
            age = signal.age(state.now)
            if age is None:
                self.metric_age_seconds.remove(*_labels(state.key), name.value)
            else:
                self.metric_age_seconds.labels(*_labels(state.key), name.value).set(age)
            if signal.reason in _EMPTY:
                self.metric_query_empty_total.labels(*_labels(state.key), name.value).inc()

    def observe_decision(self, decision: Decision) -> None:
        """What each decider wanted, and what was changed about it."""
        self.decisions_total.labels(_source(decision.source)).inc()
        self._propose(decision.key, Source.BASELINE, decision.baseline)
        self._propose(decision.key, Source.POLICY, decision.policy)
        for limitation in decision.limitations:
            if limitation.before != limitation.after:
                self.vetoes_total.labels(*_labels(decision.key), limitation.reason.value).inc()

    def observe_outcome(self, decision: Decision, outcome: Outcome) -> None:
        """What came of a decision; those that write nothing count no action."""
        if outcome.accepted is not None:
            self.applied_replicas.labels(*_labels(decision.key)).set(outcome.accepted)
        if not decision.changes_size:
            return
        direction = "up" if decision.replicas_to > decision.replicas_from else "down"
        result = "success" if outcome.reason is Reason.SUCCEEDED_RESCALE else outcome.reason.value
        self.actions_total.labels(
            *_labels(decision.key), "horizontal", direction, _source(decision.source), result
        ).inc()

    def observe_objective(self, state: WorkloadState, missed: bool | None) -> None:
        """Whether this tick missed the objective; it stands for one interval."""
        counter = self.slo_violation_seconds_total.labels(*_labels(state.key))
        if missed:
            counter.inc(state.interval)

    def observe_query(self, seconds: float, error: str | None) -> None:
        """One query to Prometheus; `error`: what ended it, None where it was answered."""
        self.metric_query_duration_seconds.observe(seconds)
        if error is not None:
            self.metric_query_errors_total.labels(error).inc()

    def observe_flags(self, key: WorkloadKey, *, fallback: bool, paused: bool, ratio: float) -> None:
        """The two conditions that alerts are built on, and the learned policy's share of the time."""
        self.rollout_ratio.labels(*_labels(key)).set(ratio)
        self.fallback_active.labels(*_labels(key)).set(fallback)
        self.paused.labels(*_labels(key)).set(paused)

    def forget(self, key: WorkloadKey) -> None:
        """Delete every series of an autoscaler that is no more."""
        labels = dict(zip(OBJECT, _labels(key), strict=True))
        for metric in self._objects:
            metric.remove_by_labels(labels)

    def _propose(self, key: WorkloadKey, source: Source, proposal: Proposal | None) -> None:
        if proposal is None:
            self.proposed_replicas.remove(*_labels(key), _source(source))
        else:
            self.proposed_replicas.labels(*_labels(key), _source(source)).set(proposal.replicas)

    def _of_object(
        self, kind: type[_Metric], name: str, documentation: str, labels: Sequence[str] = ()
    ) -> _Metric:
        metric = kind(name, documentation, [*OBJECT, *labels], namespace=_PREFIX, registry=self._registry)
        self._objects.append(metric)
        return metric


_PREFIX = "rlautoscaler"


def _labels(key: WorkloadKey) -> tuple[str, str]:
    return key.namespace, key.name


def _source(source: Source) -> str:
    return source.value.lower()

"""A subject and what was measured of it, put into the brain's words."""

from __future__ import annotations

from rlagents.deciding.cases import Case, Mode, Overrides
from rlagents.policies import hpa
from rlagents.safety.guards import GuardSettings
from rlagents.structs.objectives import Prices
from rlagents.structs.states import WorkloadState
from rlautoscaler.observing.measurements import Measured
from rlautoscaler.observing.wishes import OwnQuery, Wanted
from rlautoscaler.reconciling.subjects import Subject
from rlautoscaler.remembering.memories import Memory
from rlautoscaler.resources import conversions
from rlautoscaler.resources.specs import Spec


def wanted(subject: Subject) -> Wanted:
    """What is to be read for it."""
    spec = subject.spec
    return Wanted(
        key=subject.key,
        workload=spec.scaleTargetRef.name,
        preset=spec.metrics.preset.value,
        labels=spec.metrics.labels,
        queries={
            name: OwnQuery(query.query, query.timestampQuery)
            for name, query in conversions.queries(spec).items()
        },
        window=conversions.window(spec),
        stale_after=conversions.stale_after(spec),
    )


def case(
    subject: Subject,
    measured: Measured,
    readings: hpa.Readings,
    memory: Memory,
    *,
    now: float,
    prices: Prices,
    forced: bool,
) -> Case:
    """Everything the decision may depend on. `forced`: the baseline must act, by whichever switch."""
    return Case(
        state=_state(subject, measured, memory, now, prices),
        mode=Mode(subject.spec.rollout.mode.value),
        baseline=subject.baseline,
        logs=memory.logs,
        overrides=_overrides(subject, forced),
        guards=_guards(subject.spec),
        selected=subject.selected,
        selector=subject.selector,
        readings=readings,
        conditions=memory.conditions,
    )


def _state(subject: Subject, measured: Measured, memory: Memory, now: float, prices: Prices) -> WorkloadState:
    spec = subject.spec
    return WorkloadState(
        key=subject.key,
        now=now,
        interval=conversions.interval(spec),
        bounds=conversions.bounds(spec),
        objective=conversions.objective(spec, prices),
        current_replicas=subject.current,
        observed_replicas=subject.observed,
        snapshot=measured.snapshot,
        pods=subject.workload.pods,
        samples=measured.samples,
        history=memory.observations,
        changes=memory.changes,
        health=subject.workload.health(now),
        quota_room=subject.quota_room,
    )


def _overrides(subject: Subject, forced: bool) -> Overrides:
    annotations = subject.stored.autoscaler.annotations
    owners = () if annotations.transfer_ownership else subject.workload.owners
    managers = [str(owner) for owner in owners]
    if subject.rival:
        managers.append(f"RLAutoscaler {subject.rival}")
    return Overrides(
        paused=annotations.paused,
        paused_scale_in=annotations.paused_scale_in,
        paused_scale_out=annotations.paused_scale_out,
        paused_replicas=annotations.paused_replicas,
        force_baseline=forced or annotations.force_baseline,
        managed_by=", ".join(managers),
    )


def _guards(spec: Spec) -> GuardSettings:
    percent = float(spec.safety.maxScaleDownPercentPerMinute)
    return GuardSettings(scale_down_percent_per_minute=percent)

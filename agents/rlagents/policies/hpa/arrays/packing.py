"""HPAs, their sizes and their logs, one by one, as arrays, and the logs back; `observations` has the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlagents.policies.hpa import behaviors
from rlagents.policies.hpa.arrays import normalizing
from rlagents.policies.hpa.arrays.logs import EventLog, LogArrays, RecommendationLog
from rlagents.policies.hpa.arrays.normalizing import BehaviorArrays, RuleArrays
from rlagents.policies.hpa.arrays.observations import is_average
from rlagents.policies.hpa.arrays.passes import SELECTORS, ScaleArrays, SpecArrays
from rlagents.policies.hpa.arrays.tables import table, widest
from rlagents.policies.hpa.behaviors import PolicyKind, Rules
from rlagents.policies.hpa.evaluations import FAILURE_REASONS, has_target
from rlagents.policies.hpa.logs import HpaLogs, Recommendation, ScaleEvent
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.policies.hpa.passes import ScaleObservation
from rlagents.policies.hpa.specs import HpaSpec
from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.pods import CPU
from rlagents.structs.reasons import Reason


def specs(given: Sequence[HpaSpec], parameters: HpaParameters) -> SpecArrays:
    """The HPAs. `InvalidSpecError` where their structure differs, which no batch can hold."""
    if len({_structure(spec) for spec in given}) != 1:
        raise InvalidSpecError(
            "a batch holds HPAs of one structure: the same kinds of metrics and targets in the same order, "
            "and all or none with a behavior; put the others into a batch of their own."
        )
    tolerances = [behaviors.tolerance(spec.behavior, parameters) for spec in given]
    return SpecArrays(
        low=np.array([spec.min_replicas for spec in given], np.int64),
        high=np.array([spec.max_replicas for spec in given], np.int64),
        tolerance_up=np.array([one.up for one in tolerances], np.float64),
        tolerance_down=np.array([one.down for one in tolerances], np.float64),
        behavior=_behavior(given, parameters),
        can_wake=given[0].can_wake,
        failure_reasons=tuple(
            FAILURE_REASONS.get(metric.kind, Reason.INVALID_METRIC_SOURCE_TYPE) for metric in given[0].metrics
        ),
    )


def scales(given: Sequence[ScaleObservation]) -> ScaleArrays:
    """The sizes."""
    return ScaleArrays(
        np.array([one.current for one in given], np.int64),
        np.array([one.observed for one in given], np.int64),
        np.array([SELECTORS.index(one.selector) for one in given], np.int16),
    )


def past(given: Sequence[HpaLogs | None], scaled_to_zero: Sequence[bool]) -> LogArrays:
    """The logs, None for an HPA never seen, and whether each HPA bears the mark `ScaledToZero`."""
    known = [HpaLogs() if one is None else one for one in given]
    return LogArrays(
        seen=np.array([one.recommendations is not None for one in known], np.bool_),
        recommendations=_recommendations([one.recommendations or () for one in known]),
        scale_ups=_events([one.scale_ups for one in known]),
        scale_downs=_events([one.scale_downs for one in known]),
        scaled_to_zero=np.array(scaled_to_zero, np.bool_),
    )


def logs(of: LogArrays, service: int) -> HpaLogs:
    """One service's logs in the scalar form."""
    noted = of.recommendations
    recommendations = tuple(
        Recommendation(int(noted.replicas[service, slot]), float(noted.at[service, slot]))
        for slot in range(noted.length[service])
    )
    return HpaLogs(
        recommendations if of.seen[service] else None,
        _unpacked(of.scale_ups, service),
        _unpacked(of.scale_downs, service),
    )


def _structure(spec: HpaSpec) -> tuple[object, ...]:
    parts = [
        (metric.kind, metric.name == CPU, has_target(metric), is_average(metric)) for metric in spec.metrics
    ]
    return spec.behavior is None, *parts


def _behavior(given: Sequence[HpaSpec], parameters: HpaParameters) -> BehaviorArrays | None:
    filled = [spec.behavior for spec in given if spec.behavior is not None]
    if not filled:
        return None
    return BehaviorArrays(
        _rules([behaviors.up_rules(one) for one in filled]),
        _rules([behaviors.down_rules(one, parameters) for one in filled]),
    )


def _rules(given: Sequence[Rules]) -> RuleArrays:
    policies = [one.policies for one in given]
    slots = widest(policies)
    return RuleArrays(
        window=np.array([one.window for one in given], np.float64),
        select=np.array([normalizing.SELECTS.index(one.select) for one in given], np.int16),
        exists=table(policies, slots, lambda _: True, False),
        is_percent=table(policies, slots, lambda one: one.kind is PolicyKind.PERCENT, False),
        value=table(policies, slots, lambda one: one.value, np.int64(0)),
        period=table(policies, slots, lambda one: one.period, 0.0),
    )


def _recommendations(rows: Sequence[Sequence[Recommendation]]) -> RecommendationLog:
    slots = widest(rows)
    return RecommendationLog(
        length=np.array([len(row) for row in rows], np.int64),
        replicas=table(rows, slots, lambda one: one.replicas, np.int64(0)),
        at=table(rows, slots, lambda one: one.at, 0.0),
    )


def _events(rows: Sequence[Sequence[ScaleEvent]]) -> EventLog:
    slots = widest(rows)
    return EventLog(
        length=np.array([len(row) for row in rows], np.int64),
        change=table(rows, slots, lambda one: one.change, np.int64(0)),
        at=table(rows, slots, lambda one: one.at, 0.0),
        outdated=table(rows, slots, lambda one: one.outdated, False),
    )


def _unpacked(log: EventLog, service: int) -> tuple[ScaleEvent, ...]:
    return tuple(
        ScaleEvent(
            int(log.change[service, slot]), float(log.at[service, slot]), bool(log.outdated[service, slot])
        )
        for slot in range(log.length[service])
    )

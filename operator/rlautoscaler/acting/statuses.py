"""The status: from what it was, and what a tick knows, to what it is. Pure.

`changes` tells what of it is worth a write, `writers` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import Signal, SignalName
from rlagents.structs.states import WorkloadState
from rlautoscaler.acting import assessments, conditions, histories, sizes, texts
from rlautoscaler.acting.conditions import Condition
from rlautoscaler.acting.ticks import Sections, Success, Tick
from rlautoscaler.resources import durations
from rlautoscaler.resources.statuses import HorizontalTarget, MetricStatus, Status

PATIENCE = 4
"""Ticks for which conditions must have stood before `Ready` follows them: one missing sample is no news."""

USUAL_INTERVAL = 15.0
"""Seconds; stands for the interval where it is not known, because nothing could be decided."""


def build(old: Mapping[str, Any], tick: Tick) -> dict[str, Any]:
    """The status after a tick. Pure; nothing in `old`, which anybody may have edited, makes it raise.

    What the tick says nothing about stays as it was, as with the HPA.
    """
    status = {**readable(old), "observedGeneration": tick.generation, **_of_sections(tick.sections)}
    if isinstance(tick.result, Success):
        status |= _of_success(status, tick.result, tick.now)
        status["horizontal"] = _horizontal(tick.result, tick.sections)
    status["conditions"] = _conditions(status, tick)
    return sizes.fitted(status)


def _of_success(before: Mapping[str, Any], result: Success, now: float) -> dict[str, Any]:
    history, known = before["history"], before.get("currentReplicas")
    changes = histories.extended(history, known, result, now)
    scaled = {"lastScaleTime": changes[-1]["time"]} if result.has_rescaled else {}
    return {
        "currentReplicas": histories.believed(history, known, result, now),
        "desiredReplicas": result.decision.replicas_to,
        "currentMetrics": metrics(result.state),
        "history": changes,
        **scaled,
    }


def _horizontal(result: Success, sections: Sections) -> dict[str, Any]:
    """Decision and arithmetic of one and the same tick."""
    explanation = sections.explanation
    told = {} if explanation is None else {"explanation": explanation.document()}
    return {"target": _target(result), **told}


def _target(result: Success) -> dict[str, Any]:
    decision, limitation = result.decision, result.limitation
    return HorizontalTarget(
        baseline=None if decision.baseline is None else decision.baseline.replicas,
        policy=decision.policy_replicas,
        applied=decision.replicas_to,
        source=decision.source,
        reason=decision.reason,
        limitedReason=None if limitation is None else limitation.reason,
        message=texts.fitted(decision.message),
        generatedAt=float(int(decision.at)),
    ).document()


def metrics(state: WorkloadState) -> list[dict[str, Any]]:
    """The signals that somebody configured, in the order of `SignalName`."""
    signals = state.snapshot.signals
    return [
        _metric(name, signals[name], state.now)
        for name in SignalName
        if name in signals and signals[name].reason is not UnknownReason.NOT_CONFIGURED
    ]


def _metric(name: SignalName, signal: Signal, now: float) -> dict[str, Any]:
    age = signal.age(now)
    return MetricStatus(
        name=name,
        # Three digits are what a reader takes in, and the fourth would differ at every tick.
        value=None if signal.value is None else float(f"{signal.value:.3g}"),
        age=None if age is None else durations.written(min(round(age), _LONGEST_AGE)),
        state=signal.state,
        reason=signal.reason,
    ).document()


_LONGEST_AGE = 10 * 365 * 86400
"""Seconds; what is older was never measured, and durations end somewhere."""


def _of_sections(sections: Sections) -> dict[str, Any]:
    parts = {
        "rollout": sections.rollout,
        "model": sections.model,
        "vertical": sections.vertical,
        "baseline": sections.baseline,
    }
    told: dict[str, Any] = {name: part.document() for name, part in parts.items() if part is not None}
    return told if sections.selector is None else {**told, "selector": sections.selector}


def _conditions(status: Mapping[str, Any], tick: Tick) -> list[dict[str, Any]]:
    disputes = histories.disputes(status["history"], tick.now - assessments.DISPUTE_WINDOW)
    momentary = assessments.assess(tick, disputes=disputes)
    merged = conditions.merge(status["conditions"], momentary, generation=tick.generation, now=tick.now)
    return conditions.merge(merged, [_ready(merged, tick)], generation=tick.generation, now=tick.now)


def _ready(merged: Sequence[Mapping[str, Any]], tick: Tick) -> Condition:
    refused = assessments.refusal(tick.result)
    if refused is not None:
        return refused
    interval = tick.result.state.interval if isinstance(tick.result, Success) else USUAL_INTERVAL
    patience = PATIENCE * interval
    needed, generation = assessments.needed(tick), tick.generation
    return conditions.summary(merged, needed, generation=generation, now=tick.now, patience=patience)


def readable(old: Mapping[str, Any]) -> dict[str, Any]:
    """The old status without what this version cannot read, and with all lists that are built on."""
    known = {name: old[name] for name in Status.model_fields if old.get(name) is not None}
    if not _is_valid(known):
        known = {name: part for name, part in known.items() if _is_valid({name: part})}
    return {"conditions": [], "history": [], **known}


def _is_valid(status: Mapping[str, Any]) -> bool:
    try:
        Status.model_validate(status)
    except ValidationError:
        return False
    return True

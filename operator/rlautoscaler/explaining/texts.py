"""A report for people: the decision, then the baseline's way to its size, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from rlagents.structs.pods import ConditionStatus
from rlagents.structs.reasons import Source
from rlautoscaler.explaining import baselines, figures
from rlautoscaler.explaining.reports import Report

_DECIDERS = {
    Source.BASELINE: "decided by the baseline",
    Source.POLICY: "decided by the learned policy",
    Source.MANUAL: "decided by your annotation",
    Source.EXTERNAL: "left to who owns the target",
}
_TOLD = ("AbleToScale", "ScalingActive", "ScalingLimited")

FRESH = 120.0
"""Seconds after which anything that counts would have been written: it waits for a minute and an interval."""

SILENT = 720.0
"""Seconds after which everything would have been written, figures within their noise too."""


def text(report: Report) -> str:
    """The whole, in lines of what width they take."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield _headline(report)
    yield from _circumstances(report)
    yield ""
    if report.explanation is None:
        yield "The status holds no arithmetic: another version wrote it, or there was no room for it."
    else:
        yield from baselines.lines(report.explanation, now=_now(report))
    yield from _conditions(report)


def _headline(report: Report) -> str:
    target, explanation = report.target, report.explanation
    current = None if explanation is None else explanation.current
    step = f"stays at {target.applied}" if current == target.applied else f"-> {target.applied}"
    if current not in (None, target.applied):
        step = f"{current} {step}"
    decider = _DECIDERS[target.source]
    at = figures.moment(target.generatedAt, _now(report))
    place, ago = f"{report.namespace}/{report.name}", figures.age(report.age)
    return f"{place}: {step}, {decider} at {at} UTC, {ago} ago"


def _circumstances(report: Report) -> Iterator[str]:
    target = report.target
    yield f"  mode {report.mode}; {target.reason}: {target.message or 'nothing more to say'}"
    if target.limitedReason is not None:
        yield f"  limited by {target.limitedReason}"
    baseline = "no size" if target.baseline is None else target.baseline
    if target.source is not Source.BASELINE or target.policy is not None:
        policy = "not asked" if target.policy is None else target.policy
        yield f"  proposals: baseline {baseline}, learned policy {policy}"
    yield from _since(report)


def _since(report: Report) -> Iterator[str]:
    """What is known of the time after the decision."""
    obstacle = next((one for one in report.conditions if (one.type, one.reason) in _OBSTACLES), None)
    if obstacle is not None and obstacle.status is ConditionStatus.FALSE:
        yield f"  {_OBSTACLES[obstacle.type, obstacle.reason]}: {obstacle.message}"
    elif report.is_outdated:
        yield "  The spec was changed since; the next decision will follow it."
    elif report.age > SILENT:
        yield "  The operator has told nothing since: look whether it runs."
    elif report.age > FRESH:
        yield "  Nothing that counts has changed since; figures may have moved a little."


_OBSTACLES = {
    ("AbleToScale", "FailedUpdateScale"): "The size could not be written",
    ("AbleToScale", "FailedGetScale"): "Nothing could be decided since",
    ("Ready", "InvalidSpec"): "Nothing could be decided since",
}


def _conditions(report: Report) -> Iterator[str]:
    told = [one for one in report.conditions if one.type in _TOLD]
    told += [one for one in report.conditions if one.type == "Ready" and one.status is ConditionStatus.FALSE]
    if told:
        yield ""
        yield "Conditions"
    for one in told:
        yield f"  {one.type} {one.status.value} ({one.reason}): {one.message}"


def _now(report: Report) -> float:
    return report.target.generatedAt + report.age

"""The baseline's part: which way it took, its metrics, and what changed the size after them."""

from __future__ import annotations

from collections.abc import Iterator

from rlautoscaler.explaining import figures, metrics
from rlautoscaler.resources.behaviors import PolicyType
from rlautoscaler.resources.explanations import Explanation, Hold, Limits, PolicyExplanation, Stabilization

_COURSES = {
    "AboveMaximum": "It is above the maximum: corrected at once, whatever metrics, windows and rates say.",
    "BelowMinimum": "It is below the minimum: corrected at once, whatever metrics, windows and rates say.",
    "Disabled": "Somebody set the size to 0: scaling is off until somebody sets another.",
    "NoMetrics": "No metric gave a size, so it stays.",
    "ShrinkingBlocked": "A metric failed, and without it nothing shrinks: the size stays.",
    "Unmeasured": "No metric was read, so the size stays.",
    "NoScale": "The target's size could not be read.",
}
"""Courses other than by metrics, bounds and rates."""

_READY = "ReadyForNewScale"
_WITHIN = "DesiredWithinRange"


def lines(explanation: Explanation, *, now: float) -> Iterator[str]:
    """The explanation. `now`: seconds since the epoch, to tell whether a moment was today."""
    start = "" if explanation.current is None else f", from {_replicas(explanation.current)}"
    yield f"Baseline{start}"
    if explanation.course in _COURSES:
        yield f"  {_COURSES[explanation.course]}"
    if explanation.metrics:
        yield from (f"  {line}" for line in metrics.lines(explanation))
        yield from _largest(explanation)
    proposal = explanation.proposal
    if proposal is not None and explanation.stabilized is not None:
        yield f"  stabilised        {_stabilized(proposal, explanation.stabilized, now)}"
        if explanation.limited is not None:
            yield f"  limited           {_limited(explanation.stabilized.replicas, explanation.limited)}"
    yield f"  final             {_final(explanation)}"


def _largest(explanation: Explanation) -> Iterator[str]:
    sizes = [one.proposal for one in explanation.metrics if one.proposal is not None]
    if not sizes:
        return
    size, note = explanation.proposal, ""
    if size is None:
        size, note = max(sizes), f", below {explanation.current}, so it does not count"
    yield f"  largest proposal  {size}, of {metrics.short(explanation.largest or '')}{note}"


def _stabilized(proposal: int, stabilized: Stabilization, now: float) -> str:
    told = [
        *_hold("scale-up", "lets it grow to", "at most", stabilized.scaleUp, now),
        *_hold("scale-down", "keeps", "at least", stabilized.scaleDown, now),
    ]
    return f"{_changed(proposal, stabilized.replicas, stabilized.reason, _READY)} ({'; '.join(told)})"


def _hold(direction: str, verb: str, bound: str, hold: Hold | None, now: float) -> Iterator[str]:
    if hold is None:
        return
    window = f"{direction} window {hold.windowSeconds:g} s"
    if hold.time is None:
        yield window if hold.windowSeconds == 0 else f"{window}: no objection"
    else:
        yield f"{window} {verb} {hold.replicas} {bound}, recommended {figures.moment(hold.time, now)}"


def _limited(before: int, limited: Limits) -> str:
    told = [_rate(policy) for policy in limited.policies]
    if limited.selectPolicy is not None:
        told.append(limited.selectPolicy)
    elif limited.limit is not None:
        told.append(f"at most {limited.limit} at one pass")
    changed = _changed(before, limited.replicas, limited.reason, _WITHIN)
    return f"{changed} ({'; '.join(told)})" if told else changed


def _rate(policy: PolicyExplanation) -> str:
    unit = "%" if policy.type is PolicyType.PERCENT else "pods" if policy.value != 1 else "pod"
    return f"{policy.value} {unit} per {policy.periodSeconds:g} s: from {policy.start} to {policy.limit}"


def _changed(before: int, after: int, reason: str, usual: str) -> str:
    if reason == usual:
        return str(after)
    return f"{before} -> {after} by {reason}" if before != after else f"{after}, {reason}"


def _final(explanation: Explanation) -> str:
    desired, current = explanation.desired, explanation.current
    size = current if desired is None else desired
    stays = " (stays)" if size == current else ""
    told = f"{explanation.reason}: {explanation.message}".removesuffix(": ")
    return told if size is None else f"{size}{stays}, {told}"


def _replicas(count: int) -> str:
    return f"{count} replica{'' if count == 1 else 's'}"

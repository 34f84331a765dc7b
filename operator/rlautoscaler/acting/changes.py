"""What is new in a status, how long it may wait, and the patch that tells it.

Every write of a status is a write to etcd and a message to every watcher. Three kinds of news therefore wait
differently long after the last write:

- what a reader acts on (sizes, who decides and why, conditions, a signal or metric that goes missing): not at
  all;
- what steers after a restart, proposals, and figures that moved: a minute;
- everything else, as a figure within its noise, an age, a sentence whose reason is the same: ten minutes.

Whatever is written is the whole of one tick: the arithmetic under `horizontal.explanation` is always that of
the decision beside it, and of its `generatedAt`.

Figures are compared with those that were *written last* and with a tolerance: a drift is noticed in the end,
and no value sits on the edge between two steps of a rounding and flips at every tick.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping, Sequence
from typing import Any

from rlautoscaler.resources import durations

STEERING_PAUSE = 60.0
REFRESH_PAUSE = 600.0

TOLERANCE = 0.25
"""Relative difference of a figure from which it has moved; the noise of a rate over a minute is below it."""

AGES = (30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 86400)
"""Seconds; ages matter by these steps, and only when two are passed."""

Document = Mapping[str, Any]


def differs(old: Document, new: Document) -> bool:
    """Whether a reader would care at once."""
    return _headline(old) != _headline(new)


def pause(old: Document, new: Document) -> float | None:
    """Seconds after the last write that the news of a status may wait; None where there is none.

    old: what was written last.
    """
    if old == new:
        return None
    if differs(old, new):
        return 0.0
    if _steering(old) != _steering(new) or _moved(old, new):
        return STEERING_PAUSE
    return REFRESH_PAUSE


def merge_patch(old: Document, new: Document) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386) from one document to the other: only what changed, lists whole."""
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            below = merge_patch(before, value)
            if below:
                patch[name] = below
        elif name not in old or before != value:
            patch[name] = value
    return patch


def _headline(status: Document) -> dict[str, Any]:
    rollout = status.get("rollout") or {}
    return {
        "sizes": _only(status, "currentReplicas", "desiredReplicas", "lastScaleTime"),
        "spec": _only(status, "observedGeneration", "selector"),
        "target": _only(_target(status), "source", "reason", "limitedReason"),
        "conditions": [
            _only(condition, "type", "status", "reason", "observedGeneration")
            for condition in status.get("conditions") or ()
        ],
        "signals": [
            _only(metric, "name", "state", "reason") for metric in status.get("currentMetrics") or ()
        ],
        "metrics": [_only(metric, "name", "failure") for metric in _metrics(status)],
        "rollout": _only(rollout, "stage", "ratio", "since", "blockedBy"),
        "block": _only(rollout.get("block") or {}, "owner", "since"),
        "model": _only(status.get("model") or {}, "name", "version", "digest", "ready"),
    }


def _steering(status: Document) -> dict[str, Any]:
    return {
        "baseline": status.get("baseline"),
        "rollout": status.get("rollout"),
        "proposals": _only(_target(status), "baseline", "policy"),
        "explanation": {
            **_only(_explanation(status), "course", "proposal", "reason"),
            "metrics": [_only(metric, "proposal", "target") for metric in _metrics(status)],
        },
        "limits": (status.get("vertical") or {}).get("recommendations"),
    }


def _target(status: Document) -> Document:
    return (status.get("horizontal") or {}).get("target") or {}


def _explanation(status: Document) -> Document:
    return (status.get("horizontal") or {}).get("explanation") or {}


def _metrics(status: Document) -> Sequence[Document]:
    return _explanation(status).get("metrics") or ()


def _moved(old: Document, new: Document) -> bool:
    """Whether a figure left its tolerance; both name the same signals and metrics in the same order."""
    signals = zip(old.get("currentMetrics") or (), new.get("currentMetrics") or (), strict=True)
    metrics = zip(_metrics(old), _metrics(new), strict=True)
    return any(
        _has_left(before, after, "value") or _has_aged(before, after) for before, after in signals
    ) or any(_has_left(before, after, "ratio") for before, after in metrics)


def _has_left(before: Document, after: Document, figure: str) -> bool:
    was, now = before.get(figure), after.get(figure)
    if was is None or now is None:
        return was is not now
    return bool(abs(now - was) > TOLERANCE * max(abs(was), abs(now)))


def _has_aged(before: Document, after: Document) -> bool:
    return abs(_step(before) - _step(after)) >= 2


def _step(metric: Document) -> int:
    try:
        return bisect(AGES, durations.seconds(metric.get("age") or "0s"))
    except ValueError:
        # Not written by this version; the next write replaces it.
        return 0


def _only(document: Document, *names: str) -> dict[str, Any]:
    return {name: document[name] for name in names if name in document}

"""A status has a size, too: at most 16 KiB, whatever is in it.

The API server stores every write of it, and every watcher receives it. What is shed first is what people
read, then what can be measured again; what steers is shed last: the baseline's logs are then joined pairwise,
in the direction that protects more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from rlagents.policies.hpa.counts import LARGEST_COUNT
from rlautoscaler.acting import texts
from rlautoscaler.acting.conditions import ConditionType
from rlautoscaler.resources.entries import LONGEST_HISTORY
from rlautoscaler.resources.statuses import Status

LIMIT = 16 * 1024
"""Bytes of a status as JSON."""

Document = dict[str, Any]

_KEPT_CHANGES = 5
"""Newest changes of size that stay longer than what can be measured again."""

_OURS = frozenset(kind.value for kind in ConditionType)
_BARE = ("observedGeneration", "currentReplicas", "desiredReplicas", "lastScaleTime", "rollout", "horizontal")


def size(status: Mapping[str, Any]) -> int:
    """Bytes of a status as the API server stores it."""
    return len(json.dumps(status, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def fitted(status: Document) -> Document:
    """The status within the limit: itself where it is, else with as little left out as it takes."""
    for shed in _STEPS:
        if size(status) <= LIMIT:
            return status
        status = shed(status)
    return status


def _as_modelled(status: Document) -> Document:
    return Status.model_validate(status).document()


def _without_oldest_change(status: Document) -> Document:
    return {**status, "history": status["history"][1:]}


def _without(section: str) -> Callable[[Document], Document]:
    return lambda status: {name: part for name, part in status.items() if name != section}


def _without_explanation(status: Document) -> Document:
    horizontal = status.get("horizontal", {})
    return {**status, "horizontal": _without("explanation")(horizontal)} if horizontal else status


def _with_short_conditions(status: Document) -> Document:
    """Without those of others, and with short texts in those that this tick did not renew."""
    ours = [
        {
            **condition,
            "reason": texts.fitted(condition["reason"], 128) or "Unreadable",
            "message": texts.fitted(condition.get("message", "")),
        }
        for condition in status["conditions"]
        if condition["type"] in _OURS
    ]
    return {**status, "conditions": ours}


def _with_joined_logs(status: Document) -> Document:
    logs = status.get("baseline", {})
    joined = {
        "recommendations": _joined(logs.get("recommendations", []), max),
        "scaleUps": _joined(logs.get("scaleUps", []), sum),
        "scaleDowns": _joined(logs.get("scaleDowns", []), sum),
    }
    return {**status, "baseline": {**logs, **joined}}


def _joined(log: list[Document], together: Callable[[list[int]], int]) -> list[Document]:
    """Neighbours become one entry of the later time: so it counts for longer, never for less."""
    pairs = [log[max(0, end - 2) : end] for end in range(len(log), 0, -2)]
    return [
        {**pair[-1], "replicas": min(together([entry["replicas"] for entry in pair]), LARGEST_COUNT)}
        for pair in reversed(pairs)
    ]


def _bare(status: Document) -> Document:
    return {name: status[name] for name in (*_BARE, "baseline", "conditions") if name in status}


_STEPS = (
    _as_modelled,
    *[_without_oldest_change] * (LONGEST_HISTORY - _KEPT_CHANGES),
    _with_short_conditions,
    _without_explanation,
    _without("currentMetrics"),
    _without("vertical"),
    *[_without_oldest_change] * _KEPT_CHANGES,
    *[_with_joined_logs] * 7,  # two to the seventh is above the longest log's 96
    _bare,
)

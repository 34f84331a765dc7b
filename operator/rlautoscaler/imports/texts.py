"""An RLAutoscaler as text: YAML with comments for people, JSON for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from rlautoscaler.imports.translations import Continuation

_WIDTH: Final = 110

_OBJECTIVE: Final = (
    "What the service must keep, by which the learned policy is judged; an HPA knows no such thing, so it is "
    "yours to choose. "
)
_SATURATED: Final = (
    "Saturation needs no request metrics: the pods' CPU stays below 90% of the limit. Where you measure "
    "requests, latency: {target: 250ms} or errorRate: 1% say better what your users feel."
)
_CHOSEN: Final = "saturation: {} would add a bound on the pods' CPU, which needs no request metrics."
_BASELINE: Final = (
    "The metrics and behavior of the HPA, word for word. From them the baseline computes what the HPA would."
)
_MODE: Final = (
    "The learned policy only proposes. Baseline does not ask it, Auto lets it act: see `kubectl explain "
    "rla.spec.rollout`."
)
_READABLE: Final = (
    *("type", "apiVersion", "kind", "name", "container", "metric", "selector", "matchLabels"),
    *("matchExpressions", "key", "operator", "values", "describedObject", "target"),
    *("averageUtilization", "averageValue", "value", "periodSeconds"),
    *("scaleUp", "scaleDown", "stabilizationWindowSeconds", "selectPolicy", "tolerance", "policies"),
)
"""The fields of an HPA in the order in which people write them; kubectl sorts by the alphabet."""


def as_json(continuation: Continuation) -> str:
    """The manifest alone."""
    return json.dumps(continuation.document, indent=2) + "\n"


def as_yaml(continuation: Continuation) -> str:
    """The manifest, with a comment wherever its reader has something to know or to choose."""
    document = continuation.document
    head = {key: value for key, value in document.items() if key != "spec"}
    comments = _comments(document["spec"])
    sections = [
        _comment(comments.get(name, "")) + _dumped({name: _ordered(part)})
        for name, part in document["spec"].items()
    ]
    body = textwrap.indent("".join(sections), "  ")
    return f"{_heading(continuation)}{_dumped(head)}spec:\n{body}"


def _heading(continuation: Continuation) -> str:
    opening = (
        f"Continues {continuation.hpa}. As long as another autoscaler scales the target, this one only "
        "watches and computes; when that is gone, its baseline goes on as the HPA did."
    )
    return "#\n".join(_comment(text) for text in (opening, *continuation.notes))


def _comments(spec: Mapping[str, Any]) -> dict[str, str]:
    choice = _SATURATED if "saturation" in spec["objective"] else _CHOSEN
    return {"objective": _OBJECTIVE + choice, "baseline": _BASELINE, "rollout": _MODE}


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=_place)}
    return value


def _place(key: str) -> int:
    """Fields of which nothing is known stay where they are, at the end."""
    return _READABLE.index(key) if key in _READABLE else len(_READABLE)


def _comment(text: str) -> str:
    lines: Iterable[str] = textwrap.wrap(text, _WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in lines)


def _dumped(part: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(part), sort_keys=False, width=_WIDTH, allow_unicode=True)

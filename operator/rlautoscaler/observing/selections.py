"""The pods behind a label selector, found through the index of the pods' cache.

The HPA counts by the selector of the target's scale, not by ownership: pods of a Job with the same labels
count too, and no proposal is made from pods that a second autoscaler's target selects. The baseline must see
the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rlagents.structs.pods import Pod
from rlautoscaler.clients import selectors
from rlautoscaler.observing.caches import Cache, Label, Place


def text(selector: Mapping[str, Any] | None) -> str:
    """A `LabelSelector` as the API server writes it in a scale's status; empty where it selects nothing.

    Unlike elsewhere, an absent selector and an empty one are the same here: no scale has one that takes all.
    """
    document = selector or {}
    terms = [f"{name}={value}" for name, value in sorted((document.get("matchLabels") or {}).items())]
    return ",".join([*terms, *(_term(one) for one in document.get("matchExpressions") or ())])


def behind(pods: Cache[Pod], namespace: str, selector: str) -> dict[Place, Pod]:
    """The pods of a namespace that a selector in text takes, ended ones too; none for one without meaning."""
    try:
        takes = selectors.parse(selector)
    except ValueError:
        return {}
    found = {}
    for place in _candidates(pods, namespace, selector) if selector else ():
        labels = {key.name: key.value for key in pods.keys(place) if isinstance(key, Label)}
        pod = pods.get(*place)
        if pod is not None and takes(labels):
            found[place] = pod
    return found


def contested(taken: Iterable[Iterable[Place]]) -> set[Place]:
    """The pods that more than one selector takes."""
    times = Counter(place for places in taken for place in places)
    return {place for place, number in times.items() if number > 1}


def _candidates(pods: Cache[Pod], namespace: str, selector: str) -> list[Place]:
    """Those under the first label that is demanded with one value; else the whole namespace."""
    for term in selector.split(","):
        name, equal, value = term.partition("=")
        if equal and not name.endswith("!") and not set(term) & set("() "):
            return pods.places(Label(namespace, name, value.removeprefix("=")))
    return pods.places(namespace)


def _term(expression: Mapping[str, Any]) -> str:
    name, values = expression.get("key", ""), ",".join(sorted(expression.get("values") or ()))
    match expression.get("operator"):
        case "In":
            return f"{name} in ({values})"
        case "NotIn":
            return f"{name} notin ({values})"
        case "DoesNotExist":
            return f"!{name}"
        case _:
            return str(name)

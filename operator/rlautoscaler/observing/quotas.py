"""How many more pods of a kind a namespace's ResourceQuotas admit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.pods import Pod
from rlagents.structs.quantities import to_milli
from rlautoscaler.clients.protocols import Manifest

_PODS = ("pods", "count/pods")
_BEST_EFFORT = "BestEffort"


def room(quotas: Iterable[Manifest], pod: Pod | None) -> int | None:
    """Pods like `pod` that every quota still admits; None where none of them limits it.

    A quota with scopes counts where they surely include the pod. Others are left to the API server: a pod
    that it refuses costs nothing but an event.
    """
    admitted = [
        one
        for quota in quotas
        if _includes(quota.get("spec") or {}, pod)
        for one in _admitted(quota.get("status") or {}, pod)
    ]
    return min(admitted, default=None)


def _admitted(status: Mapping[str, Any], pod: Pod | None) -> Iterable[int]:
    """For each limited resource, how many more pods fit."""
    hard, used = status.get("hard") or {}, status.get("used") or {}
    for resource, limit in hard.items():
        each = _each(resource, pod)
        free = _milli(limit), _milli(used.get(resource, "0"))
        if each and free[0] is not None and free[1] is not None:
            yield max(0, (free[0] - free[1]) // each)


def _each(resource: str, pod: Pod | None) -> int | None:
    """What one pod takes of it, in milli-units; None for what pods do not take, or nobody knows."""
    if resource in _PODS:
        return 1000
    if pod is None:
        return None
    if resource.startswith("limits."):
        return pod.reserved_limit(resource.removeprefix("limits."))
    # `cpu` and `memory` alone mean requests.
    return pod.reserved_request(resource.removeprefix("requests."))


def _includes(spec: Mapping[str, Any], pod: Pod | None) -> bool:
    """Whether a quota surely counts the pod: all its scopes have to include it."""
    scopes = [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    scopes += (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    return all(pod is not None and _matches(scope, pod) for scope in scopes)


def _matches(scope: Mapping[str, Any], pod: Pod) -> bool:
    """As the API server's evaluator of pods; False for what it may know and we do not."""
    match scope.get("scopeName"):
        case "Terminating":
            return pod.has_deadline
        case "NotTerminating":
            return not pod.has_deadline
        case "BestEffort":
            return pod.qos_class == _BEST_EFFORT
        case "NotBestEffort":
            return pod.qos_class not in ("", _BEST_EFFORT)
        case "PriorityClass":
            return _has_priority(scope, pod.priority_class)
    return False


def _has_priority(scope: Mapping[str, Any], priority: str) -> bool:
    named = priority in (scope.get("values") or ())
    match scope.get("operator"):
        case "Exists":
            return bool(priority)
        case "DoesNotExist":
            return not priority
        case "In":
            return named
        case "NotIn":
            return not named
    return False


def _milli(text: Any) -> int | None:
    try:
        return to_milli(str(text))
    except InvalidSpecError:
        return None

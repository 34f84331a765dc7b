"""How many more pods of a kind a namespace's ResourceQuotas admit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.pods import CPU, MEMORY, Pod
from rlagents.structs.quantities import to_milli
from rlautoscaler.clients.protocols import Manifest

_PODS = ("pods", "count/pods")


def room(quotas: Iterable[Manifest], pod: Pod | None) -> int | None:
    """Pods like `pod` that every quota still admits; None where none of them limits it.

    Quotas with scopes are left out: which pods they count is the API server's to say, and a pod that it
    refuses costs nothing but an event.
    """
    admitted = [
        one for quota in quotas if not _is_scoped(quota) for one in _admitted(quota.get("status") or {}, pod)
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
    kind, _, name = resource.rpartition(".")
    if name not in (CPU, MEMORY):
        return None
    # `cpu` and `memory` alone mean requests.
    return pod.limit(name) if kind == "limits" else pod.request(name)


def _is_scoped(quota: Manifest) -> bool:
    spec = quota.get("spec") or {}
    return bool(spec.get("scopes") or spec.get("scopeSelector"))


def _milli(text: Any) -> int | None:
    try:
        return to_milli(str(text))
    except InvalidSpecError:
        return None

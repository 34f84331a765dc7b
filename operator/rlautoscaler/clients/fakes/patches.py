"""How a PATCH changes a manifest, as far as the operator uses it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import jsonpatch

from rlautoscaler.clients.protocols import Manifest

PatchError = jsonpatch.JsonPatchException
"""A JSON patch that does not fit the object, a failed `test` included."""


def merge(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386): null removes, lists are replaced whole."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def apply(target: Manifest, wanted: Manifest, before: Manifest) -> Manifest:
    """Server-side apply by a single manager: what it applied before and no longer wants, goes.

    Lists are atomic here; in the real API some are merged by key.
    """
    result: Manifest = merge(target, _with_removals(wanted, before))
    return result


def edit(target: Manifest, operations: Sequence[Manifest]) -> Manifest:
    """JSON patch (RFC 6902). Raises `PatchError`."""
    result: Manifest = jsonpatch.apply_patch(target, list(operations))
    return result


def _with_removals(wanted: Manifest, before: Manifest) -> Manifest:
    patch = copy.deepcopy(wanted)
    for key, value in before.items():
        if key not in patch:
            patch[key] = None
        elif isinstance(value, dict) and isinstance(patch[key], dict):
            patch[key] = _with_removals(patch[key], value)
    return patch

"""Our own objects, as the watch last saw them. Written by kopf's thread, read by the decision loop."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.resources import autoscalers
from rlautoscaler.resources.autoscalers import Autoscaler


@dataclass(frozen=True, slots=True)
class Stored:
    """One object: as it came, and as it is understood."""

    manifest: Manifest
    autoscaler: Autoscaler


class Store:
    """All RLAutoscalers that exist."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[WorkloadKey, Stored] = {}

    def put(self, manifest: Manifest) -> None:
        """An object that is new or has changed; read once, here."""
        stored = _stored(manifest)
        with self._lock:
            self._entries[stored.autoscaler.key] = stored

    def remove(self, manifest: Manifest) -> None:
        """An object that is gone."""
        with self._lock:
            self._entries.pop(autoscalers.read(manifest).key, None)

    def renew(self, manifests: Sequence[Manifest]) -> int:
        """Take in a complete list; how many of its objects the watch had missed, deleted ones among them.

        kopf tells of deletions only while its watch stands; those during an outage it never hears of.
        """
        listed = {one.autoscaler.key: one for one in map(_stored, manifests)}
        with self._lock:
            gone = self._entries.keys() - listed.keys()
            newer = [key for key, one in listed.items() if _is_newer(one, self._entries.get(key))]
            for key in gone:
                del self._entries[key]
            self._entries.update({key: listed[key] for key in newer})
        return len(gone) + len(newer)

    def all(self) -> list[Stored]:
        """Every object, in the order of their keys, so that ticks are repeatable."""
        with self._lock:
            return [self._entries[key] for key in sorted(self._entries)]


def _stored(manifest: Manifest) -> Stored:
    return Stored(manifest, autoscalers.read(manifest))


def _is_newer(one: Stored, known: Stored | None) -> bool:
    """Whether an object has another spec, other annotations or another uid than the one known, and is later.

    Our own writes of its status make it later, too, and come back by the watch a moment after.
    """
    if known is None:
        return True
    differs = replace(one.autoscaler, status=known.autoscaler.status) != known.autoscaler
    return differs and _version(one) > _version(known)


def _version(one: Stored) -> int:
    text = str((one.manifest.get("metadata") or {}).get("resourceVersion") or "")
    return int(text) if text.isdecimal() else 0

"""Our own objects, as the watch last saw them. Written by kopf's thread, read by the decision loop."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass

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
        stored = Stored(manifest, autoscalers.read(manifest))
        with self._lock:
            self._entries[stored.autoscaler.key] = stored

    def remove(self, manifest: Manifest) -> None:
        """An object that is gone."""
        with self._lock:
            self._entries.pop(autoscalers.read(manifest).key, None)

    def retain(self, existing: Collection[WorkloadKey]) -> None:
        """Forget what a complete list no longer has.

        kopf tells of deletions only while its watch stands; those during an outage it never hears of.
        """
        with self._lock:
            for key in self._entries.keys() - set(existing):
                del self._entries[key]

    def all(self) -> list[Stored]:
        """Every object, in the order of their keys, so that ticks are repeatable."""
        with self._lock:
            return [self._entries[key] for key in sorted(self._entries)]

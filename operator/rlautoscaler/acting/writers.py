"""The status on its way to the API server.

One process writes statuses, so it knows best what stands there: the watch cache lags behind its own writes,
and building on that would tell everything twice. After a restart, or for a new object, the cache is all there
is and is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rlagents.structs.states import WorkloadKey
from rlautoscaler.acting import changes, statuses
from rlautoscaler.clients.protocols import RLAUTOSCALERS, KubeApi, Manifest
from rlautoscaler.errors import ApiError, NotFoundError
from rlautoscaler.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

Status = dict[str, Any]


@dataclass(slots=True)
class _Memory:
    """What one object's status is."""

    uid: str
    built: Status
    """As of the last tick, written or not: a change must not be forgotten because a write failed."""
    written: Status
    """As the API server has it."""
    written_at: float


class StatusWriter:
    """Writes what is new in a status when it is worth a write. `clock`: monotonic seconds."""

    def __init__(self, api: KubeApi, metrics: Metrics, *, clock: Callable[[], float]) -> None:
        self._api = api
        self._metrics = metrics
        self._clock = clock
        self._memories: dict[WorkloadKey, _Memory] = {}

    def newest(self, manifest: Manifest) -> Status:
        """The status to build on: that of the last `write`, else the one in the object as it was cached."""
        return self._memory(manifest).built

    async def write(self, manifest: Manifest, status: Status) -> bool:
        """Write a status if its news are worth it now; whether it was written.

        Refusals are logged and counted, never raised: the next tick tries again.
        """
        memory = self._memory(manifest)
        self._memories[_key(manifest)] = memory
        memory.built = status
        pause = changes.pause(memory.written, status)
        if pause is None or self._clock() - memory.written_at < pause:
            return False
        return await self._patch(_key(manifest), memory, status)

    def forget(self, key: WorkloadKey) -> None:
        """Free what is remembered of an autoscaler that is no more."""
        self._memories.pop(key, None)

    async def _patch(self, key: WorkloadKey, memory: _Memory, status: Status) -> bool:
        patch = {"status": changes.merge_patch(memory.written, status)}
        try:
            await self._api.patch(RLAUTOSCALERS, key.namespace, key.name, patch, subresource="status")
        except NotFoundError:
            self.forget(key)
            return False
        except ApiError as error:
            self._metrics.write_errors_total.labels("status").inc()
            logger.warning("The status of %s could not be written: %s", key, error)
            return False
        memory.written, memory.written_at = status, self._clock()
        return True

    def _memory(self, manifest: Manifest) -> _Memory:
        uid = str(manifest["metadata"].get("uid"))
        memory = self._memories.get(_key(manifest))
        if memory is not None and memory.uid == uid:
            return memory
        found = statuses.readable(manifest.get("status") or {})
        # As if written just now: a restart must not write every status at once.
        return _Memory(uid, found, found, self._clock())


def _key(manifest: Manifest) -> WorkloadKey:
    metadata = manifest["metadata"]
    return WorkloadKey(metadata["namespace"], metadata["name"])

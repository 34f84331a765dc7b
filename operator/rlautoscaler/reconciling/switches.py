"""The two switches that put many autoscalers on the baseline at once: a namespace's label, a ConfigMap."""

from __future__ import annotations

import logging

from rlautoscaler.clients.protocols import CONFIGMAPS, KubeApi
from rlautoscaler.errors import ApiError, NotFoundError
from rlautoscaler.observing.caches import Caches
from rlautoscaler.resources.annotations import FORCE_BASELINE, is_on

logger = logging.getLogger(__name__)

KEY = "force-baseline"
"""In the ConfigMap's data."""


class Switches:
    """The state of both. `namespace` and `name` are those of the ConfigMap."""

    def __init__(self, api: KubeApi, caches: Caches, *, namespace: str, name: str) -> None:
        self._api = api
        self._caches = caches
        self._namespace = namespace
        self._name = name
        self._all = False
        self._complaint = ""

    async def refresh(self) -> None:
        """Look at the ConfigMap. One that cannot be read leaves the switch as it was last seen."""
        try:
            found = await self._api.get(CONFIGMAPS, self._namespace, self._name)
        except NotFoundError:
            self._all = False
        except ApiError as error:
            self._complain(str(error))
            return
        else:
            self._all = is_on((found.get("data") or {}).get(KEY))
        self._complain("")

    def forces_baseline(self, namespace: str) -> bool:
        """Whether the learned policy may not act in a namespace."""
        found = self._caches.namespaces.get("", namespace) or {}
        labels = (found.get("metadata") or {}).get("labels") or {}
        return self._all or is_on(labels.get(FORCE_BASELINE))

    def _complain(self, complaint: str) -> None:
        if complaint and complaint != self._complaint:
            logger.warning("The switch %s/%s cannot be read: %s", self._namespace, self._name, complaint)
        self._complaint = complaint

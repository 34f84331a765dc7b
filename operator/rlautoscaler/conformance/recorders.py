"""Watches the twins and notes every change with its time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from rlautoscaler.clients.protocols import (
    DEPLOYMENTS,
    HORIZONTALPODAUTOSCALERS,
    PODS,
    KubeApi,
    Manifest,
)
from rlautoscaler.conformance.evidence import Evidence, HpaSeen, PodSeen, SizeSeen
from rlautoscaler.conformance.scenarios import NAMESPACE
from rlautoscaler.observing import pods as operator_pods
from rlautoscaler.sandbox import pods
from rlautoscaler.sandbox.adapters import Answer
from rlautoscaler.sandbox.mirrors import Mirror
from rlautoscaler.sandbox.pods import PodView
from rlautoscaler.sandbox.services import SERVICE_LABEL

_SYNC_SECONDS = 20.0


class Recorder:
    """Follows Deployments, pods and HPAs of the twins' namespace while the context lasts."""

    def __init__(self, api: KubeApi, clock: Callable[[], float] = time.time) -> None:
        self.answers: list[Answer] = []
        self.restarts: list[float] = []
        self._clock = clock
        self._sizes: list[SizeSeen] = []
        self._pods: list[PodSeen] = []
        self._hpas: list[HpaSeen] = []
        self._by_service: dict[str, dict[str, PodView]] = {}
        self._services: dict[str, str] = {}
        self._mirrors: list[Mirror[Any]] = [
            Mirror(api, DEPLOYMENTS, NAMESPACE, pods.deployment, self._hear_deployment),
            Mirror(api, PODS, NAMESPACE, pods.pod, self._hear_pod),
            Mirror(api, HORIZONTALPODAUTOSCALERS, NAMESPACE, _whole, self._hear_hpa),
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(mirror.follow()) for mirror in self._mirrors]
        for mirror in self._mirrors:
            await mirror.until_synced(_SYNC_SECONDS)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def pods_of(self, service: str) -> Sequence[PodView]:
        """The pods of a twin at this moment."""
        return list(self._by_service.get(service, {}).values())

    def size(self, service: str) -> int | None:
        """Requested replicas of a twin as seen last; None where it was not seen yet."""
        return next((one.replicas for one in reversed(self._sizes) if one.name == service), None)

    def hpa(self, name: str) -> Manifest:
        """An HPA as it was seen last; empty where it was not seen yet."""
        return next((one.manifest for one in reversed(self._hpas) if one.name == name), {})

    def evidence(self, audit: Path, log: Path) -> Evidence:
        """Everything so far."""
        return Evidence(
            sizes=tuple(self._sizes),
            pods=tuple(self._pods),
            hpas=tuple(self._hpas),
            answers=tuple(self.answers),
            audit=_lines(audit),
            log=_lines(log),
            restarts=tuple(self.restarts),
        )

    def _hear_deployment(self, kind: str, manifest: Manifest) -> None:
        if kind != "DELETED":
            view = pods.deployment(manifest)
            self._sizes.append(SizeSeen(self._clock(), view.name, view.replicas, view.observed))

    def _hear_pod(self, kind: str, manifest: Manifest) -> None:
        name = manifest["metadata"]["name"]
        if kind == "DELETED":
            service = self._services.pop(name, "")
            self._by_service.get(service, {}).pop(name, None)
            self._pods.append(PodSeen(self._clock(), service, name, None))
            return
        view = pods.pod(manifest)
        service = self._services[name] = (manifest["metadata"].get("labels") or {}).get(SERVICE_LABEL, "")
        self._by_service.setdefault(service, {})[name] = view
        self._pods.append(PodSeen(self._clock(), service, name, operator_pods.parsed(manifest)))

    def _hear_hpa(self, kind: str, manifest: Manifest) -> None:
        if kind != "DELETED":
            self._hpas.append(HpaSeen(self._clock(), manifest["metadata"]["name"], manifest))


def _whole(manifest: Manifest) -> Manifest:
    return manifest


def _lines(path: Path) -> tuple[str, ...]:
    """Complete lines of a file that others still write."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return tuple(text[: text.rfind("\n") + 1].splitlines())

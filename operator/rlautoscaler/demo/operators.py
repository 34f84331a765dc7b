"""The operator as a process of its own, as it would run in a cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

from rlautoscaler.demo import manifests, waits
from rlautoscaler.demo.venues import Venue
from rlautoscaler.resources.settings import PREFIX
from rlautoscaler.sandbox.ports import LOOPBACK, PortReservations
from rlautoscaler.sandbox.processes import Process, ProcessGroup, end_all

_NAME = "operator"
_READY_SECONDS = 45.0
_STOP_SECONDS = 5.0


class Operator:
    """The running operator."""

    def __init__(self, process: Process, port: int) -> None:
        self._process = process
        self._port = port

    def check(self) -> None:
        """`SandboxError` with the end of its log where it has ended by itself."""
        self._process.raise_if_ended()

    async def until_ready(self) -> None:
        """Wait for its `/readyz`; `DemoError` where that takes too long."""
        await waits.until(
            self._is_ready,
            f"the operator was not ready; its log is {self._process.log}.",
            seconds=_READY_SECONDS,
            check=self.check,
        )

    async def _is_ready(self) -> bool | None:
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"http://{LOOPBACK}:{self._port}/readyz") as response,
            ):
                return response.ok or None
        except (aiohttp.ClientError, TimeoutError):
            return None


@contextmanager
def running(venue: Venue, namespace: str) -> Iterator[Operator]:
    """Start it; end it in order. It dies with this process, whatever ends that."""
    ports = PortReservations([_NAME])
    try:
        with ProcessGroup(venue.folder, remove_folder=False) as group:
            process = group.start(
                _NAME,
                command(venue, namespace, ports[_NAME]),
                folder=Path.cwd(),  # where KUBECONFIG may be relative to
                environment=_environment(),
            )
            try:
                yield Operator(process, ports[_NAME])
            finally:
                end_all([process], _STOP_SECONDS)
    finally:
        ports.close()


def command(venue: Venue, namespace: str, port: int) -> list[str]:
    """The command line: only the demo's namespace, at the demo's speed."""
    place = [f"--kubeconfig={venue.kubeconfig}"] if venue.kubeconfig else []
    place += [f"--context={venue.context}"] if venue.context else []
    return [
        *(sys.executable, "-m", "rlautoscaler.cli.main", "run"),
        *place,
        f"--namespace={namespace}",
        f"--lease-namespace={namespace}",
        f"--prometheus-url={venue.prometheus_url}",
        f"--listen-address={LOOPBACK}",
        f"--listen-port={port}",
        "--log-format=json",
        *manifests.OPERATOR,
    ]


def _environment() -> dict[str, str]:
    """The user's, whose kubeconfig may call programs, but none of their settings for another operator."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}

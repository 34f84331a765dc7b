"""Where the sandbox keeps things: the XDG folders of the user."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rlautoscaler.errors import SandboxError

TEMPORARY_PREFIX = "rlautoscaler-sandbox-"

_NAME = "rlautoscaler"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Python's names to Go's, where they differ."""


def cache(environment: Mapping[str, str] = os.environ) -> Path:
    """Built programs: `$XDG_CACHE_HOME/rlautoscaler`, safe to delete at any time."""
    return _base(environment, "XDG_CACHE_HOME", ".cache") / _NAME


def state(environment: Mapping[str, str] = os.environ) -> Path:
    """Records of running sandboxes: `$XDG_STATE_HOME/rlautoscaler/sandboxes`."""
    return _base(environment, "XDG_STATE_HOME", ".local/state") / _NAME / "sandboxes"


def make(wanted: Path | None, name: str) -> Path:
    """An empty folder that only its owner may enter; a temporary one where None is wanted."""
    if wanted is None:
        folder = Path(tempfile.gettempdir()) / f"{TEMPORARY_PREFIX}{name}"
        folder.mkdir(mode=0o700)
        return folder
    folder = wanted.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SandboxError(f"The sandbox's folder {folder} is not empty; name a new one.")
    return folder


def platform_name() -> str:
    """This machine as Go names it, `linux-amd64`."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{_ARCHITECTURES.get(machine, machine)}"


def _base(environment: Mapping[str, str], variable: str, default: str) -> Path:
    # The XDG base directory specification ignores relative paths.
    configured = Path(environment.get(variable, ""))
    return configured if configured.is_absolute() else Path.home() / default

"""Records of running sandboxes, by which another shell finds and ends them."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Self

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import folders

_END_SECONDS = 20.0
_KILL_SECONDS = 10.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class State:
    """What another shell may know of a running sandbox. No secret is in it: tokens are in its folder."""

    name: str
    label: str
    """Who started it: `up`, `demo`, …"""
    pid: int
    """The process that runs it; SIGTERM ends both."""
    started_at: float
    """Unix time."""
    is_ready: bool
    folder: str
    removes_folder: bool
    """Whether the folder goes with the sandbox."""
    kubeconfig: str
    server: str
    prometheus_url: str


class Record:
    """The state file of a sandbox of this process.

    The file is locked as long as the process lives. The kernel drops the lock with the process, however that
    ends, so a file that can be locked is a stale one; a process id alone may belong to somebody else by now.
    """

    def __init__(self, name: str) -> None:
        self._path = _path(name)
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Locked before it has its name, so that nobody takes a file without a lock yet for a stale one.
        unnamed = self._path.with_suffix(".new")
        self._file = unnamed.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        unnamed.rename(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        self._path.unlink(missing_ok=True)
        if self._file is not None:
            self._file.close()

    def write(self, state: State) -> None:
        """Write the state, in place of what was there."""
        if self._file is None:
            raise SandboxError("The record of a sandbox is written after it is opened.")
        self._file.seek(0)
        self._file.truncate()
        json.dump(asdict(state), self._file)
        self._file.flush()


def running() -> list[State]:
    """The sandboxes of this user that run, oldest first; what dead ones left behind is removed."""
    states = [state for path in folders.state().glob("*.json") if (state := _read(path)) is not None]
    return sorted(states, key=lambda state: state.started_at)


def end(state: State) -> None:
    """End a sandbox of any process, and return when it and its files are gone."""
    for number, seconds in ((signal.SIGTERM, _END_SECONDS), (signal.SIGKILL, _KILL_SECONDS)):
        if _is_held(_path(state.name)):
            os.kill(state.pid, number)
        if _wait_until_gone(state, seconds):
            running()  # removes the record, where the process could not
            return
    raise SandboxError(f"Sandbox {state.name}, process {state.pid}, does not end; end that process yourself.")


def _wait_until_gone(state: State, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not _is_held(_path(state.name)) and not (state.removes_folder and Path(state.folder).exists()):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _read(path: Path) -> State | None:
    """The state of a sandbox that runs; what a dead one left is removed."""
    try:
        text = path.read_text()
        state = State(**json.loads(text)) if text else None
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):  # by another version of this program
        state = None
    if _is_held(path):
        return state
    path.unlink(missing_ok=True)
    if state is not None and state.removes_folder:
        shutil.rmtree(state.folder, ignore_errors=True)
    return None


def _is_held(path: Path) -> bool:
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _path(name: str) -> Path:
    return folders.state() / f"{name}.json"

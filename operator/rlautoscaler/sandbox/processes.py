"""The sandbox's programs as child processes: started with a log each, watched while they start, all ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import keepers, logs

_POLL_SECONDS = 0.05
_KEEPER_SECONDS = 15.0


class Process:
    """One program that was started."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._popen = popen

    @property
    def pid(self) -> int:
        """Process id."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._popen.poll()

    def raise_if_ended(self) -> None:
        """`SandboxError` with the end of its log, where it has ended."""
        if self.exit_code is not None:
            raise SandboxError(
                f"{self.name} ended by itself ({_how(self.exit_code)}). The end of its log, {self.log}:\n"
                f"{logs.tail(self.log)}"
            )

    def has_ended_within(self, seconds: float) -> bool:
        """Wait for its end, at most so long."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def ask_to_end(self) -> None:
        """SIGTERM, without waiting."""
        self._popen.terminate()

    def end(self, grace: float) -> None:
        """Wait for the end, and kill where the grace in seconds is over."""
        if not self.has_ended_within(max(grace, 0.0)):
            self._popen.kill()
            self._popen.wait()


class ProcessGroup:
    """All programs of one sandbox; they and the folder are gone when it is closed, or when this process dies.

    A keeper process sees to the latter, even after SIGKILL (`keepers`). The programs are in a process group
    of their own, so that a Ctrl-C in the terminal reaches this process alone, which then ends them in order.
    """

    def __init__(self, folder: Path, *, remove_folder: bool) -> None:
        self._folder = folder
        self._removes_folder = remove_folder
        self._started: list[Process] = []
        self._keeper = _start_keeper(folder if remove_folder else None)
        self._group = int(_output(self._keeper).readline() or 0)
        if self._group == 0:
            raise SandboxError(
                "The sandbox's keeper process did not start; look at what Python printed above."
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        """Start a program; its output goes to `logs/NAME.log`, after what is there from an earlier start.

        It works in the group's folder and sees nothing of the user's environment, unless told otherwise.
        """
        log = self._folder / "logs" / f"{name}.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("ab") as output:
            try:
                popen = subprocess.Popen(
                    command,
                    cwd=folder or self._folder,
                    env=self._environment() if environment is None else environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    process_group=self._group,
                )
            except OSError as error:
                raise SandboxError(f"{name} cannot be started from {command[0]}: {error}.") from error
        process = Process(name, popen, log)
        self._started.append(process)
        return process

    def close(self) -> None:
        """Kill what still runs, and remove the folder where that was asked for."""
        for process in self._started:
            process.end(grace=0)
        if self._keeper.stdin is not None and not self._keeper.stdin.closed:
            self._keeper.stdin.close()
        _output(self._keeper).close()
        try:
            self._keeper.wait(_KEEPER_SECONDS)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        if self._removes_folder:  # the keeper did, unless something killed it
            shutil.rmtree(self._folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        # Nothing of the user's: a KUBECONFIG, a ~/.kwok or a proxy must not lead a program astray.
        # Logs tell the time without a zone.
        home = str(self._folder)
        return {"PATH": os.defpath, "HOME": home, "TMPDIR": home, "TZ": "UTC"}


def end_all(processes: Iterable[Process], grace: float) -> None:
    """Ask all at once, wait for each, kill those for which the common grace was too short."""
    running = [process for process in processes if process.exit_code is None]
    for process in running:
        process.ask_to_end()
    deadline = time.monotonic() + grace
    for process in running:
        process.end(deadline - time.monotonic())


def wait_until(
    condition: Callable[[], bool], complaint: str, watched: Sequence[Process], timeout: float
) -> None:
    """Poll until the condition holds; `SandboxError` where a watched process ends or the time is over.

    `complaint` says what is not so, as "etcd was not ready".
    """
    deadline = time.monotonic() + timeout
    while not condition():
        for process in watched:
            process.raise_if_ended()
        if time.monotonic() > deadline:
            raise SandboxError(_too_late(complaint, watched, timeout))
        time.sleep(_POLL_SECONDS)


def _too_late(complaint: str, watched: Sequence[Process], timeout: float) -> str:
    tails = "".join(f"\n{process.log}:\n{logs.tail(process.log, 5)}" for process in watched)
    return f"After {timeout:g} s {complaint}; the machine may be overloaded. The ends of the logs:{tails}"


def _how(exit_code: int) -> str:
    return f"signal {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit code {exit_code}"


def _start_keeper(folder: Path | None) -> subprocess.Popen[bytes]:
    script = Path(keepers.__file__)
    arguments = [str(os.getpid()), *([str(folder)] if folder else [])]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(script), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,
    )


def _output(keeper: subprocess.Popen[bytes]) -> IO[bytes]:
    if keeper.stdout is None:
        raise SandboxError("The sandbox's keeper process has no output.")
    return keeper.stdout

"""The keeper: a small process that outlives its parent just long enough to clean up after it.

Run as a script, without importing anything of ours, so that it costs 10 ms and 8 MB:
`python keepers.py PARENT_PID [FOLDER]`. It leads a process group that the sandbox's programs join, prints the
group's id, and waits for its standard input to close or its parent to vanish. Then it kills the group and
removes the folder.

Why not PR_SET_PDEATHSIG: it fires when the *thread* that started the child ends, so a sandbox started from a
worker thread would die with that thread; and it removes no folder. A process group has no such trap, and a
program that is being started at the very moment its parent is killed either joins the group, and is killed
with it, or finds no group to join, and does not start.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import time

_POLL_SECONDS = 0.5
_KILL_SECONDS = 10.0


def main(parent: int, folder: str | None) -> None:
    """Keep until the parent lets go or is gone."""
    # A Ctrl-C or a closed terminal must end the parent first, which ends the programs in order.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    group = _lead_group()
    os.write(sys.stdout.fileno(), f"{group}\n".encode())
    _wait_for_end_of(parent)
    _kill(group)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _lead_group() -> int:
    """An idle process whose id names the group, because the keeper itself must survive the group's end."""
    readable, writable = os.pipe()
    leader = os.fork()
    if leader == 0:
        os.close(writable)
        os.setpgid(0, 0)
        os.read(readable, 1)  # returns when the keeper, which holds the other end, is gone
        os._exit(0)
    os.close(readable)
    os.setpgid(leader, leader)  # whichever of the two is first
    return leader


def _wait_for_end_of(parent: int) -> None:
    # The pipe answers at once. Looking at the parent as well covers a fork of it that still holds the pipe.
    while os.getppid() == parent:
        readable, _, _ = select.select([sys.stdin.fileno()], [], [], _POLL_SECONDS)
        if readable and not os.read(sys.stdin.fileno(), 1024):
            return


def _kill(group: int) -> None:
    """Kill until nobody is left, so that a program which joins meanwhile is met too."""
    deadline = time.monotonic() + _KILL_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            return
        _reap()
        time.sleep(0.02)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)

"""Child processes: watched while they start, ended in every case."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import processes
from rlautoscaler.sandbox.processes import Process, ProcessGroup

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"

HOLDER = """
import sys, threading, time
from pathlib import Path
from rlautoscaler.sandbox.processes import ProcessGroup
group = ProcessGroup(Path(sys.argv[1]), remove_folder=True)
def start(name):
    print(group.start(name, [sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
thread = threading.Thread(target=start, args=("from-a-thread-that-ends",))
thread.start()
thread.join()
start("from-the-main-thread")
{last}
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "sandbox"
    folder.mkdir()
    return folder


@pytest.fixture
def group(folder: Path) -> Iterator[ProcessGroup]:
    with ProcessGroup(folder, remove_folder=True) as group:
        yield group


def python(group: ProcessGroup, program: str, name: str = "child") -> Process:
    return group.start(name, [sys.executable, "-c", program])


def is_alive(pid: int) -> bool:
    """Neither gone nor a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def assert_soon(condition: object, seconds: float = 10.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_output_goes_to_a_log_that_a_second_start_continues(group: ProcessGroup, folder: Path) -> None:
    """Both streams are kept, and a restart does not erase what the first run said."""
    for word in ("first", "second"):
        python(group, f"import sys; print('{word}'); print('oops', file=sys.stderr)").end(10)
    words = (folder / "logs" / "child.log").read_text().split()
    assert sorted(words[:2]) == ["first", "oops"]
    assert sorted(words[2:]) == ["oops", "second"]


def test_nothing_of_the_users_environment_reaches_a_program(
    group: ProcessGroup, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KUBECONFIG, proxies and the home folder stay outside."""
    monkeypatch.setenv("KUBECONFIG", "/elsewhere")
    monkeypatch.setenv("HTTPS_PROXY", "http://elsewhere")
    python(
        group,
        "import os; print(os.environ.get('KUBECONFIG'), os.environ.get('HTTPS_PROXY'), os.environ['HOME'])",
    ).end(10)
    assert (folder / "logs" / "child.log").read_text().split() == ["None", "None", str(folder)]


def test_a_program_that_does_not_exist_is_a_sentence(group: ProcessGroup) -> None:
    """The error names the program and its path."""
    with pytest.raises(SandboxError, match="etcd cannot be started from /nowhere/etcd"):
        group.start("etcd", ["/nowhere/etcd"])


def test_waiting_notices_an_early_death(group: ProcessGroup) -> None:
    """It fails at once, not at the time-out, with exit code and the end of the log."""
    child = python(group, "print('port is taken'); raise SystemExit(7)", "etcd")
    began = time.monotonic()
    with pytest.raises(
        SandboxError, match=r"(?s)etcd ended by itself \(exit code 7\).*etcd\.log.*port is taken"
    ):
        processes.wait_until(lambda: False, "etcd was not ready", [child], timeout=30)
    assert time.monotonic() - began < 10


def test_waiting_has_an_end(group: ProcessGroup) -> None:
    """After the time-out the sentence says what was not so, with the ends of the logs."""
    child = python(group, STUBBORN, "etcd")
    assert_soon(lambda: child.log.read_text() == "up\n")
    with pytest.raises(SandboxError, match=r"(?s)After 0\.2 s etcd was not ready.*etcd\.log:\nup"):
        processes.wait_until(lambda: False, "etcd was not ready", [child], timeout=0.2)


def test_a_program_that_ignores_sigterm_is_killed_after_the_grace(group: ProcessGroup) -> None:
    """All share one grace, so that ten stubborn programs take no longer than one."""
    stubborn = [python(group, STUBBORN, f"stubborn-{number}") for number in range(3)]
    assert_soon(lambda: all(child.log.read_text() == "up\n" for child in stubborn))
    began = time.monotonic()
    processes.end_all(stubborn, grace=0.5)
    assert 0.4 < time.monotonic() - began < 1.4
    assert [child.exit_code for child in stubborn] == [-signal.SIGKILL] * 3


def test_ending_what_has_ended_is_harmless(group: ProcessGroup) -> None:
    """A program that died before is passed over."""
    child = python(group, "pass")
    assert_soon(lambda: child.exit_code == 0)
    processes.end_all([child], grace=1)
    assert child.exit_code == 0


def test_closing_kills_what_still_runs_and_removes_the_folder(folder: Path) -> None:
    """Also a program that nobody ended, and its own children."""
    with ProcessGroup(folder, remove_folder=True) as group:
        child = python(
            group,
            "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).wait()",
        )
        children = Path(f"/proc/{child.pid}/task/{child.pid}/children")
        assert_soon(children.read_text)
        grandchild = int(children.read_text())
    assert not is_alive(child.pid)
    assert not is_alive(grandchild)
    assert not folder.exists()


def test_a_killed_keeper_changes_nothing_at_a_normal_end(folder: Path) -> None:
    """The parent ends its programs and removes the folder by itself then."""
    with ProcessGroup(folder, remove_folder=True) as group:
        child = python(group, STUBBORN)
        group._keeper.kill()
        group._keeper.wait()
        another = python(group, STUBBORN, "another")
    assert not is_alive(child.pid)
    assert not is_alive(another.pid)
    assert not folder.exists()


def test_a_kept_folder_stays(folder: Path) -> None:
    """Where it is to be kept, only the programs end."""
    with ProcessGroup(folder, remove_folder=False) as group:
        child = python(group, STUBBORN)
    assert not is_alive(child.pid)
    assert (folder / "logs" / "child.log").exists()


def test_programs_survive_the_thread_that_started_them(group: ProcessGroup) -> None:
    """Unlike with PR_SET_PDEATHSIG, a worker thread may start a program and end."""
    started: list[Process] = []
    thread = threading.Thread(target=lambda: started.append(python(group, STUBBORN)))
    thread.start()
    thread.join()
    time.sleep(0.3)
    assert started[0].exit_code is None


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV], ids=lambda number: number.name
)
def test_everything_is_gone_when_the_parent_dies(folder: Path, number: signal.Signals) -> None:
    """Whatever kills the parent, its programs end and its folder is removed."""
    pids = run_holder(folder, number)
    assert_soon(lambda: not any(is_alive(pid) for pid in pids) and not folder.exists())


def test_a_fork_of_the_parent_does_not_keep_the_programs_alive(folder: Path) -> None:
    """A multiprocessing worker inherits the pipe to the keeper and may outlive the parent."""
    pids = run_holder(folder, signal.SIGKILL, last="import os\nif os.fork() == 0: time.sleep(5); os._exit(0)")
    assert_soon(lambda: not any(is_alive(pid) for pid in pids) and not folder.exists(), seconds=4)


def run_holder(folder: Path, number: signal.Signals, last: str = "") -> list[int]:
    """Process ids of the programs of a process that was then killed."""
    command = [sys.executable, "-c", HOLDER.format(last=last), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        pids = [int(holder.stdout.readline()) for _ in range(2)]
        assert all(is_alive(pid) for pid in pids)
        os.kill(holder.pid, number)
        holder.wait(10)
        return pids


def test_ctrl_c_does_not_reach_the_programs(folder: Path) -> None:
    """They are in a process group of their own, which is neither the parent's nor the keeper's."""
    with ProcessGroup(folder, remove_folder=True) as group:
        child = python(group, STUBBORN)
        assert os.getpgid(child.pid) not in (os.getpgrp(), os.getpgid(group._keeper.pid))
        assert os.getpgid(group._keeper.pid) != os.getpgrp()

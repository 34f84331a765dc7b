"""Records by which other shells find a sandbox."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import folders, states

OWNER = """
import os, sys, time
from rlautoscaler.sandbox.states import Record, State
with Record("abc") as record:
    record.write(State("abc", "up", os.getpid(), 2.0, True, sys.argv[1], True, "k", "s", "p"))
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def owner(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process with a record, and a folder that goes with it."""
    folder = home / "sandbox"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        yield process
        process.kill()


def state(name: str, started_at: float = 1.0) -> states.State:
    return states.State(name, "tests", 1, started_at, True, "/nowhere", False, "k", "s", "p")


def test_without_sandboxes_nothing_runs() -> None:
    """No folder, no record, no error."""
    assert states.running() == []


def test_records_are_listed_oldest_first_while_they_are_open() -> None:
    """A record is there from its first write to its end."""
    young, old = state("young", 5.0), state("old", 3.0)
    with states.Record("young") as first, states.Record("old") as second:
        assert states.running() == []
        first.write(young)
        second.write(old)
        assert states.running() == [old, young]
    assert states.running() == []
    assert list(folders.state().iterdir()) == []


def test_a_record_can_be_written_anew() -> None:
    """A shorter text leaves nothing of the longer one before."""
    with states.Record("a") as record:
        record.write(state("a-much-longer-name"))
        record.write(state("a"))
        assert states.running() == [state("a")]


def test_a_dead_owners_record_and_folder_are_removed(owner: subprocess.Popen[str], home: Path) -> None:
    """A process that was killed leaves a record without a lock, which the next look removes."""
    assert [each.pid for each in states.running()] == [owner.pid]
    owner.kill()
    owner.wait()
    assert states.running() == []
    assert not (home / "sandbox").exists()
    assert list(folders.state().iterdir()) == []


def test_a_kept_folder_is_not_removed_with_a_stale_record(home: Path) -> None:
    """Where the user asked to keep files, cleaning up leaves them."""
    folders.state().mkdir(parents=True)
    (home / "kept").mkdir()
    text = f'{{"name": "x", "label": "up", "pid": 1, "started_at": 1, "is_ready": true, "folder": "{home / "kept"}",'
    text += '"removes_folder": false, "kubeconfig": "", "server": "", "prometheus_url": ""}'
    (folders.state() / "x.json").write_text(text)
    assert states.running() == []
    assert (home / "kept").exists()


@pytest.mark.parametrize("text", ["", "{", '{"unknown": 1}', "[]"])
def test_a_record_that_makes_no_sense_is_not_an_error(text: str) -> None:
    """Of another version, or cut off: it is stale, and removed."""
    folders.state().mkdir(parents=True)
    (folders.state() / "x.json").write_text(text)
    assert states.running() == []
    assert list(folders.state().iterdir()) == []


def test_ending_sends_sigterm_and_waits(owner: subprocess.Popen[str], home: Path) -> None:
    """After `end` the process, its record and its folder are gone."""
    (running,) = states.running()
    (home / "sandbox").rmdir()  # as the sandbox's keeper does
    states.end(running)
    assert owner.wait(5) != 0
    assert states.running() == []


def test_ending_what_does_not_end_is_a_sentence(
    owner: subprocess.Popen[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a folder stays in spite of SIGKILL, the reader is told which process to look at."""
    monkeypatch.setattr(states, "_END_SECONDS", 0.2)
    monkeypatch.setattr(states, "_KILL_SECONDS", 0.2)
    (running,) = states.running()
    began = time.monotonic()
    with pytest.raises(SandboxError, match=f"abc, process {owner.pid}, does not end"):
        states.end(running)
    assert time.monotonic() - began < 3

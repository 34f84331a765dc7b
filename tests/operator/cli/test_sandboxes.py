"""`rlautoscaler sandbox` as a person and a script use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rlautoscaler.cli import sandboxes
from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import states

PROGRAM = "import sys; from rlautoscaler.cli.sandboxes import app; app(sys.argv[1:], prog_name='sandbox')"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(sandboxes.app, arguments)


@pytest.fixture
def up(programs: None) -> Iterator[subprocess.Popen[str]]:
    """`sandbox up --json`, in a process group of its own as a shell's job is."""
    command = [sys.executable, "-c", PROGRAM, "up", "--json", "--nodes=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0) as process:
        yield process
        if process.poll() is None:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    summary: dict[str, Any] = json.loads(process.stdout.readline())
    return summary


def command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except OSError:  # it has ended meanwhile
        return ""


def test_status_without_a_sandbox_says_how_to_start_one() -> None:
    """Exit code 1, so that a script can ask."""
    result = invoke("status")
    assert result.exit_code == 1
    assert "rlautoscaler sandbox up" in result.output


def test_status_as_json_is_a_list() -> None:
    """Also when it is empty."""
    result = invoke("status", "--json")
    assert (result.exit_code, json.loads(result.output)) == (1, [])


def test_down_without_a_sandbox_is_no_error() -> None:
    """What is to be gone is gone."""
    assert invoke("down").exit_code == 0


def test_down_of_an_unknown_name_is_a_sentence() -> None:
    """The error names what is unknown and how to list what is not."""
    result = invoke("down", "nobody")
    assert isinstance(result.exception, SandboxError)
    assert "No sandbox nobody runs" in str(result.exception)


def test_down_leaves_other_peoples_sandboxes_alone() -> None:
    """Without a name it ends those of `sandbox up` only, not a demo's or a test's."""
    with states.Record("other") as record:
        record.write(states.State("other", "demo", os.getpid(), 1.0, True, "/nowhere", False, "k", "s", "p"))
        assert invoke("down").exit_code == 0
        assert [state.name for state in states.running()] == ["other"]


@pytest.mark.cluster
def test_up_is_seen_and_ended_from_another_shell(up: subprocess.Popen[str]) -> None:
    """The summary names a kubeconfig that exists, status lists it, and down ends it with exit code 0."""
    summary = first_line(up)
    assert Path(summary["kubeconfig"]).exists()
    assert summary["name"] in invoke("status").output
    assert invoke("down").exit_code == 0
    assert up.wait(10) == 0
    assert not Path(summary["folder"]).exists()
    assert invoke("status").exit_code == 1


@pytest.mark.cluster
def test_ctrl_c_is_the_normal_end_of_up(up: subprocess.Popen[str]) -> None:
    """SIGINT to the job ends it in order, with exit code 0 and nothing left."""
    summary = first_line(up)
    os.killpg(up.pid, signal.SIGINT)
    assert up.wait(20) == 0
    assert not Path(summary["folder"]).exists()


@pytest.mark.cluster
def test_up_ends_with_an_error_when_a_part_dies(up: subprocess.Popen[str]) -> None:
    """A control plane that lost a program is not held up as if it worked."""
    summary = first_line(up)
    (etcd,) = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and f"--data-dir={summary['folder']}/etcd" in command_line(entry)
    ]
    os.kill(etcd, signal.SIGKILL)
    assert up.wait(20) == 1
    assert not Path(summary["folder"]).exists()

"""The whole demo as a user starts it, short."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rlautoscaler.sandbox import states

pytestmark = pytest.mark.cluster

Start = Callable[..., subprocess.Popen[str]]
SECONDS = 120.0


@pytest.fixture
def start(programs: None) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-u", "-m", "rlautoscaler.cli.main", "demo", "--plain", *arguments]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Its output up to the line with that text."""
    assert process.stdout is not None
    read = ""
    deadline = time.monotonic() + SECONDS
    for line in process.stdout:
        read += line
        if text in line:
            return read
        assert time.monotonic() < deadline, read
    raise AssertionError(f"it ended without {text!r}:\n{read}")


def rest(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=SECONDS)
    return output


def sandboxes_of(process: subprocess.Popen[str]) -> list[states.State]:
    """Of this demo alone: others may run on this machine."""
    return [state for state in states.running() if state.pid == process.pid]


def interrupt(process: subprocess.Popen[str]) -> None:
    """As a terminal does, which sends it to the whole job."""
    os.killpg(process.pid, signal.SIGINT)


def test_it_ends_by_itself_with_a_summary(start: Start, tmp_path: Path) -> None:
    """Both sides are measured over the same seconds, the policy has decided, and nothing is left running."""
    process = start("--duration", "12s", "--json", str(tmp_path / "s.json"), "--png", str(tmp_path / "s.png"))
    output = rest(process)
    assert process.returncode == 0, output
    summary = json.loads((tmp_path / "s.json").read_text())
    assert summary["complete"] is True
    assert summary["ours"]["seconds"] == summary["twin"]["seconds"] == pytest.approx(12, abs=1.5)
    assert summary["ours"]["offered"] == pytest.approx(summary["twin"]["offered"])
    assert summary["ours"]["offered"] > 300
    assert summary["policy_share"] > 0.5
    assert (tmp_path / "s.png").stat().st_size > 10_000
    assert "The whole run: 0:1" in output
    assert summary["verdict"] in " ".join(output.split())
    assert sandboxes_of(process) == []


def test_ctrl_c_ends_it_with_a_partial_table(start: Start, tmp_path: Path) -> None:
    """Interrupted while it compares, it tells what it has, and ends everything."""
    process = start("--duration", "3m", "--json", str(tmp_path / "s.json"))
    read_until(process, "req/s")
    interrupt(process)
    output = rest(process)
    assert process.returncode == 130, output
    assert "Until it was interrupted" in output
    assert json.loads((tmp_path / "s.json").read_text())["complete"] is False
    assert sandboxes_of(process) == []


@pytest.mark.parametrize("moment", ["Starting a control plane", "Starting traffic"])
def test_ctrl_c_at_the_start_leaves_nothing(start: Start, moment: str) -> None:
    """Interrupted before it compares, it ends at once, without a traceback."""
    process = start("--duration", "3m")
    read_until(process, moment)
    began = time.monotonic()
    interrupt(process)
    output = rest(process)
    assert time.monotonic() - began < 20
    assert process.returncode != 0
    assert "Traceback" not in output
    assert sandboxes_of(process) == []


def test_it_is_kept_until_ctrl_c(start: Start) -> None:
    """With --keep the cluster stays, lines to try are printed, and the traffic goes on."""
    process = start("--duration", "10s", "--keep")
    output = read_until(process, "Ctrl-C ends it")
    kubeconfig = next(line for line in output.splitlines() if "export KUBECONFIG=" in line).split("=")[1]
    (state,) = sandboxes_of(process)
    assert state.kubeconfig == kubeconfig
    time.sleep(2)
    assert process.poll() is None
    interrupt(process)
    assert rest(process).strip().endswith("Ending everything …")
    assert process.returncode == 0
    assert sandboxes_of(process) == []

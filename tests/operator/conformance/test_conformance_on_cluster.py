"""The short form of the comparison, on a real control plane."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster


def test_the_baseline_does_what_the_clusters_own_controller_does(programs: None, tmp_path: Path) -> None:
    """Three pairs of twins take equal sizes, and every pass of the controller is decided alike; exit code 0."""
    summary = tmp_path / "summary.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "rlautoscaler.cli.main"),
            *("evaluate", "conformance", "--short", f"--json={summary}"),
        ],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    document = json.loads(summary.read_text())
    assert document["passed"] is True
    rows = {row["name"]: row for row in document["scenarios"]}
    assert [step["size"] for step in rows["short-cpu"]["ours"]] == [2, 5, 2]
    assert [step["size"] for step in rows["short-zero"]["ours"]] == [3, 0, 3]
    assert all(row["passes"] >= 10 and row["rescales"] > 0 for row in rows.values())

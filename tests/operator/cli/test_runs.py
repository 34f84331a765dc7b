"""`rlautoscaler run`, as far as it comes without a cluster: each mistake is a sentence and an exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rlautoscaler.cli import main
from rlautoscaler.resources.settings import PREFIX

MESSAGES = [
    ("a flag that there is not", ["--nonsense"], 2, "unrecognized arguments: --nonsense"),
    ("a value that is none", ["--hpa-tolerance=abc"], 1, "hpa_tolerance"),
    ("times that contradict each other", ["--lease-duration=5s"], 1, "lease_renew_deadline < lease_duration"),
    ("a kubeconfig that is not there", ["--kubeconfig=/nowhere"], 1, "There is no kubeconfig at /nowhere"),
    ("a settings file that is not there", ["--config=/nowhere"], 1, "The settings file /nowhere"),
    ("a setting that there is not", ["--config=settings.yaml"], 1, "prometheus_ur: there is no such setting"),
]


@pytest.mark.parametrize(("sentence", "flags", "code", "message"), MESSAGES)
def test_a_mistake_at_the_start_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sentence: str,
    flags: list[str],
    code: int,
    message: str,
) -> None:
    """One line on standard error says what to change; nothing else is printed."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("settings.yaml").write_text("prometheus_ur: http://prometheus:9090\n")
    monkeypatch.setattr(sys, "argv", ["rlautoscaler", "run", *flags])
    with pytest.raises(SystemExit) as caught:
        main.main()
    told = capsys.readouterr()
    assert caught.value.code == code, sentence
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert line.startswith("error: ")
    assert message in line


def test_a_misspelt_variable_is_told_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a warning, not the end: Kubernetes and others may put variables with this prefix there, too."""
    monkeypatch.setenv(f"{PREFIX}LEASE_NAM", "mine")
    monkeypatch.setattr(sys, "argv", ["rlautoscaler", "run", "--kubeconfig=/nowhere", "--log-format=plain"])
    with pytest.raises(SystemExit):
        main.main()
    first, *_ = capsys.readouterr().err.splitlines()
    assert f"{PREFIX}LEASE_NAM in the environment is no setting" in first
    assert f"did you mean {PREFIX}LEASE_NAME?" in first

"""`rlautoscaler train`."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from rlagents.encoding import actions, classical
from rlagents.policies import models
from rlautoscaler.cli import trainings
from rlautoscaler.errors import SettingsError

app = typer.Typer()
app.command()(trainings.train)

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs the [train] extra")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure little at the end."""
    from rlagents.training import evaluations

    little = evaluations.EvaluationSettings(seeds=(1,), services=4, ticks=2)
    monkeypatch.setattr(evaluations, "EvaluationSettings", lambda: little)


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's image has no torch; asking it to train is a sentence, at once."""
    monkeypatch.setattr(trainings, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r'pip install "rlautoscaler\[train\]"'):
        trainings.train()


@pytest.mark.parametrize("name", ["model", "model.pt", "model.json"])
def test_another_file_type_is_refused_before_minutes_are_spent(name: str, tmp_path: Path) -> None:
    """Weights are safetensors, and the card takes the name with .json."""
    with pytest.raises(SettingsError, match="give --out a name like"):
        trainings.train(out=tmp_path / name)


def test_a_path_that_cannot_be_a_file_is_refused_before_minutes_are_spent(tmp_path: Path) -> None:
    """A folder of that name, or a file where its folder should be."""
    folder = tmp_path / "folder.safetensors"
    folder.mkdir()
    (tmp_path / "file").touch()
    for out in (folder, tmp_path / "file" / "model.safetensors"):
        with pytest.raises(SettingsError, match="name another file"):
            trainings.train(out=out)


@needs_torch
@pytest.mark.torch
@pytest.mark.usefixtures("short")
def test_it_writes_a_model_and_tells_how_good_it_is(tmp_path: Path) -> None:
    """Progress in plain lines, a table of all policies, and a model that loads."""
    out = tmp_path / "mine.safetensors"
    result = CliRunner().invoke(app, ["--seed", "3", "--steps", "1", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "100%" in result.stderr
    assert "hpa-like-70" in result.stdout
    assert f"Wrote {out}" in result.stdout
    model = models.load(out, schema=classical.SCHEMA, space=actions.CLASSICAL)
    assert model.card.seed == 3


@needs_torch
@pytest.mark.torch
@pytest.mark.usefixtures("short")
def test_json_is_the_card_alone(tmp_path: Path) -> None:
    """Standard output is one line of JSON, whatever progress says on standard error."""
    out = tmp_path / "mine.safetensors"
    result = CliRunner().invoke(app, ["--steps", "1", "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == json.loads(models.card_path(out).read_text())
    assert result.stdout.count("\n") == 1

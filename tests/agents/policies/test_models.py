"""Model files: the round trip, and the refusal of everything else."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlagents.encoding import actions, classical
from rlagents.policies import models
from rlagents.structs.errors import ModelFormatError, ModelSchemaError

MakeModel = Callable[[], models.Model]


def load(path: Path) -> models.Model:
    return models.load(path, schema=classical.SCHEMA, space=actions.CLASSICAL)


@pytest.fixture
def saved(tmp_path: Path, make_model: MakeModel) -> Path:
    """A good model on disk."""
    path = tmp_path / "model.safetensors"
    models.save(make_model(), path)
    return path


def edit_card(path: Path, **changes: Any) -> None:
    card = models.card_path(path)
    card.write_text(json.dumps(json.loads(card.read_text()) | changes))


def test_a_model_comes_back_as_it_was_saved(saved: Path, make_model: MakeModel) -> None:
    """Card and weights survive to the last bit, and the card has the digest of its weights."""
    model, original = load(saved), make_model()
    assert replace(model.card, sha256="") == original.card
    assert len(model.card.sha256) == 64
    assert model.tensors.keys() == original.tensors.keys()
    for name, tensor in original.tensors.items():
        np.testing.assert_array_equal(model.tensors[name], tensor)


def test_saving_the_same_model_again_writes_the_same_bytes(saved: Path, make_model: MakeModel) -> None:
    """A training that is repeated shows no difference to version control."""
    before = saved.read_bytes(), models.card_path(saved).read_text()
    models.save(make_model(), saved)
    assert (saved.read_bytes(), models.card_path(saved).read_text()) == before


@pytest.mark.parametrize("where", ["the header's length", "the header", "a weight", "the end"])
def test_damaged_weights_are_refused(saved: Path, where: str) -> None:
    """One changed byte anywhere, or a file cut short, no longer belongs to the card."""
    content = bytearray(saved.read_bytes())
    if where == "the end":
        del content[-100:]
    else:
        content[{"the header's length": 0, "the header": 20, "a weight": -5}[where]] ^= 0xFF
    saved.write_bytes(content)
    with pytest.raises(ModelFormatError, match="do not belong to its card"):
        load(saved)


def test_weights_that_are_no_safetensors_are_refused_whatever_the_digest_says(saved: Path) -> None:
    """A fitting digest does not make a damaged file a model."""
    garbage = b"\xff" * 64
    saved.write_bytes(garbage)
    edit_card(saved, sha256=hashlib.sha256(garbage).hexdigest())
    with pytest.raises(ModelFormatError, match="damaged"):
        load(saved)


def test_a_pickle_is_not_even_looked_at(saved: Path, tmp_path: Path) -> None:
    """Code in a model file never runs."""
    witness = tmp_path / "ran"

    class Exploit:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
            return Path.touch, (witness,)

    content = pickle.dumps(Exploit())
    saved.write_bytes(content)
    edit_card(saved, sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ModelFormatError):
        load(saved)
    assert not witness.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "relative/1"}, "made for the features 'relative/1'"),
        ({"features": ["cpu"]}, "made for the features"),
        ({"features": list(reversed(classical.SCHEMA.names))}, "made for the features"),
        ({"action_space": "continuous/1"}, "made for the actions 'continuous/1'"),
        ({"actions": list(reversed(actions.CLASSICAL.names))}, "made for the actions"),
    ],
    ids=["another schema", "fewer features", "another order", "another space", "actions in another order"],
)
def test_models_for_other_features_or_actions_are_refused(
    saved: Path, changes: dict[str, Any], message: str
) -> None:
    """A network whose inputs or outputs mean something else would decide nonsense with confidence."""
    edit_card(saved, **changes)
    with pytest.raises(ModelSchemaError, match=message):
        load(saved)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "rlautoscaler-model/99"},
        {"hidden_sizes": [8, 9]},
        {"hidden_sizes": ["eight", 8]},
        {"hidden_sizes": None},
        {"feature_means": [0.0]},
        {"feature_low": [float("nan")] * 16},
        {"feature_high": ["x"] * 16},
        {"required_features": ["cpu", "phase of the moon"]},
        {"surprise": 1},
        {"sha256": "0" * 64},
    ],
    ids=str,
)
def test_cards_that_do_not_fit_are_refused(saved: Path, changes: dict[str, Any]) -> None:
    """Wrong format, shapes, lengths, numbers, names or digest: a sentence, never a crash later."""
    edit_card(saved, **changes)
    with pytest.raises(ModelFormatError):
        load(saved)


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", '{"name": "x"', "\x00", "[" * 10000])
def test_cards_that_are_no_cards_are_refused(saved: Path, content: str) -> None:
    """Whatever lies where the card should be, the error says what to use instead."""
    models.card_path(saved).write_text(content)
    with pytest.raises(ModelFormatError, match="is not one of ours"):
        load(saved)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(saved: Path, make_model: MakeModel, value: float) -> None:
    """One NaN would make every decision NaN."""
    model = make_model()
    weight = model.tensors["actor.0.weight"].copy()
    weight[0, 0] = value
    models.save(models.Model(model.card, {**model.tensors, "actor.0.weight": weight}), saved)
    with pytest.raises(ModelFormatError, match="not finite float32"):
        load(saved)


def test_a_missing_tensor_is_named(saved: Path, make_model: MakeModel) -> None:
    """The message tells which tensor does not fit."""
    model = make_model()
    rest = {name: tensor for name, tensor in model.tensors.items() if name != "critic.1.bias"}
    models.save(models.Model(model.card, rest), saved)
    with pytest.raises(ModelFormatError, match=r"critic\.1\.bias"):
        load(saved)


@pytest.mark.parametrize("which", ["weights", "card"])
def test_a_missing_file_is_named(saved: Path, which: str) -> None:
    """The error names the path that could not be read."""
    gone = saved if which == "weights" else models.card_path(saved)
    gone.unlink()
    with pytest.raises(ModelFormatError, match=f"Cannot read {gone}"):
        load(saved)


def test_a_huge_file_is_not_read(saved: Path) -> None:
    """Pointing at a disk image costs no memory."""
    with saved.open("wb") as file:
        file.truncate(models.LARGEST_FILE + 1)
    with pytest.raises(ModelFormatError, match="too large"):
        load(saved)


def test_an_unknown_builtin_is_refused() -> None:
    """A misspelt built-in is a sentence."""
    with pytest.raises(ModelFormatError, match="no built-in model 'pp0'"):
        models.load_builtin("pp0", schema=classical.SCHEMA, space=actions.CLASSICAL)

"""Model files: weights as safetensors, beside them a JSON card that says what the weights are good for.

Nothing is ever unpickled, so a model file cannot carry code. The card holds the digest of the weights: one
file cannot be mistaken for another's.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from rlagents.encoding.actions import ActionSpace
from rlagents.encoding.schemas import FeatureSchema
from rlagents.structs.errors import ModelFormatError, ModelSchemaError

Tensors = Mapping[str, NDArray[np.float32]]

FORMAT = "rlautoscaler-model/1"
LARGEST_FILE = 64 * 2**20
"""Bytes; a policy network is a thousand times smaller, and reading a file must not fill the memory."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model is, what it needs, what it was trained on and how well it did."""

    name: str
    algorithm: str
    schema: str
    """`FeatureSchema.key` it was made for."""
    features: tuple[str, ...]
    action_space: str
    """`ActionSpace.key` it was made for."""
    actions: tuple[str, ...]
    hidden_sizes: tuple[int, ...]
    feature_means: tuple[float, ...]
    """Over training; an unknown feature is taken to be its mean."""
    feature_low: tuple[float, ...]
    """Lower end of what training has seen of each feature: a quantile, so that one outlier is no licence."""
    feature_high: tuple[float, ...]
    required_features: tuple[str, ...]
    """Those without which it must not be asked."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """Hyperparameters, environment and steps, enough to train it again."""
    seed: int = 0
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What it came to on held-out seeds, beside the rules it was compared with."""
    sha256: str = ""
    """Of the weights file."""
    format: str = FORMAT

    def to_json(self) -> str:
        """The card as text, stable for equal content."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


@dataclass(frozen=True, slots=True)
class Model:
    """Weights and the card that belongs to them."""

    card: ModelCard
    tensors: Tensors
    """`observations.mean|std`, then `actor|critic.N.weight|bias` with weights of shape [out, in]."""


def save(model: Model, path: Path) -> ModelCard:
    """Write `path` (weights) and the card beside it (`.json`); the card returned has the digest.

    The card is written last: whoever finds a card with a fitting digest has found a whole model.
    """
    weights = safetensors.numpy.save(dict(model.tensors))
    card = replace(model.card, sha256=hashlib.sha256(weights).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(weights)
    card_path(path).write_text(card.to_json(), encoding="utf-8")
    return card


def load(path: Path, *, schema: FeatureSchema, space: ActionSpace) -> Model:
    """Read a model made for this schema and action space.

    Raises ModelFormatError for what is missing, damaged or not ours, ModelSchemaError for what was made for
    other features or actions.
    """
    return parse(_read(path), _read(card_path(path)), schema=schema, space=space, origin=str(path))


def load_builtin(name: str, *, schema: FeatureSchema, space: ActionSpace) -> Model:
    """Read a model that ships with the package."""
    folder = resources.files("rlagents.policies") / "builtin"
    weights, card = folder / f"{name}.safetensors", folder / f"{name}.json"
    if not weights.is_file() or not card.is_file():
        raise ModelFormatError(f"There is no built-in model {name!r}: train one, or name another.")
    return parse(
        weights.read_bytes(), card.read_bytes(), schema=schema, space=space, origin=f"builtin {name}"
    )


def parse(weights: bytes, card: bytes, *, schema: FeatureSchema, space: ActionSpace, origin: str) -> Model:
    """A model from the bytes of its two files; `origin` names it in errors."""
    parsed = _card(card, origin)
    _check_schema(parsed, schema, space, origin)
    digest = hashlib.sha256(weights).hexdigest()
    if digest != parsed.sha256:
        raise ModelFormatError(
            f"The weights of {origin} do not belong to its card (sha256 {digest[:12]}…, card says "
            f"{parsed.sha256[:12]}…): copy both files from the same training."
        )
    tensors = _tensors(weights, origin)
    _check_tensors(parsed, tensors, origin)
    return Model(parsed, tensors)


def card_path(weights: Path) -> Path:
    """Where the card of a weights file lies."""
    return weights.with_suffix(".json")


def layer_shapes(inputs: int, hidden_sizes: tuple[int, ...], outputs: int) -> tuple[tuple[int, int], ...]:
    """Shapes [out, in] of a network's weights, first layer first."""
    sizes = (inputs, *hidden_sizes, outputs)
    return tuple((after, before) for before, after in itertools.pairwise(sizes))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ModelFormatError(f"{path} is too large for a model of ours: check what it is.")
        return path.read_bytes()
    except OSError as error:
        raise ModelFormatError(f"Cannot read {path} ({error.strerror}): check the path.") from error


def _card(text: bytes, origin: str) -> ModelCard:
    try:
        content = json.loads(text)
        typed = {name: tuple(kind(each) for each in content[name]) for name, kind in _SEQUENCES.items()}
        card = ModelCard(**content | typed)
        if not np.isfinite([*card.feature_means, *card.feature_low, *card.feature_high]).all():
            raise ValueError("a feature's mean or range is not a number")
        return card
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelFormatError(
            f"The card of {origin} is not one of ours ({type(error).__name__}: {error}): "
            "use the .json file that training wrote beside the weights."
        ) from error


_SEQUENCES: Mapping[str, Callable[[Any], Any]] = {
    "features": str,
    "actions": str,
    "required_features": str,
    "hidden_sizes": int,
    "feature_means": float,
    "feature_low": float,
    "feature_high": float,
}


def _check_schema(card: ModelCard, schema: FeatureSchema, space: ActionSpace, origin: str) -> None:
    if card.format != FORMAT:
        raise ModelFormatError(
            f"{origin} has format {card.format!r}, this version reads {FORMAT!r}: train it anew."
        )
    for kind, has, wants in (
        ("features", (card.schema, card.features), (schema.key, schema.names)),
        ("actions", (card.action_space, card.actions), (space.key, space.names)),
    ):
        if has != wants:
            raise ModelSchemaError(
                f"{origin} was made for the {kind} {has[0]!r}, this version has {wants[0]!r}: train it anew."
            )
    lengths = {len(each) for each in (card.feature_means, card.feature_low, card.feature_high)}
    if lengths != {len(schema)} or not set(card.required_features) <= set(schema.names):
        raise ModelFormatError(f"The card of {origin} does not describe each feature once: train it anew.")


def _tensors(weights: bytes, origin: str) -> Tensors:
    try:
        loaded = safetensors.numpy.load(weights)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise ModelFormatError(
            f"The weights of {origin} are damaged ({error}): copy the file again."
        ) from error
    return {name: np.asarray(tensor) for name, tensor in loaded.items()}


def _check_tensors(card: ModelCard, tensors: Tensors, origin: str) -> None:
    expected = _expected_shapes(card)
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if found != expected:
        odd = sorted(set(found.items()) ^ set(expected.items()))[0][0]
        raise ModelFormatError(
            f"The weights of {origin} do not fit its card (tensor {odd!r}): train it anew."
        )
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
            raise ModelFormatError(f"Tensor {name!r} of {origin} is not finite float32: train it anew.")
    if (tensors["observations.std"] <= 0).any():
        raise ModelFormatError(f"{origin} has a feature of no spread: train it anew.")


def _expected_shapes(card: ModelCard) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        f"observations.{figure}": (len(card.features),) for figure in ("mean", "std")
    }
    for network, outputs in (("actor", len(card.actions)), ("critic", 1)):
        for index, shape in enumerate(layer_shapes(len(card.features), card.hidden_sizes, outputs)):
            shapes[f"{network}.{index}.weight"] = shape
            shapes[f"{network}.{index}.bias"] = shape[:1]
    return shapes

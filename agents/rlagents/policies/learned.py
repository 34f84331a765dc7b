"""A trained network, acting: the forward pass in numpy, and the refusal of what it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlagents.encoding.schemas import EncodedState
from rlagents.policies.distributions import MaskedCategorical
from rlagents.policies.models import Model, ModelCard, Tensors
from rlagents.structs.errors import ModelSchemaError

OBSERVATION_CLIP = 10.0
"""Standard deviations; training clips alike."""
RANGE_MARGIN = 0.05
"""How far outside the trained range, in units of the scaled feature, still counts as inside."""


@dataclass(frozen=True, slots=True)
class RangeCheck:
    """Which rows of a batch lie within what a model was trained on."""

    inside: NDArray[np.bool_]
    """Shape [batch]."""
    messages: tuple[str, ...]
    """For each row the feature that lies furthest outside, as a sentence; empty inside."""


class LearnedPolicy:
    """Actor and critic of one model. Pure: the same features and mask give the same distribution."""

    def __init__(self, model: Model) -> None:
        self.card: ModelCard = model.card
        self._mean = model.tensors["observations.mean"]
        self._std = model.tensors["observations.std"]
        self._actor = _layers(model.tensors, "actor", len(model.card.hidden_sizes) + 1)
        self._critic = _layers(model.tensors, "critic", len(model.card.hidden_sizes) + 1)
        self._means = np.array(model.card.feature_means, dtype=np.float32)
        self._low = np.array(model.card.feature_low, dtype=np.float32) - RANGE_MARGIN
        self._high = np.array(model.card.feature_high, dtype=np.float32) + RANGE_MARGIN

    def features(self, encoded: EncodedState) -> NDArray[np.float32]:
        """Shape [batch, features], unknown ones filled with their training mean."""
        if encoded.schema != self.card.schema:
            raise ModelSchemaError(
                f"The model {self.card.name!r} reads features {self.card.schema!r}, not {encoded.schema!r}: "
                "encode with the schema it was trained with."
            )
        return encoded.filled(self._means)

    def missing(self, encoded: EncodedState) -> tuple[tuple[str, ...], ...]:
        """For each row the required features that are unknown: such rows must not be asked about."""
        required = [(name, self.card.features.index(name)) for name in self.card.required_features]
        return tuple(tuple(name for name, index in required if not row[index]) for row in encoded.known)

    def in_distribution(self, encoded: EncodedState) -> RangeCheck:
        """Which rows lie within the trained range of every known feature."""
        features = self.features(encoded)
        excess = np.maximum(self._low - features, features - self._high)
        excess = np.where(encoded.known, excess, -np.inf)
        worst = np.argmax(excess, axis=-1)
        inside = np.max(excess, axis=-1, initial=-np.inf) <= 0
        messages = tuple(
            "" if fits else self._outside(int(index), float(row[index]))
            for fits, index, row in zip(inside, worst, features, strict=True)
        )
        return RangeCheck(inside, messages)

    def distribution(self, features: NDArray[np.float32], mask: NDArray[np.bool_]) -> MaskedCategorical:
        """Over actions; features as `features()` gives them, mask of shape [batch, actions]."""
        return MaskedCategorical(_forward(self._actor, self._normalised(features)), mask)

    def value(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The critic's estimate of the (scaled) return, shape [batch]."""
        return _forward(self._critic, self._normalised(features))[:, 0]

    def _normalised(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        standard = (features - self._mean) / self._std
        return np.asarray(np.clip(standard, -OBSERVATION_CLIP, OBSERVATION_CLIP))

    def _outside(self, index: int, value: float) -> str:
        low, high = self.card.feature_low[index], self.card.feature_high[index]
        return f"{self.card.features[index]} is {value:.3g} (scaled), trained on {low:.3g} to {high:.3g}"


_Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


def _layers(tensors: Tensors, network: str, count: int) -> list[_Layer]:
    return [(tensors[f"{network}.{i}.weight"], tensors[f"{network}.{i}.bias"]) for i in range(count)]


def _forward(layers: list[_Layer], inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear layers with tanh between them."""
    *hidden, (weight, bias) = layers
    for hidden_weight, hidden_bias in hidden:
        inputs = np.tanh(inputs @ hidden_weight.T + hidden_bias)
    return np.asarray(inputs @ weight.T + bias, dtype=np.float32)

"""From torch to a model file: weights as float32 arrays, and the card that belongs to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlagents.encoding.actions import ActionSpace
from rlagents.encoding.schemas import FeatureSchema
from rlagents.learning.networks import ActorCritic
from rlagents.learning.ppo import Learned
from rlagents.policies.models import Model, ModelCard


def export(
    learned: Learned,
    *,
    name: str,
    schema: FeatureSchema,
    space: ActionSpace,
    hidden_sizes: tuple[int, ...],
    required_features: tuple[str, ...],
    recipe: Mapping[str, Any],
    seed: int,
) -> Model:
    """The model, without figures yet; `policies.models.save` writes it."""
    mean = learned.statistics.mean.astype(np.float32)
    low, high = learned.ranges
    card = ModelCard(
        name=name,
        algorithm="PPO",
        schema=schema.key,
        features=schema.names,
        action_space=space.key,
        actions=space.names,
        hidden_sizes=hidden_sizes,
        feature_means=tuple(float(each) for each in mean),
        feature_low=_rounded(low),
        feature_high=_rounded(high),
        required_features=required_features,
        recipe=recipe,
        seed=seed,
    )
    tensors = {
        "observations.mean": mean,
        "observations.std": learned.statistics.deviation.astype(np.float32),
        **_weights(learned.network),
    }
    return Model(card, tensors)


def _weights(network: ActorCritic) -> dict[str, NDArray[np.float32]]:
    tensors: dict[str, NDArray[np.float32]] = {}
    for part in ("actor", "critic"):
        for index, layer in enumerate(network.linear_layers(part)):
            tensors[f"{part}.{index}.weight"] = layer.weight.detach().numpy().copy()
            tensors[f"{part}.{index}.bias"] = layer.bias.detach().numpy().copy()
    return tensors


def _rounded(ends: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(end), 4) for end in ends)

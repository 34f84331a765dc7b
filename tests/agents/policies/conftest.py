"""A small model with random weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rlagents.encoding import actions, classical
from rlagents.policies import models

MakeModel = Callable[[], models.Model]


@pytest.fixture
def make_model() -> MakeModel:
    """Build a model for the classical features and actions, from a fixed seed."""
    return _model


def _model() -> models.Model:
    generator = np.random.default_rng(0)
    features, outputs, hidden = len(classical.SCHEMA), len(actions.CLASSICAL), (8, 8)
    tensors = {
        "observations.mean": generator.random(features).astype(np.float32),
        "observations.std": (0.1 + generator.random(features)).astype(np.float32),
    }
    for network, last in (("actor", outputs), ("critic", 1)):
        for index, shape in enumerate(models.layer_shapes(features, hidden, last)):
            tensors[f"{network}.{index}.weight"] = generator.standard_normal(shape).astype(np.float32)
            tensors[f"{network}.{index}.bias"] = generator.standard_normal(shape[0]).astype(np.float32)
    card = models.ModelCard(
        name="test",
        algorithm="PPO",
        schema=classical.SCHEMA.key,
        features=classical.SCHEMA.names,
        action_space=actions.CLASSICAL.key,
        actions=actions.CLASSICAL.names,
        hidden_sizes=hidden,
        feature_means=tuple(float(mean) for mean in tensors["observations.mean"]),
        feature_low=(0.0,) * 10 + (-1.0,) * 6,
        feature_high=(0.8,) * 10 + (1.0,) * 6,
        required_features=classical.REQUIRED_FEATURES,
        recipe={"steps": 0},
    )
    return models.Model(card, tensors)

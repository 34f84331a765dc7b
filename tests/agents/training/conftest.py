"""Training needs torch; where it is missing these tests are not collected."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rlagents.training.recipes import Trained

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]


@pytest.fixture(scope="session")
def train_little() -> Callable[[int], Trained]:
    """Train for three updates on eight services."""
    return _train


def _train(seed: int) -> Trained:
    from rlagents.learning.ppo import PPOSettings
    from rlagents.simulation.environments import EnvironmentSettings
    from rlagents.training import evaluations, recipes

    recipe = recipes.PPORecipe(
        environment=EnvironmentSettings(count=8, episode_ticks=20),
        hyperparameters=PPOSettings(rollout_ticks=32, minibatches=2),
    )
    return recipes.train_ppo(
        seed,
        3 * 8 * 32,
        recipe=recipe,
        evaluation=evaluations.EvaluationSettings(seeds=(1,), services=8, ticks=5),
    )

"""From a seed to a model file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rlagents.encoding import actions, classical
from rlagents.encoding.schemas import EncodedState
from rlagents.learning import networks, ppo
from rlagents.learning.statistics import ObservationStatistics
from rlagents.policies import models
from rlagents.policies.learned import LearnedPolicy
from rlagents.simulation.environments import EnvironmentSettings
from rlagents.training import exports, recipes
from rlagents.training.evaluations import EvaluationSettings

pytestmark = pytest.mark.torch

TrainLittle = Callable[[int], recipes.Trained]


def test_equal_seeds_give_equal_models(train_little: TrainLittle) -> None:
    """Weights, card and figures are the same to the last bit; another seed gives other weights."""
    first, second, other = train_little(4), train_little(4), train_little(5)
    assert first.model.card == second.model.card
    for name, tensor in first.model.tensors.items():
        np.testing.assert_array_equal(tensor, second.model.tensors[name])
    assert (first.model.tensors["actor.0.weight"] != other.model.tensors["actor.0.weight"]).any()


def test_the_model_is_written_and_read_with_all_it_needs(train_little: TrainLittle, tmp_path: Path) -> None:
    """The card tells features, actions, ranges, recipe, seed and the figures of every entrant."""
    path = tmp_path / "deep" / "ppo.safetensors"
    models.save(train_little(4).model, path)
    card = models.load(path, schema=classical.SCHEMA, space=actions.CLASSICAL).card
    assert card.recipe["steps"] == 3 * 8 * 32
    assert card.recipe["violation_price"] == recipes.PPORecipe().violation_price
    assert card.recipe["environment"]["count"] == 8
    assert card.seed == 4
    assert card.required_features == ("cpu", "throughput", "replicas")
    assert {"ppo", "threshold", "static-peak", "no-op"} <= set(card.figures["held_out"])
    assert all(low <= high for low, high in zip(card.feature_low, card.feature_high, strict=True))


def test_numpy_decides_what_torch_learnt() -> None:
    """Log-probabilities and values of the served model are those of the trained one within 1e-5."""
    generator = np.random.default_rng(0)
    network = networks.ActorCritic(16, 9, (64, 64), torch.Generator().manual_seed(0))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    statistics = ObservationStatistics(np.full(16, 100.0), generator.random(16), 0.1 * generator.random(16))
    learned = ppo.Learned(network, statistics, (np.zeros(16), np.ones(16)), ())
    model = exports.export(
        learned,
        name="test",
        schema=classical.SCHEMA,
        space=actions.CLASSICAL,
        hidden_sizes=(64, 64),
        required_features=(),
        recipe={},
        seed=0,
    )
    policy = LearnedPolicy(model)
    features = generator.random((500, 16)).astype(np.float32)
    features[generator.random((500, 16)) < 0.2] = np.nan
    mask = generator.random((500, 9)) < 0.6
    mask[:, 0] = True
    encoded = EncodedState(features, np.isfinite(features), classical.SCHEMA.key)

    served = policy.features(encoded)
    inputs = torch.from_numpy(statistics.normalised(encoded))
    expected = networks.masked_log_probabilities(network.logits(inputs), torch.from_numpy(mask))
    ours = np.where(mask, policy.distribution(served, mask).log_probabilities(), 0.0)
    np.testing.assert_allclose(ours, np.where(mask, expected.detach().numpy(), 0.0), atol=1e-5)
    np.testing.assert_allclose(policy.value(served), network.value(inputs).detach().numpy(), atol=1e-5)


def test_progress_tells_each_update_and_how_many_there_will_be() -> None:
    """Steps are rounded up to whole updates."""
    heard: list[tuple[int, int]] = []
    recipe = recipes.PPORecipe(
        environment=EnvironmentSettings(count=4),
        hyperparameters=ppo.PPOSettings(rollout_ticks=16, minibatches=2),
    )
    recipes.train_ppo(
        0,
        65,
        lambda update, updates: heard.append((update.update, updates)),
        recipe=recipe,
        evaluation=EvaluationSettings(seeds=(1,), services=4, ticks=2),
    )
    assert heard == [(0, 2), (1, 2)]


def test_training_leaves_the_number_of_threads_as_it_was(train_little: TrainLittle) -> None:
    """One thread while training, whatever the process had before and after."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train_little(0)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)

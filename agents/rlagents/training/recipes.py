"""How the shipped models are made: everything that was chosen, in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch

from rlagents.encoding import actions, classical
from rlagents.learning import ppo
from rlagents.policies.learned import LearnedPolicy
from rlagents.policies.models import Model
from rlagents.simulation import rewards
from rlagents.simulation.environments import EnvironmentSettings, ServiceEnvironment
from rlagents.training import evaluations, exports

DEFAULT_STEPS = 4_000_000
"""Environment steps; about 20,000 a second on one core, so three and a half minutes."""


@dataclass(frozen=True, slots=True)
class PPORecipe:
    """PPO on the classical features and actions, with the clean reward."""

    violation_price: float = 10.0
    """What a tick in violation costs, in ticks of the service's usual size; higher buys more pods."""
    textbook: rewards.Weights | None = None
    """Learn from the textbook's weighted sum instead, to see what it costs."""
    environment: EnvironmentSettings = field(default_factory=lambda: EnvironmentSettings(count=256))
    hyperparameters: ppo.PPOSettings = field(default_factory=ppo.PPOSettings)

    def reward(self) -> rewards.Reward:
        """The function to be maximised."""
        if self.textbook is not None:
            return rewards.weighted_sum(self.textbook)
        return rewards.cost_and_violation(self.violation_price)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model with its figures, and how it came to be."""

    model: Model
    updates: tuple[ppo.PPOUpdate, ...]
    results: tuple[evaluations.Result, ...]


def train_ppo(
    seed: int,
    steps: int = DEFAULT_STEPS,
    on_progress: Callable[[ppo.PPOUpdate, int], None] | None = None,
    *,
    recipe: PPORecipe | None = None,
    evaluation: evaluations.EvaluationSettings | None = None,
) -> Trained:
    """Train, then measure on held-out services beside the rules.

    `steps` is rounded up to whole updates; `on_progress` gets each update and how many there will be;
    Equal arguments give equal weights.
    """
    made = recipe or PPORecipe()
    environment = ServiceEnvironment(
        made.environment,
        made.reward(),
        np.random.default_rng([seed, 1]),
    )
    updates = max(1, -(-steps // (made.environment.count * made.hyperparameters.rollout_ticks)))

    def report(update: ppo.PPOUpdate) -> None:
        if on_progress is not None:
            on_progress(update, updates)

    with _one_thread():
        learned = ppo.learn(environment, made.hyperparameters, updates=updates, seed=seed, on_update=report)
    model = exports.export(
        learned,
        name="ppo",
        schema=classical.SCHEMA,
        space=actions.CLASSICAL,
        hidden_sizes=made.hyperparameters.hidden_sizes,
        required_features=classical.REQUIRED_FEATURES,
        recipe={"steps": learned.updates[-1].steps, **asdict(made)},
        seed=seed,
    )
    results = evaluations.compare(LearnedPolicy(model), evaluation or evaluations.EvaluationSettings())
    figures = {result.name: result.to_dict() for result in results}
    card = replace(model.card, figures={"held_out": figures, "last_update": asdict(learned.updates[-1])})
    return Trained(replace(model, card=card), learned.updates, results)


@contextmanager
def _one_thread() -> Iterator[None]:
    """More threads only wait for each other on networks this small, and would sum in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)

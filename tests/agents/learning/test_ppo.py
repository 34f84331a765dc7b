"""PPO learns, repeats, and logs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from rlagents.learning import networks, ppo, rollouts
from rlagents.learning.statistics import ObservationStatistics, ReturnScale
from rlagents.policies.distributions import MaskedCategorical

pytestmark = pytest.mark.torch

MakeTask = Callable[..., Any]
SETTINGS = ppo.PPOSettings(
    hidden_sizes=(16, 16), rollout_ticks=16, epochs=6, minibatches=4, learning_rate=1e-2, gamma=0.5
)


def success(learned: ppo.Learned, task: Any) -> float:
    """Share of cues answered rightly where the right answer is allowed."""
    seen, right, possible = task.reset(), 0.0, 0.0
    for _ in range(50):
        logits = learned.network.logits(torch.from_numpy(learned.statistics.normalised(seen.encoded)))
        chosen = MaskedCategorical(logits.detach().numpy(), seen.mask).mode()
        cue = seen.encoded.features.argmax(axis=-1)
        allowed = seen.mask[np.arange(len(cue)), cue]
        right += float(((chosen == cue) & allowed).sum())
        possible += float(allowed.sum())
        seen = task.step(chosen).seen
    return right / possible


def test_it_solves_a_task_whose_pay_comes_a_step_late(make_task: MakeTask) -> None:
    """After 10 updates at least 98 % of the cues are answered rightly; a rate of nothing learns nothing."""
    before = ppo.learn(make_task(0), replace(SETTINGS, learning_rate=1e-9), updates=10, seed=0)
    after = ppo.learn(make_task(0), SETTINGS, updates=10, seed=0)
    assert success(before, make_task(1)) < 0.7
    assert success(after, make_task(1)) >= 0.98


def test_equal_seeds_give_equal_parameters(make_task: MakeTask) -> None:
    """Bit for bit, and another seed gives others."""

    def parameters(seed: int) -> Any:
        learned = ppo.learn(make_task(3), SETTINGS, updates=3, seed=seed)
        return torch.cat([parameter.detach().flatten() for parameter in learned.network.parameters()])

    assert torch.equal(parameters(7), parameters(7))
    assert not torch.equal(parameters(7), parameters(8))


def test_every_update_is_logged(make_task: MakeTask) -> None:
    """Steps count up, the learning rate falls to its last fraction, and every figure is finite."""
    heard: list[ppo.PPOUpdate] = []
    learned = ppo.learn(make_task(0), SETTINGS, updates=4, seed=0, on_update=heard.append)
    assert tuple(heard) == learned.updates
    assert [update.steps for update in heard] == [512, 1024, 1536, 2048]
    assert [update.learning_rate for update in heard] == pytest.approx([0.01, 0.0075, 0.005, 0.0025])
    for update in heard:
        figures = (update.entropy, update.approx_kl, update.clip_fraction, update.explained_variance)
        assert np.isfinite([*figures, update.policy_loss, update.value_loss]).all()
        assert 0 <= update.clip_fraction <= 1
        assert 0 < update.entropy <= np.log(3) + 1e-6


def test_a_tight_limit_on_divergence_stops_the_epochs(make_task: MakeTask) -> None:
    """With a target of nothing the policy moves less than with none in practice."""

    def moved(target_kl: float) -> float:
        settings = replace(SETTINGS, epochs=20, target_kl=target_kl)
        return ppo.learn(make_task(0), settings, updates=1, seed=0).updates[0].approx_kl

    assert moved(1e-9) < moved(1e9)


def test_a_rollout_keeps_what_the_update_needs(make_task: MakeTask) -> None:
    """Masks as applied, log-probabilities under them, and bootstrap values of the states before a cut."""
    task = make_task(2, count=8)
    network = networks.ActorCritic(4, 4, (8,), torch.Generator().manual_seed(0))
    rollout, _ = rollouts.collect(
        task,
        task.reset(),
        ticks=10,
        network=network,
        statistics=ObservationStatistics.empty(4),
        scale=ReturnScale(8, 0.9),
        generator=np.random.default_rng(0),
    )
    assert rollout.masks.sum(axis=-1).tolist() == [[3] * 8] * 10
    taken = np.take_along_axis(rollout.masks, rollout.actions[..., None], axis=-1)
    assert taken.all()
    flat = MaskedCategorical(
        network.logits(torch.from_numpy(rollout.features.reshape(80, 4))).detach().numpy(),
        rollout.masks.reshape(80, 4),
    )
    np.testing.assert_allclose(
        rollout.log_probabilities.ravel(), flat.log_probability(rollout.actions.ravel()), atol=1e-6
    )
    whole = ~rollout.truncated[:-1]
    np.testing.assert_allclose(rollout.next_values[:-1][whole], rollout.values[1:][whole], atol=1e-6)
    assert rollout.truncated.sum() == 8
    cut = rollout.truncated[:-1]
    assert (rollout.next_values[:-1][cut] != rollout.values[1:][cut]).any()

"""Proximal policy optimisation (Schulman et al., 2017) in one visible loop.

Names are the paper's. The details that decide whether it works are those of Huang et al., "The 37
Implementation Details of Proximal Policy Optimization" (2022): orthogonal initialisation, Adam's epsilon
1e-5, a learning rate that falls to 0, advantages normalised in each minibatch, a global gradient norm. Value
losses are not clipped, which was found to help nothing (Andrychowicz et al., 2021).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rlagents.learning import advantages, networks, rollouts
from rlagents.learning.statistics import FeatureRanges, ObservationStatistics, ReturnScale


@dataclass(frozen=True, slots=True)
class PPOSettings:
    """Hyperparameters."""

    hidden_sizes: tuple[int, ...] = (64, 64)
    """Wider fits more kinds of service and costs time; deeper than two rarely pays on 16 features."""
    rollout_ticks: int = 64
    """Ticks between updates; longer rollouts lean less on the critic and update less often."""
    epochs: int = 4
    """Passes over each rollout; more squeeze it further and drift further from the policy that acted."""
    minibatches: int = 8
    """Parts of a rollout, one gradient step each; more of them learn faster from noisier gradients."""
    learning_rate: float = 1e-3
    """At the start; falls linearly to 0. Higher learns faster until approx_kl and clip_fraction explode."""
    gamma: float = 0.98
    """Discount a tick; its horizon 1/(1-gamma) must outlast a pod's start and what follows from it."""
    gae_lambda: float = 0.95
    """Towards 1 trusts what happened (variance), towards 0 the critic (bias)."""
    clip_range: float = 0.2
    """How far one rollout may move a probability ratio; larger moves faster and may collapse."""
    entropy_coefficient: float = 0.005
    """Reward for indecision; higher explores longer and leaves the final policy more random."""
    value_coefficient: float = 0.5
    """Weight of the critic's loss; matters only through the shared gradient norm."""
    max_gradient_norm: float = 0.5
    """Longer gradients are cut to it; lower is safer and slower."""
    target_kl: float = 0.02
    """Stop a rollout's epochs once the policy has moved 1.5 times as far; 0.01 is careful, 0.05 loose."""


@dataclass(frozen=True, slots=True)
class PPOUpdate:
    """What one update was like."""

    update: int
    steps: int
    """Environment steps so far, over all environments."""
    reward: float
    """Mean a step, scaled as the critic sees it."""
    resources: float
    violation: float
    policy_loss: float
    value_loss: float
    entropy: float
    """Mean, in nats."""
    approx_kl: float
    """mean((ratio - 1) - logratio) of the last minibatch (Schulman, "Approximating KL Divergence")."""
    clip_fraction: float
    """Share of samples whose ratio left the clip range."""
    explained_variance: float
    """1 - var(return - value) / var(return): 1 is a perfect critic, 0 one that says the mean."""
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Learned:
    """What training leaves behind."""

    network: networks.ActorCritic
    statistics: ObservationStatistics
    ranges: tuple[NDArray[np.float64], NDArray[np.float64]]
    """Low and high quantile of each feature over all of training."""
    updates: tuple[PPOUpdate, ...]


def learn(
    environment: rollouts.Environment,
    settings: PPOSettings,
    *,
    updates: int,
    seed: int,
    on_update: Callable[[PPOUpdate], None] | None = None,
) -> Learned:
    """Train an actor and a critic from nothing; equal seeds and environments give equal parameters."""
    generator, torch_generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    seen = environment.reset()
    count, features = seen.encoded.features.shape
    network = networks.ActorCritic(features, seen.mask.shape[1], settings.hidden_sizes, torch_generator)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, eps=1e-5)
    statistics = ObservationStatistics.empty(features).updated(seen.encoded)
    scale, ranges = ReturnScale(count, settings.gamma), FeatureRanges()
    log: list[PPOUpdate] = []
    for update in range(updates):
        learning_rate = settings.learning_rate * (1.0 - update / updates)
        optimizer.param_groups[0]["lr"] = learning_rate
        rollout, seen = rollouts.collect(
            environment,
            seen,
            ticks=settings.rollout_ticks,
            network=network,
            statistics=statistics,
            scale=scale,
            generator=generator,
        )
        losses = _improve(network, optimizer, rollout, settings, torch_generator)
        # Only between rollouts: within one, acting and learning must see the same numbers.
        statistics = statistics.updated(rollout.encoded)
        ranges.add(rollout.encoded, generator)
        log.append(_report(update, rollout, losses, learning_rate, count * settings.rollout_ticks))
        if on_update is not None:
            on_update(log[-1])
    return Learned(network, statistics, ranges.quantiles(), tuple(log))


@dataclass(frozen=True, slots=True)
class _Losses:
    policy_loss: float
    value_loss: float
    entropy: float
    approx_kl: float
    clip_fraction: float
    explained_variance: float


def _improve(
    network: networks.ActorCritic,
    optimizer: torch.optim.Optimizer,
    rollout: rollouts.Rollout,
    settings: PPOSettings,
    generator: torch.Generator,
) -> _Losses:
    """Some epochs of minibatch steps on one rollout."""
    estimated = advantages.generalized_advantages(
        rewards=rollout.rewards,
        values=rollout.values,
        next_values=rollout.next_values,
        truncated=rollout.truncated,
        gamma=settings.gamma,
        gae_lambda=settings.gae_lambda,
    )
    b_features = _flat(rollout.features)
    b_masks = _flat(rollout.masks)
    b_actions = _flat(rollout.actions)
    b_logprobs = _flat(rollout.log_probabilities)
    b_advantages = _flat(estimated)
    b_returns = _flat(estimated + rollout.values)
    steps: list[tuple[float, float, float, float, float]] = []
    size = len(b_actions) // settings.minibatches
    for _ in range(settings.epochs):
        for minibatch in torch.split(torch.randperm(len(b_actions), generator=generator), size):
            mask = b_masks[minibatch]
            logarithms = networks.masked_log_probabilities(network.logits(b_features[minibatch]), mask)
            newlogprob = logarithms.gather(1, b_actions[minibatch, None]).squeeze(1)
            logratio = newlogprob - b_logprobs[minibatch]
            ratio = logratio.exp()

            mb_advantages = b_advantages[minibatch]
            mb_advantages = (mb_advantages - mb_advantages.mean()) / (mb_advantages.std() + 1e-8)
            clipped = ratio.clamp(1.0 - settings.clip_range, 1.0 + settings.clip_range)
            policy_loss = -torch.min(mb_advantages * ratio, mb_advantages * clipped).mean()
            value_loss = 0.5 * (network.value(b_features[minibatch]) - b_returns[minibatch]).square().mean()
            entropy = networks.masked_entropy(logarithms, mask).mean()
            loss = (
                policy_loss - settings.entropy_coefficient * entropy + settings.value_coefficient * value_loss
            )

            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), settings.max_gradient_norm)
            optimizer.step()

            approx_kl = ((ratio - 1.0) - logratio).mean()
            clip_fraction = ((ratio - 1.0).abs() > settings.clip_range).float().mean()
            figures = (policy_loss, value_loss, entropy, approx_kl, clip_fraction)
            steps.append(tuple(float(figure.detach()) for figure in figures))  # type: ignore[arg-type]
        if steps[-1][3] > 1.5 * settings.target_kl:
            break
    policy_loss_mean, value_loss_mean, entropy_mean, _, clip_mean = np.mean(steps, axis=0)
    return _Losses(
        policy_loss=float(policy_loss_mean),
        value_loss=float(value_loss_mean),
        entropy=float(entropy_mean),
        approx_kl=steps[-1][3],
        clip_fraction=float(clip_mean),
        explained_variance=_explained_variance(rollout.values, estimated + rollout.values),
    )


def _flat(array: NDArray[np.generic]) -> Tensor:
    """[T, N, …] to [T*N, …]."""
    return torch.from_numpy(array.reshape(-1, *array.shape[2:]))


def _explained_variance(values: NDArray[np.float32], returns: NDArray[np.float32]) -> float:
    variance = float(np.var(returns))
    return float("nan") if variance == 0 else 1.0 - float(np.var(returns - values)) / variance


def _report(
    update: int, rollout: rollouts.Rollout, losses: _Losses, learning_rate: float, steps: int
) -> PPOUpdate:
    return PPOUpdate(
        update=update,
        steps=(update + 1) * steps,
        reward=float(rollout.rewards.mean()),
        resources=rollout.resources,
        violation=rollout.violation,
        policy_loss=losses.policy_loss,
        value_loss=losses.value_loss,
        entropy=losses.entropy,
        approx_kl=losses.approx_kl,
        clip_fraction=losses.clip_fraction,
        explained_variance=losses.explained_variance,
        learning_rate=learning_rate,
    )

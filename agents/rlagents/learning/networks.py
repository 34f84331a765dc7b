"""Actor and critic as torch modules, and the masked distribution as the loss needs it."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn

from rlagents.policies.distributions import BARRED

HIDDEN_GAIN, ACTOR_GAIN, CRITIC_GAIN = math.sqrt(2.0), 0.01, 1.0
"""Of the orthogonal initialisation. The small actor gain makes the first policy almost uniform (Andrychowicz
et al., "What Matters in On-Policy Reinforcement Learning", 2021)."""


class ActorCritic(nn.Module):
    """Two separate networks on the same normalised features; nothing is shared but the input."""

    def __init__(
        self, inputs: int, actions: int, hidden_sizes: tuple[int, ...], generator: torch.Generator
    ) -> None:
        super().__init__()
        self.actor = _perceptron((inputs, *hidden_sizes, actions), ACTOR_GAIN, generator)
        self.critic = _perceptron((inputs, *hidden_sizes, 1), CRITIC_GAIN, generator)

    def logits(self, features: Tensor) -> Tensor:
        """Shape [batch, actions], before any mask."""
        logits: Tensor = self.actor(features)
        return logits

    def value(self, features: Tensor) -> Tensor:
        """Shape [batch]."""
        values: Tensor = self.critic(features)
        return values.squeeze(-1)

    def linear_layers(self, network: str) -> list[nn.Linear]:
        """Of `actor` or `critic`, first layer first."""
        return [layer for layer in getattr(self, network) if isinstance(layer, nn.Linear)]


def masked_log_probabilities(logits: Tensor, mask: Tensor) -> Tensor:
    """Natural logarithms of the distribution over allowed actions; about `BARRED` for the others."""
    return torch.log_softmax(torch.where(mask, logits, torch.full_like(logits, BARRED)), dim=-1)


def masked_entropy(log_probabilities: Tensor, mask: Tensor) -> Tensor:
    """In nats, over allowed actions, shape [batch]."""
    terms = log_probabilities.exp() * log_probabilities
    return -torch.where(mask, terms, torch.zeros_like(terms)).sum(dim=-1)


def _perceptron(sizes: tuple[int, ...], last_gain: float, generator: torch.Generator) -> nn.Sequential:
    layers: list[nn.Module] = []
    for position, (before, after) in enumerate(itertools.pairwise(sizes)):
        last = position == len(sizes) - 2
        layer = nn.Linear(before, after)
        nn.init.orthogonal_(layer.weight, last_gain if last else HIDDEN_GAIN, generator=generator)
        nn.init.zeros_(layer.bias)
        layers.extend([layer] if last else [layer, nn.Tanh()])
    return nn.Sequential(*layers)

"""Networks and the masked distribution in torch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rlagents.learning import networks
from rlagents.policies.distributions import MaskedCategorical

pytestmark = pytest.mark.torch


def make(seed: int = 0) -> networks.ActorCritic:
    return networks.ActorCritic(16, 9, (64, 64), torch.Generator().manual_seed(seed))


def test_initial_weights_are_orthogonal_with_the_gains_of_the_recipe() -> None:
    """√2 for hidden layers, 0.01 for the actor's head, 1 for the critic's; all biases 0."""
    network = make()
    for part, last in (("actor", 0.01), ("critic", 1.0)):
        for layer, gain in zip(network.linear_layers(part), (math.sqrt(2), math.sqrt(2), last), strict=True):
            singular = torch.linalg.svdvals(layer.weight)
            torch.testing.assert_close(singular, torch.full_like(singular, gain), rtol=1e-4, atol=1e-6)
            assert not layer.bias.any()


def test_the_first_policy_is_almost_uniform() -> None:
    """Nothing is preferred before anything was learnt."""
    logits = make().logits(torch.randn(100, 16, generator=torch.Generator().manual_seed(1)))
    furthest = (logits.softmax(-1) - 1 / 9).abs().max()
    assert furthest.item() < 0.02


def test_equal_generators_give_equal_networks() -> None:
    """The global random state has no part in it."""
    torch.manual_seed(1)
    first = make(5)
    torch.manual_seed(2)
    second = make(5)
    for ours, theirs in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_loss_sees_the_distribution_that_acted() -> None:
    """Log-probabilities and entropies under a mask are those of the acting side within 1e-5."""
    generator = np.random.default_rng(0)
    logits = (5 * generator.standard_normal((200, 9))).astype(np.float32)
    mask = generator.random((200, 9)) < 0.5
    mask[:, 0] = True
    acting = MaskedCategorical(logits, mask)
    learning = networks.masked_log_probabilities(torch.from_numpy(logits), torch.from_numpy(mask))
    allowed = np.where(mask, learning.numpy(), 0.0)
    np.testing.assert_allclose(allowed, np.where(mask, acting.log_probabilities(), 0.0), atol=1e-5)
    entropy = networks.masked_entropy(learning, torch.from_numpy(mask))
    np.testing.assert_allclose(entropy.numpy(), acting.entropy(), atol=1e-5)


def test_barred_actions_get_no_gradient() -> None:
    """What could not be chosen is not learnt from, neither by the policy's loss nor by the entropy's."""
    logits = torch.zeros(1, 3, requires_grad=True)
    mask = torch.tensor([[True, True, False]])
    logarithms = networks.masked_log_probabilities(logits, mask)
    (logarithms[0, 0] + networks.masked_entropy(logarithms, mask).sum()).backward()
    assert logits.grad is not None
    assert logits.grad[0, 2] == 0
    assert logits.grad[0, 0] != 0
    assert torch.isfinite(logits.grad).all()

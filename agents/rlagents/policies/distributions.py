"""The masked categorical distribution over a discrete action space.

The mask is part of the distribution: barred actions have no probability, add nothing to the entropy and can
be neither sampled nor the mode. Whoever learns from a draw needs the same mask again (Huang & Ontañón, "A
Closer Look at Invalid Action Masking in Policy Gradient Algorithms", 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BARRED = -1e8
"""The logit of a barred action: low enough for a probability of exactly 0, finite so gradients are too."""


@dataclass(frozen=True, slots=True)
class MaskedCategorical:
    """One distribution a row. Each row must allow at least one action."""

    logits: NDArray[np.float32]
    """Shape [batch, actions], as the network gives them."""
    mask: NDArray[np.bool_]
    """Shape [batch, actions]; True where an action is allowed."""

    def __post_init__(self) -> None:
        if self.logits.shape != self.mask.shape:
            message = f"the mask has shape {self.mask.shape}, the logits have {self.logits.shape}"
            raise ValueError(f"{message}: give one entry per action and row.")
        if not self.mask.any(axis=-1).all():
            raise ValueError("A row bars every action: always allow doing nothing.")

    def log_probabilities(self) -> NDArray[np.float32]:
        """Natural logarithms, shape [batch, actions]; about `BARRED` for barred actions."""
        masked = np.where(self.mask, self.logits, np.float32(BARRED))
        shifted = masked - masked.max(axis=-1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), dtype=np.float32)

    def probabilities(self) -> NDArray[np.float32]:
        """Shape [batch, actions]; exactly 0 for barred actions."""
        return np.exp(self.log_probabilities())

    def log_probability(self, actions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Of the action taken in each row, shape [batch]."""
        taken = np.take_along_axis(self.log_probabilities(), actions[:, None], axis=-1)
        return np.asarray(taken[:, 0])

    def entropy(self) -> NDArray[np.float32]:
        """In nats, over allowed actions, shape [batch]."""
        logarithms = self.log_probabilities()
        terms = np.where(self.mask, np.exp(logarithms) * logarithms, np.float32(0.0))
        return np.asarray(-terms.sum(axis=-1))

    def mode(self) -> NDArray[np.int64]:
        """The most probable allowed action of each row; the first of equals."""
        return np.asarray(np.argmax(self.log_probabilities(), axis=-1), dtype=np.int64)

    def sample(self, generator: np.random.Generator) -> NDArray[np.int64]:
        """One draw a row (Gumbel's trick: the largest of logit plus Gumbel noise)."""
        noise = generator.gumbel(size=self.logits.shape)
        perturbed = np.where(self.mask, self.log_probabilities() + noise, -np.inf)
        return np.asarray(np.argmax(perturbed, axis=-1), dtype=np.int64)

"""What a network's inputs mean: names, order and scales, under one versioned name.

A model is made for one schema and refuses any other, so a feature may be changed only together with the
version.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Feature:
    """One input: `(raw - low) / (high - low)` clipped to [0, 1], or a value that is bounded by itself."""

    name: str
    low: float
    high: float
    unit: str
    """Of `low` and `high`; "1" for ratios."""


@dataclass(frozen=True, slots=True)
class FeatureSchema:
    """The ordered features of a network."""

    name: str
    version: int
    features: tuple[Feature, ...]

    @property
    def key(self) -> str:
        """Name and version, as written into model cards."""
        return f"{self.name}/{self.version}"

    @property
    def names(self) -> tuple[str, ...]:
        """Of the features, in their order."""
        return tuple(feature.name for feature in self.features)

    def index(self, name: str) -> int:
        """Column of a feature. Raises ValueError for a name the schema does not have."""
        return self.names.index(name)

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True, slots=True)
class EncodedState:
    """A batch of states as a network sees them; differs from `WorkloadState` by having no units."""

    features: NDArray[np.float32]
    """Shape [batch, features]; NaN where unknown."""
    known: NDArray[np.bool_]
    """Shape [batch, features]. Not applicable is known: a service without traffic has latency 0."""
    schema: str
    """`FeatureSchema.key`."""

    def filled(self, means: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features with each unknown one replaced by what it was on average in training."""
        return np.where(self.known, self.features, means).astype(np.float32)

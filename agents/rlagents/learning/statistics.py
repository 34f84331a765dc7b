"""Running statistics of what the network is fed: frozen into the model when training ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlagents.encoding.schemas import EncodedState
from rlagents.policies.learned import OBSERVATION_CLIP

FloatArray = NDArray[np.float64]

LEAST_DEVIATION = 1e-3
"""A feature that never moved in training must not be blown up when it first does."""


@dataclass(frozen=True, slots=True)
class ObservationStatistics:
    """Mean and variance of each feature over what was known of it, arrays [features]."""

    count: FloatArray
    mean: FloatArray
    variance: FloatArray

    @staticmethod
    def empty(features: int) -> ObservationStatistics:
        """Before anything was seen."""
        return ObservationStatistics(np.zeros(features), np.zeros(features), np.ones(features))

    def updated(self, encoded: EncodedState) -> ObservationStatistics:
        """With a batch more (Chan's formula for merging two samples); unknown features do not count."""
        known = encoded.known
        new = known.sum(axis=0).astype(np.float64)
        values = np.where(known, encoded.features, 0.0).astype(np.float64)
        mean = values.sum(axis=0) / np.maximum(new, 1.0)
        variance = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0) / np.maximum(new, 1.0)
        total = np.maximum(self.count + new, 1.0)
        shift = mean - self.mean
        spread = self.variance * self.count + variance * new + shift**2 * self.count * new / total
        seen = self.count + new > 0
        return ObservationStatistics(
            self.count + new,
            np.where(seen, self.mean + shift * new / total, self.mean),
            np.where(seen, spread / total, self.variance),
        )

    @property
    def deviation(self) -> FloatArray:
        """Standard deviation of each feature, never below `LEAST_DEVIATION`."""
        return np.maximum(np.sqrt(self.variance), LEAST_DEVIATION)

    def normalised(self, encoded: EncodedState) -> NDArray[np.float32]:
        """Zero mean, unit variance, clipped; unknown features are at their mean, which is 0."""
        standard = (encoded.features - self.mean) / self.deviation
        clipped = np.clip(standard, -OBSERVATION_CLIP, OBSERVATION_CLIP)
        return np.where(encoded.known, clipped, 0.0).astype(np.float32)


class ReturnScale:
    """Brings rewards to unit variance of their discounted sum, so that value losses have one scale.

    Only divides, never shifts: a shift would change what is optimal where episodes differ in length.
    """

    def __init__(self, environments: int, gamma: float) -> None:
        self._gamma = gamma
        self._returns = np.zeros(environments)
        self._count, self._mean, self._variance = 1e-4, 0.0, 1.0

    def scaled(self, rewards: FloatArray, truncated: NDArray[np.bool_]) -> FloatArray:
        """Rewards of one tick, shape [environments], divided by the deviation of returns so far."""
        self._returns = self._returns * self._gamma + rewards
        self._update(self._returns)
        self._returns = np.where(truncated, 0.0, self._returns)
        return np.asarray(rewards / np.sqrt(self._variance + 1e-8))

    def _update(self, returns: FloatArray) -> None:
        total = self._count + returns.size
        shift = returns.mean() - self._mean
        spread = self._variance * self._count + returns.var() * returns.size
        spread += shift**2 * self._count * returns.size / total
        self._mean += shift * returns.size / total
        self._variance, self._count = spread / total, total


class FeatureRanges:
    """A thin sample of all features training has seen, for telling later what it has not."""

    ROWS_A_BATCH = 512

    def __init__(self) -> None:
        self._rows: list[NDArray[np.float32]] = []

    def add(self, encoded: EncodedState, generator: np.random.Generator) -> None:
        """Keep some rows of a batch."""
        rows = generator.integers(len(encoded.features), size=self.ROWS_A_BATCH)
        self._rows.append(np.where(encoded.known[rows], encoded.features[rows], np.nan).astype(np.float32))

    def quantiles(self, low: float = 0.001, high: float = 0.999) -> tuple[FloatArray, FloatArray]:
        """Two quantiles of each feature, arrays [features]."""
        everything = np.concatenate(self._rows)
        ends = np.nanquantile(everything, [low, high], axis=0)
        return ends[0].astype(np.float64), ends[1].astype(np.float64)

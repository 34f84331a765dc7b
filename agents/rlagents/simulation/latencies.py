"""How long requests take, as a distribution with a closed form.

A request waits with probability `wait_probability` for an exponential time (the conditional waiting time of
a pooled queue) and is then served. The service time is a constant plus an exponential that is there with
probability `service_probability`: mean and squared coefficient of variation can be matched exactly, and for
a squared coefficient of 1 and one server the whole is M/M/1. Sums of quantiles are never taken: the two
exponentials are convolved.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

_BISECTIONS = 16
"""Leaves 1/65,536 of the bracket, far finer than any histogram's buckets."""


@dataclass(frozen=True, slots=True)
class LatencyDistribution:
    """Distribution of the sojourn time of completed requests; all fields are arrays of one shape, seconds."""

    constant: FloatArray
    """What every request takes: base latency and the constant part of the service."""
    delay: FloatArray
    """Behind a backlog, before the stationary queue."""
    service_probability: FloatArray
    service_mean: FloatArray
    wait_probability: FloatArray
    wait_mean: FloatArray
    """Of those that wait."""
    limit: FloatArray
    """No completed request took longer: the time-out."""

    def tail(self, seconds: ArrayLike) -> FloatArray:
        """Share of completed requests that take longer than `seconds`; falls monotonically."""
        given = np.asarray(seconds, dtype=np.float64)
        offset = self.constant + self.delay
        beyond = np.maximum(given - offset, 0.0)
        served, waited = self.service_mean, self.wait_mean
        only_served = np.exp(-beyond / served)
        only_waited = np.exp(-beyond / waited)
        both = (served * only_served - waited * only_waited) / (served - waited)
        tail = (1 - self.service_probability) * self.wait_probability * only_waited
        tail += self.service_probability * (1 - self.wait_probability) * only_served
        tail += self.service_probability * self.wait_probability * both
        below_the_limit = np.where(given < offset, 1.0, np.clip(tail, 0.0, 1.0))
        return np.where(given < self.limit, below_the_limit, 0.0)

    def cdf(self, edges: ArrayLike) -> FloatArray:
        """Share of completed requests at or below each edge; shape of the fields plus one axis of edges."""
        return 1.0 - self._with_axis().tail(np.asarray(edges, dtype=np.float64))

    def quantile(self, q: float) -> FloatArray:
        """Seconds within which the share `q` of completed requests is answered, never above the time-out."""
        low = np.minimum(self.constant + self.delay, self.limit)
        # The tail of a sum of two exponentials is below that of twice the slower one, each at half the share.
        slower = np.maximum(self.service_mean, self.wait_mean)
        high = np.minimum(low + 2.0 * slower * np.log(2.0 / (1.0 - q)), self.limit)
        for _ in range(_BISECTIONS):
            middle = 0.5 * (low + high)
            above = self.tail(middle) > 1.0 - q
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.asarray(high)

    def stationary_mean(self) -> FloatArray:
        """Mean seconds without the delay behind a backlog, before the time-out cuts anything off."""
        served = self.service_probability * self.service_mean
        return np.asarray(self.constant + served + self.wait_probability * self.wait_mean)

    def _with_axis(self) -> LatencyDistribution:
        return LatencyDistribution(*(getattr(self, field.name)[..., None] for field in fields(self)))


def service_parts(mean: FloatArray, variability: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Constant part, probability and mean of the exponential part that have this mean and variability.

    `variability` is the squared coefficient of variation c². Up to 1 the exponential part is always there
    and has c times the mean; above 1 there is no constant part and the exponential one has the probability
    2/(1+c²).
    """
    deviation = np.sqrt(np.minimum(variability, 1.0))
    probability = np.where(variability > 1.0, 2.0 / (1.0 + variability), 1.0)
    exponential = np.where(variability > 1.0, mean / probability, mean * deviation)
    constant = np.where(variability > 1.0, 0.0, mean * (1.0 - deviation))
    return constant, probability, np.maximum(exponential, 1e-9)

"""What a metric is asked with and what it answers, for many services; see `hpa.proposals`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rlagents.policies.hpa.arrays.counts import Bools, Codes, Floats, Ints
from rlagents.policies.hpa.arrays.pods import PodArrays
from rlagents.policies.hpa.failures import Failure
from rlagents.policies.hpa.parameters import HpaParameters

FAILURES = (None, *Failure)
"""What the codes of `Proposed.failure` stand for."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a pass knows, whatever the metric; arrays of shape [services]."""

    pods: PodArrays
    current: Ints
    observed: Ints
    lower: Floats
    """The least ratio inside the tolerance."""
    upper: Floats
    """The greatest."""
    parameters: HpaParameters
    now: Floats

    def tolerates(self, ratio: Floats) -> Bools:
        """Whether a ratio is near enough to 1."""
        return np.asarray((self.lower <= ratio) & (ratio <= self.upper))

    @property
    def has_pods(self) -> Bools:
        """Whether any pod is behind the selector."""
        return np.asarray(np.any(self.pods.exists, axis=1))


@dataclass(frozen=True, slots=True)
class Proposed:
    """What one metric says; arrays of shape [services]. Sizes and figures mean nothing where it failed."""

    replicas: Ints
    failure: Codes
    """0 for none."""
    utilization: Ints | None = None
    average_value: Ints | None = None
    value: Ints | None = None

    @property
    def failed(self) -> Bools:
        """Whether there is no proposal."""
        return np.asarray(self.failure != 0)


class MetricArrays(Protocol):
    """One metric with its targets and what was read for it."""

    def propose(self, situation: Situation) -> Proposed:
        """The sizes."""


def failure_code(failure: Failure | None) -> np.int16:
    """A failure as it stands in arrays; 0 for none."""
    return np.int16(FAILURES.index(failure))


def first_failure(*failures: tuple[Bools, Failure | Codes]) -> Codes:
    """The code of the first failure that applies to each service."""
    conditions = [applies for applies, _ in failures]
    codes = [failure_code(one) if isinstance(one, Failure) else one for _, one in failures]
    return np.select(conditions, codes, default=np.int16(0))

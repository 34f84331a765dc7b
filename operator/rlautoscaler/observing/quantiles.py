"""Quantiles of classic histograms, as PromQL's `histogram_quantile` estimates them.

Needed here because PromQL cannot add up the buckets of exactly the pods that live.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import accumulate


def estimate(share: float, buckets: Mapping[float, float]) -> float:
    """The value below which a share of the observations lies; NaN where that cannot be said.

    Linear within a bucket. Beyond the last finite bound, that bound is the answer.

    Args:
        share: above 0, at most 1.
        buckets: observations at or below each upper bound, of which the last must be infinite.

    """
    bounds = sorted(buckets)
    if len(bounds) < 2 or bounds[-1] != math.inf or not all(map(math.isfinite, buckets.values())):
        return math.nan
    # Sums over several scrapes need not rise from bound to bound.
    counts = list(accumulate((buckets[bound] for bound in bounds), max))
    rank = share * counts[-1]
    if rank <= 0:
        return math.nan
    place = next(index for index, count in enumerate(counts) if count >= rank)
    if bounds[place] == math.inf:
        return bounds[-2]
    if place == 0 and bounds[0] <= 0:
        return bounds[0]
    lower, below = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0.0)
    return lower + (bounds[place] - lower) * (rank - below) / (counts[place] - below)

"""`spec.objective`: what the service must keep, how often it may fail to, and what resources cost."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, Strict

from rlautoscaler.resources import durations, percentages
from rlautoscaler.resources.documents import Part
from rlautoscaler.resources.rules import Cause, Rule


class Quantile(StrEnum):
    """Which share of the requests a latency target is about."""

    P50 = "p50"
    P99 = "p99"


class LatencyObjective(Part):
    """How fast requests must be answered. Missed while the measured latency is above `target`."""

    place = "objective.latency"

    target: Annotated[str, durations.between("1ms", "10m", usual="250ms")]
    """Highest latency that is still good, as a duration (`250ms`). Required; no default, because only you
    know it."""

    quantile: Annotated[Quantile, Strict(False)] = Quantile.P99
    """Which latency is compared with `target`: `p99` (99 of 100 requests are faster) or `p50` (the median).
    Default `p99`."""


class SaturationObjective(Part):
    """How full the pods may be. Needs no requests, so a service can be judged by CPU alone. A pod that was
    killed for lack of memory counts as a miss, too."""

    place = "objective.saturation"

    cpu: Annotated[str, percentages.between("1%", "1000%", usual="90%")] = "90%"
    """Highest CPU use, as a percentage of the limit, or of the request where there is no limit (which may
    rightly be more than 100%). Default `90%`. Lower keeps more room and costs more."""

    throttled: Annotated[str, percentages.between("1%", "100%", usual="25%")] = "25%"
    """Highest share of scheduling periods in which the kernel held the containers back at their CPU limit.
    Default `25%`; `100%` switches this part off."""


class Cost(Part):
    """What resources cost, in any one currency. Only the ratio of the prices to each other steers anything;
    the amounts appear in reports."""

    place = "objective.cost"

    cpuCoreHour: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    """Price of one CPU core for one hour. Default: the operator's setting `--price-cpu-core-hour`, 0.033
    unless your administrator changed it."""

    memoryGiBHour: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    """Price of one GiB of memory for one hour. Default: the operator's setting `--price-memory-gib-hour`,
    0.0045 unless your administrator changed it."""


class Objective(Part):
    """What the service must keep. At least one of `latency`, `errorRate` and `saturation` is required; where
    several are given, missing any of them is a violation."""

    place = "objective"
    own_rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="has(self.latency) || has(self.errorRate) || has(self.saturation)",
            holds=lambda it: (it.latency or it.errorRate or it.saturation) is not None,
            message="objective needs at least one of latency, errorRate and saturation",
            cause=Cause.REQUIRED,
        ),
    )

    latency: LatencyObjective | None = None
    """Default: latency is not judged."""

    errorRate: Annotated[str, percentages.between("0.001%", "100%", usual="1%")] | None = None
    """Highest share of requests that may fail, as a percentage (`1%`). Default: errors are not judged."""

    saturation: SaturationObjective | None = None
    """Default: saturation is not judged; `{}` judges it by the defaults of the fields below."""

    violationBudget: Annotated[str, percentages.between("0.01%", "50%", usual="1%")] = "1%"
    """Share of the time in which the objective may be missed, as a percentage. Default `1%`. This is the knob
    for risk: a smaller budget keeps more replicas, a larger one saves more."""

    cost: Cost = Cost()
    """Default: the operator's prices."""

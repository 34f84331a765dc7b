"""One metric of many services: the size that it proposes to each; see `hpa.proposals` and `hpa.ratios`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlagents.policies.hpa.arrays import counts
from rlagents.policies.hpa.arrays.counts import Bools, Codes, Floats, Ints
from rlagents.policies.hpa.arrays.pods import Grouped, SampleArrays, group
from rlagents.policies.hpa.arrays.proposals import Proposed, Situation, failure_code, first_failure
from rlagents.policies.hpa.counts import LARGEST_FIGURE
from rlagents.policies.hpa.failures import Failure


@dataclass(frozen=True, slots=True)
class Measured:
    """The ratios, and what they come from; shape [services]."""

    ratio: Floats
    average: Ints
    percent: Ints | None = None
    unmatched: Bools | None = None
    """No sample has a request, or the requests sum to 0."""


@dataclass(frozen=True, slots=True)
class UtilizationMetric:
    """Usage as a share of requests."""

    target: Ints
    """Percent, shape [services]."""
    samples: SampleArrays
    requests: Ints
    """Milli-units, shape [services, slots]."""
    is_cpu: bool
    request_failure: Codes
    """What is wrong with the request of some pod, which fails the metric; 0 for nothing. Shape [services]."""

    def propose(self, situation: Situation) -> Proposed:
        """See `hpa.proposals.per_pod`."""
        return _per_pod(situation, self.samples, self, is_cpu=self.is_cpu)

    def measure(self, situation: Situation, usage: Ints, mask: Bools) -> Measured:
        """The ratio over the samples of the mask; strays do not enter."""
        known = mask & situation.pods.exists
        requested = np.sum(np.where(known, self.requests, 0), axis=1)
        used = np.sum(np.where(known, usage, 0), axis=1)
        percent = counts.quotient(used * 100, requested)
        average = counts.quotient(used, np.sum(known, axis=1))
        return Measured(counts.ratio(percent, self.target), average, percent, requested == 0)

    def on_target(self) -> Ints:
        """A pod's whole request, or more where the target is above 100 %."""
        scale = np.maximum(100, self.target)[:, np.newaxis]
        return counts.quotient(self.requests * scale, np.asarray(100))


@dataclass(frozen=True, slots=True)
class AverageMetric:
    """Usage, or any figure of the pods, per pod."""

    target: Ints
    """Milli-units, shape [services]."""
    samples: SampleArrays
    is_cpu: bool
    """Whether it is the resource CPU; a pods metric never is."""

    def propose(self, situation: Situation) -> Proposed:
        """See `hpa.proposals.per_pod`."""
        return _per_pod(situation, self.samples, self, is_cpu=self.is_cpu)

    def measure(self, situation: Situation, usage: Ints, mask: Bools) -> Measured:
        """The ratio over the samples of the mask, strays too."""
        used = np.sum(np.where(mask, usage, 0), axis=1)
        average = counts.quotient(used, np.sum(mask, axis=1))
        return Measured(counts.ratio(average, self.target), average)

    def on_target(self) -> Ints:
        """The target itself."""
        return self.target[:, np.newaxis]


@dataclass(frozen=True, slots=True)
class WholeMetric:
    """One figure that the serving pods share: object and external metrics with a value."""

    target: Ints
    figure: Ints
    known: Bools

    def propose(self, situation: Situation) -> Proposed:
        """See `hpa.proposals.whole`."""
        ratio = counts.ratio(self.figure, self.target)
        asleep, calm = situation.current == 0, situation.tolerates(ratio)
        scaled = counts.scaled(ratio, situation.pods.serving)
        replicas = np.where(calm, situation.current, scaled)
        podless = ~asleep & ~calm & ~situation.has_pods
        return Proposed(
            np.where(asleep, counts.ceiling(ratio), replicas),
            first_failure((~self.known, Failure.METRICS_UNAVAILABLE), (podless, Failure.NO_PODS)),
            value=self.figure,
        )


@dataclass(frozen=True, slots=True)
class SharedMetric:
    """One figure of which each observed replica has a share: object and external metrics with an average."""

    target: Ints
    figure: Ints
    known: Bools
    is_external: bool
    """A sum that was cut at 64 bits is then reported undivided."""

    def propose(self, situation: Situation) -> Proposed:
        """See `hpa.proposals.shared`."""
        observed = situation.observed
        ratio = counts.ratio(self.figure, self.target.astype(np.float64) * observed.astype(np.float64))
        replicas = np.where(
            situation.tolerates(ratio), observed, counts.ceiling(counts.ratio(self.figure, self.target))
        )
        share = counts.figure_ceiling(counts.ratio(self.figure, observed))
        cut = self.is_external & (self.figure == LARGEST_FIGURE)
        return Proposed(
            replicas,
            first_failure((~self.known, Failure.METRICS_UNAVAILABLE)),
            average_value=np.where(cut, self.figure, share),
        )


@dataclass(frozen=True, slots=True)
class FailingMetric:
    """A metric that fails whatever was read: it names no target, or its kind is not known."""

    failure: Failure

    def propose(self, situation: Situation) -> Proposed:
        """No sizes."""
        nothing = np.zeros_like(situation.current)
        return Proposed(nothing, np.full(nothing.shape, failure_code(self.failure)))


def _per_pod(
    situation: Situation,
    samples: SampleArrays,
    metric: UtilizationMetric | AverageMetric,
    *,
    is_cpu: bool,
) -> Proposed:
    grouped = group(situation.pods, samples, situation.now, situation.parameters, is_cpu=is_cpu)
    first = metric.measure(situation, samples.value, grouped.counted)
    counts_unready = np.any(grouped.unready, axis=1) & (first.ratio > 1.0)
    once = ~counts_unready & ~np.any(grouped.missing, axis=1)
    direct = np.where(
        situation.tolerates(first.ratio),
        situation.current,
        counts.scaled(first.ratio, np.sum(grouped.ready, axis=1)),
    )
    usage, mask = _completed(samples, grouped, metric, first.ratio, counts_unready)
    second = metric.measure(situation, usage, mask)
    damped = _damped(situation, first.ratio, second.ratio, np.sum(mask, axis=1))
    unmatched = _unmatched(first) | _unmatched(second)
    failures: list[tuple[Bools, Failure | Codes]] = [
        (~samples.answered, Failure.METRICS_UNAVAILABLE),
        (~situation.has_pods, Failure.NO_PODS),
        (~np.any(grouped.counted, axis=1), Failure.NO_USABLE_METRICS),
    ]
    if isinstance(metric, UtilizationMetric):
        failures.append((metric.request_failure != 0, metric.request_failure))
        failures.append((unmatched, Failure.NO_MATCHING_REQUESTS))
    replicas = np.where(once, direct, damped)
    return Proposed(replicas, first_failure(*failures), first.percent, first.average)


def _completed(
    samples: SampleArrays,
    grouped: Grouped,
    metric: UtilizationMetric | AverageMetric,
    ratio: Floats,
    counts_unready: Bools,
) -> tuple[Ints, Bools]:
    """The samples with those taken for missing and unready pods: usage, and which slots count."""
    below, apart = (ratio < 1.0)[:, np.newaxis], ((ratio < 1.0) | (ratio > 1.0))[:, np.newaxis]
    usage = np.where(grouped.counted, samples.value, np.where(grouped.missing & below, metric.on_target(), 0))
    mask = grouped.counted | (grouped.missing & apart) | (grouped.unready & counts_unready[:, np.newaxis])
    return usage, mask


def _damped(situation: Situation, first: Floats, second: Floats, counted: Ints) -> Ints:
    current = situation.current
    turned = ((first < 1.0) & (second > 1.0)) | ((second < 1.0) & (first > 1.0))
    proposed = counts.scaled(second, counted)
    against = ((second < 1.0) & (proposed > current)) | ((second > 1.0) & (proposed < current))
    return np.where(situation.tolerates(second) | turned | against, current, proposed)


def _unmatched(measured: Measured) -> Bools:
    return np.zeros_like(measured.ratio, np.bool_) if measured.unmatched is None else measured.unmatched

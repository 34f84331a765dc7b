"""The queries for request rate, latency, errors and queue: one each for all autoscalers alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rlagents.structs.signals import SignalName
from rlautoscaler.observing import promql
from rlautoscaler.observing.presets import Family, Preset

QUANTILES: Mapping[SignalName, float] = MappingProxyType(
    {SignalName.LATENCY_P50: 0.5, SignalName.LATENCY_P99: 0.99}
)


@dataclass(frozen=True, slots=True)
class RequestQueries:
    """PromQL of one preset with one set of labels and one window. None: the preset has no such metric."""

    preset: Preset
    window: float
    throughput: str
    throughput_smooth: str
    requests_age: str
    failures: str | None
    """Failed requests per second over the window."""
    latencies: Mapping[SignalName, str]
    """Quantiles in seconds; empty where `buckets` are read instead."""
    buckets: str | None
    """Requests per second at or below each `le`, per pod: only the pods that live are added up."""
    latency_age: str
    queue: str | None
    queue_age: str | None

    def texts(self) -> list[str]:
        """All of it, the most wanted first."""
        texts = [self.throughput, self.requests_age, self.throughput_smooth, self.failures, self.buckets]
        texts += [*self.latencies.values(), self.latency_age, self.queue, self.queue_age]
        return [text for text in texts if text is not None]


def queries(
    preset: Preset, labels: Mapping[str, str], namespaces: Iterable[str], window: float
) -> RequestQueries:
    """Queries for all workloads of a preset with the same labels. Raises `QueryError` for wrong labels."""
    source = _Source(preset, tuple(_matchers(preset, labels, namespaces)), promql.duration(window))
    unit = preset.families[0].unit
    buckets = source.each(lambda family: source.rate(f"{family.histogram}_bucket"), "le")
    return RequestQueries(
        preset=preset,
        window=window,
        throughput=source.each(lambda family: source.rate(family.requests, "irate")),
        throughput_smooth=source.each(lambda family: source.rate(family.requests)),
        requests_age=source.age(lambda family: family.requests),
        failures=_failures(source),
        latencies={} if preset.per_pod else _quantiles(buckets, unit),
        buckets=buckets if preset.per_pod else None,
        latency_age=source.age(lambda family: f"{family.histogram}_count"),
        queue=_queue(source),
        queue_age=source.age(lambda family: family.queue[0]) if preset.families[0].queue else None,
    )


def cadence(preset: Preset, labels: Mapping[str, str], namespaces: Iterable[str]) -> list[str]:
    """Selectors of raw series, from whose samples the scrape interval can be told."""
    matchers = _matchers(preset, labels, namespaces)
    return [promql.selector(family.requests, matchers) for family in preset.families]


@dataclass(frozen=True, slots=True)
class _Source:
    """What the expressions of one preset have in common."""

    preset: Preset
    matchers: tuple[str, ...]
    window: str
    by: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", ", ".join(self.preset.by))

    def series(self, metric: str, *more: str) -> str:
        return promql.selector(metric, (*self.matchers, *more))

    def rate(self, metric: str, function: str = "rate", *more: str) -> str:
        return f"{function}({self.series(metric, *more)}[{self.window}])"

    def each(self, expression: Callable[[Family], str], *labels: str, function: str = "sum") -> str:
        """The expression, aggregated, of the first family that a workload or pod has."""
        by = ", ".join((*self.preset.by, *labels))
        parts = [f"{function} by ({by}) ({self.named(expression(part))})" for part in self.preset.families]
        return f" or on ({self.by}) ".join(parts)

    def age(self, metric: Callable[[Family], str]) -> str:
        """Seconds since the newest raw sample."""
        newest = self.each(lambda family: f"timestamp({self.series(metric(family))})", function="max")
        return promql.age(newest)

    def named(self, expression: str) -> str:
        """The expression under the labels that the preset looks for."""
        for label, origin in self.preset.renamed.items():
            expression = f'label_replace({expression}, "{label}", "$1", "{origin}", "(.+)")'
        return expression


def _matchers(preset: Preset, labels: Mapping[str, str], namespaces: Iterable[str]) -> list[str]:
    matchers = promql.equal({**preset.matchers, **labels})
    if preset.scope and preset.scope not in labels:
        matchers += promql.one_of(preset.scope, namespaces, or_absent=bool(preset.renamed))
    return matchers


def _failures(source: _Source) -> str | None:
    if not all(family.failed for family in source.preset.families):
        return None
    return source.each(
        lambda family: " or ".join(source.rate(family.requests, "rate", failed) for failed in family.failed)
    )


def _quantiles(buckets: str, unit: float) -> dict[SignalName, str]:
    return {name: f"{unit:g} * histogram_quantile({share:g}, {buckets})" for name, share in QUANTILES.items()}


def _queue(source: _Source) -> str | None:
    """Gauges of one family may differ in nothing but their names, which `or` does not look at."""
    if not all(family.queue for family in source.preset.families):
        return None
    return source.each(lambda family: source.series("", f"__name__=~{promql.quoted('|'.join(family.queue))}"))

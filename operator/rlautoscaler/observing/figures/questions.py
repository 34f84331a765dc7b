"""What is asked for a metric, and of whom. Equal questions of many autoscalers are one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rlagents.policies import hpa
from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients import batches, metricsrefusals
from rlautoscaler.clients.metricsrefusals import CUSTOM_METRICS, EXTERNAL_METRICS
from rlautoscaler.clients.protocols import Described, Manifest, MetricsApi, PrometheusApi, Vector
from rlautoscaler.errors import MetricsApiError, PrometheusError

PROMETHEUS: Final = "Prometheus"

NOT_OF_RESOURCES: Final = (hpa.MetricKind.PODS, hpa.MetricKind.OBJECT, hpa.MetricKind.EXTERNAL)

Answer = Vector | list[Manifest] | PrometheusError | MetricsApiError


@dataclass(frozen=True, slots=True)
class FiguresWanted:
    """The metrics of one autoscaler's baseline."""

    key: WorkloadKey
    selector: str
    """Of the target's pods, as text; empty where unknown."""
    metrics: tuple[hpa.MetricSpec, ...]
    """Resource metrics among them are not read here: see `FigureReader.usage`."""
    queries: Mapping[hpa.MetricSpec, str] = field(default_factory=dict)
    """PromQL of the metrics that name a query; all others are read from the metrics APIs."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Whom the questions are put to."""

    metrics: MetricsApi
    prometheus: PrometheusApi


@dataclass(frozen=True, slots=True)
class QueryQuestion:
    """PromQL."""

    promql: str
    server: str = field(default=PROMETHEUS, init=False)

    async def ask(self, sources: Sources) -> Answer:
        """The samples. Raises a `PrometheusError`."""
        return await sources.prometheus.query(self.promql)

    def too_late(self) -> Answer:
        """In place of the answer."""
        return batches.too_late(self.promql)


@dataclass(frozen=True, slots=True)
class PodsQuestion:
    """A metric of each of some pods."""

    namespace: str
    selector: str
    metric: str
    metric_selector: str
    server: str = field(default=CUSTOM_METRICS, init=False)

    async def ask(self, sources: Sources) -> Answer:
        """The values. Raises a `MetricsApiError`."""
        return await sources.metrics.pods_metric(
            self.namespace, self.selector, self.metric, self.metric_selector
        )

    def too_late(self) -> Answer:
        """In place of the answer."""
        return metricsrefusals.late(self.server, f"pods metric {self.metric} in {self.namespace}")


@dataclass(frozen=True, slots=True)
class ObjectQuestion:
    """A metric of one object."""

    namespace: str
    described: Described
    metric: str
    metric_selector: str
    server: str = field(default=CUSTOM_METRICS, init=False)

    async def ask(self, sources: Sources) -> Answer:
        """The values. Raises a `MetricsApiError`."""
        return await sources.metrics.object_metric(
            self.namespace, self.described, self.metric, self.metric_selector
        )

    def too_late(self) -> Answer:
        """In place of the answer."""
        what = f"{self.described.kind} {self.namespace}/{self.described.name} metric {self.metric}"
        return metricsrefusals.late(self.server, what)


@dataclass(frozen=True, slots=True)
class ExternalQuestion:
    """A metric of something outside."""

    namespace: str
    metric: str
    selector: str
    server: str = field(default=EXTERNAL_METRICS, init=False)

    async def ask(self, sources: Sources) -> Answer:
        """The values. Raises a `MetricsApiError`."""
        return await sources.metrics.external_metric(self.namespace, self.metric, self.selector)

    def too_late(self) -> Answer:
        """In place of the answer."""
        return metricsrefusals.late(self.server, f"external metric {self.metric} in {self.namespace}")


Question = QueryQuestion | PodsQuestion | ObjectQuestion | ExternalQuestion


def question(wanted: FiguresWanted, metric: hpa.MetricSpec) -> Question | None:
    """What to ask for a metric; None for those of resources and of kinds that this version does not know."""
    namespace = wanted.key.namespace
    if metric in wanted.queries and metric.kind in NOT_OF_RESOURCES:
        return QueryQuestion(wanted.queries[metric])
    match metric.kind:
        case hpa.MetricKind.PODS:
            return PodsQuestion(namespace, wanted.selector, metric.name, metric.selector)
        case hpa.MetricKind.OBJECT:
            return ObjectQuestion(namespace, described(metric.described), metric.name, metric.selector)
        case hpa.MetricKind.EXTERNAL:
            return ExternalQuestion(namespace, metric.name, metric.selector)
    return None


def described(text: str) -> Described:
    """Of `networking.k8s.io/v1/Ingress/shop` or `Service/shop`."""
    api_version, kind, name = ["", "", *text.rsplit("/", 2)][-3:]
    return Described(api_version, kind, name)

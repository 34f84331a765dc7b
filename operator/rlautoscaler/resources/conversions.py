"""From the custom resource to what the brain understands. Durations become seconds, percentages shares."""

from __future__ import annotations

from typing import Any

from rlagents.policies import hpa
from rlagents.structs.objectives import Bounds, Objective, Prices
from rlagents.structs.signals import SignalName
from rlautoscaler.resources import durations, percentages
from rlautoscaler.resources.baselines import Metric, ResourceMetrics
from rlautoscaler.resources.metrics import Query
from rlautoscaler.resources.objectives import Quantile
from rlautoscaler.resources.specs import Spec

_QUANTILES = {Quantile.P50: 0.5, Quantile.P99: 0.99}


def bounds(spec: Spec) -> Bounds:
    """The user's limits on the size."""
    return Bounds(spec.minReplicas, spec.maxReplicas)


def objective(spec: Spec, prices: Prices) -> Objective:
    """What the service must keep; `prices` stand where the user names none."""
    wanted, latency, saturation = spec.objective, spec.objective.latency, spec.objective.saturation
    return Objective(
        latency_target=None if latency is None else durations.seconds(latency.target),
        latency_quantile=_QUANTILES[Quantile.P99 if latency is None else latency.quantile],
        error_rate=None if wanted.errorRate is None else percentages.share(wanted.errorRate),
        cpu_saturation=None if saturation is None else percentages.share(saturation.cpu),
        throttled_saturation=None if saturation is None else percentages.share(saturation.throttled),
        violation_budget=percentages.share(wanted.violationBudget),
        prices=_prices(spec, prices),
    )


def baseline(spec: Spec) -> hpa.HpaSpec:
    """The HPA. An admitted spec always makes one."""
    behavior = spec.baseline.behavior
    return hpa.parse(
        [_metric(metric) for metric in spec.baseline.metrics],
        None if behavior is None else behavior.document(),
        spec.minReplicas,
        spec.maxReplicas,
        # Whether the cluster's administrator allows 0 is not for the document to say.
        scale_to_zero=True,
    )


def baseline_queries(spec: Spec) -> dict[hpa.MetricSpec, str]:
    """The PromQL of those metrics of the baseline that name some."""
    metrics = zip(baseline(spec).metrics, spec.baseline.metrics, strict=True)
    return {metric: given.query for metric, given in metrics if given.query is not None}


def resource_metrics(spec: Spec) -> ResourceMetrics:
    """Where CPU and memory of the baseline's metrics are read."""
    return spec.baseline.resourceMetrics


def interval(spec: Spec) -> float:
    """Seconds between two decisions."""
    return durations.seconds(spec.interval)


def window(spec: Spec) -> float | None:
    """Seconds over which rates are averaged; None for what fits the scrape interval."""
    return _unless_auto(spec.metrics.window)


def stale_after(spec: Spec) -> float | None:
    """Seconds from which a sample counts as unknown; None for what fits the scrape interval."""
    return _unless_auto(spec.metrics.staleAfter)


def queries(spec: Spec) -> dict[SignalName, Query]:
    """The signals for which the user has queries."""
    given = {name: getattr(spec.metrics.queries, name.value) for name in SignalName}
    return {name: query for name, query in given.items() if query is not None}


def _metric(metric: Metric) -> dict[str, Any]:
    """As `autoscaling/v2` has it."""
    document = metric.document()
    document.pop("query", None)
    return document


def _prices(spec: Spec, default: Prices) -> Prices:
    cost = spec.objective.cost
    return Prices(
        cpu_core_hour=default.cpu_core_hour if cost.cpuCoreHour is None else cost.cpuCoreHour,
        memory_gib_hour=default.memory_gib_hour if cost.memoryGiBHour is None else cost.memoryGiBHour,
    )


def _unless_auto(text: str) -> float | None:
    return None if text == durations.AUTO else durations.seconds(text)

"""The cluster's metrics APIs with canned answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from rlautoscaler.clients import metricsrefusals
from rlautoscaler.clients.metricsapis import VERSIONS
from rlautoscaler.clients.metricsrefusals import CUSTOM_METRICS, EXTERNAL_METRICS, RESOURCE_METRICS
from rlautoscaler.clients.protocols import Described, Manifest, Resource
from rlautoscaler.clients.refusals import Call
from rlautoscaler.errors import InvalidObjectError

_KINDS = {("networking.k8s.io", "Ingress"): "ingresses", ("", "Service"): "services", ("", "Pod"): "pods"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    call: Call
    selector: str = ""
    """Of pods."""
    metric_selector: str = ""
    """Of the metric's series."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An answer, and to which requests; a selector that is None fits any."""

    items: Sequence[Manifest]
    selector: str | None = None
    metric_selector: str | None = None

    def fits(self, asked: Asked) -> bool:
        return self.selector in (None, asked.selector) and self.metric_selector in (
            None,
            asked.metric_selector,
        )


class FakeMetricsApi:
    """A `MetricsApi` for tests. A metric nobody prepared is not found, as in the original.

    Args:
        plurals: of further kinds of the cluster, by API group and kind.
        sleep: waits out the delays that were asked for; pass one on a clock of the test's own.

    """

    def __init__(
        self,
        *,
        plurals: Mapping[tuple[str, str], str] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.asked: list[Asked] = []
        """Every request, in order."""
        self._plurals = _KINDS | dict(plurals or {})
        self._sleep = sleep
        self._answers: dict[Call, list[_Prepared]] = {}
        self._refusals: dict[str, tuple[int, str]] = {}
        self._unserved: set[str] = set()
        self._delays: dict[str, float] = {}

    # The scene, set by tests.

    def prepare_pod_metrics(self, namespace: str, items: Sequence[Manifest]) -> None:
        """Usage of a namespace's pods, as `pod_metrics` writes it."""
        self._answers[_pod_metrics(namespace)] = [_Prepared(items)]

    def prepare_pods_metric(
        self,
        namespace: str,
        metric: str,
        items: Sequence[Manifest],
        *,
        selector: str | None = None,
        metric_selector: str | None = None,
    ) -> None:
        """Values of a metric of pods, as `metric_value` writes them."""
        self._prepare(_pods_metric(namespace, metric), _Prepared(items, selector, metric_selector))

    def prepare_object_metric(
        self,
        namespace: str,
        described: Described,
        metric: str,
        items: Sequence[Manifest],
        *,
        metric_selector: str | None = None,
    ) -> None:
        """Values of a metric of an object, as `metric_value` writes them."""
        call = self._object_metric(namespace, described, metric)
        self._prepare(call, _Prepared(items, None, metric_selector))

    def prepare_external_metric(
        self, namespace: str, metric: str, items: Sequence[Manifest], *, selector: str | None = None
    ) -> None:
        """Values of an external metric, as `external_value` writes them."""
        self._prepare(_external_metric(namespace, metric), _Prepared(items, None, selector))

    def refuse(self, group: str, status: int, message: str = "") -> None:
        """Let an API answer this HTTP status to everything, until `heal`."""
        self._refusals[group] = (status, message)

    def withdraw(self, group: str) -> None:
        """Let the cluster have no such API, until `heal`."""
        self._unserved.add(group)

    def heal(self) -> None:
        """End all refusals; answers prepared before hold again."""
        self._refusals.clear()
        self._unserved.clear()

    def delay(self, group: str, seconds: float) -> None:
        """Let an API take its time."""
        self._delays[group] = seconds

    # The protocol.

    async def pod_metrics(self, namespace: str) -> list[Manifest]:
        """See `MetricsApi`."""
        return await self._answer(Asked(_pod_metrics(namespace)))

    async def pods_metric(
        self, namespace: str, selector: str, metric: str, metric_selector: str = ""
    ) -> list[Manifest]:
        """See `MetricsApi`."""
        return await self._answer(Asked(_pods_metric(namespace, metric), selector, metric_selector))

    async def object_metric(
        self, namespace: str, described: Described, metric: str, metric_selector: str = ""
    ) -> list[Manifest]:
        """See `MetricsApi`."""
        call = self._object_metric(namespace, described, metric)
        return await self._answer(Asked(call, metric_selector=metric_selector))

    async def external_metric(self, namespace: str, metric: str, selector: str = "") -> list[Manifest]:
        """See `MetricsApi`."""
        return await self._answer(Asked(_external_metric(namespace, metric), metric_selector=selector))

    # How it works.

    def _prepare(self, call: Call, prepared: _Prepared) -> None:
        self._answers.setdefault(call, []).insert(0, prepared)

    async def _answer(self, asked: Asked) -> list[Manifest]:
        call = asked.call
        group = call.resource.group
        self.asked.append(asked)
        await self._sleep(self._delays.get(group, 0.0))
        if group in self._unserved:
            raise metricsrefusals.not_served(group)
        try:
            call.resource.path(call.namespace, call.name, call.subresource)
        except InvalidObjectError as error:
            raise metricsrefusals.unwritable(group, str(error)) from error
        if group in self._refusals:
            status, message = self._refusals[group]
            raise metricsrefusals.refusal(call, status, {"message": message})
        for prepared in self._answers.get(call, ()):
            if prepared.fits(asked):
                return list(prepared.items)
        if group == RESOURCE_METRICS:
            return []
        raise metricsrefusals.refusal(call, HTTPStatus.NOT_FOUND, {"message": "the metric is not known"})

    def _object_metric(self, namespace: str, described: Described, metric: str) -> Call:
        if described.is_namespace:
            return Call("get", _resource(CUSTOM_METRICS, "metrics"), namespace, metric)
        plural = self._plurals.get((described.group, described.kind))
        if plural is None:
            raise metricsrefusals.unknown_kind(described)
        qualified = f"{plural}.{described.group}" if described.group else plural
        return Call("get", _resource(CUSTOM_METRICS, qualified), namespace, described.name, metric)


def pod_metrics(
    pod: str,
    containers: Mapping[str, Mapping[str, str]],
    *,
    timestamp: str = "2026-01-01T00:00:00Z",
    window: str = "30s",
) -> Manifest:
    """A `PodMetrics`: usage by container and resource, as quantities."""
    return {
        "metadata": {"name": pod},
        "timestamp": timestamp,
        "window": window,
        "containers": [{"name": name, "usage": dict(usage)} for name, usage in containers.items()],
    }


def metric_value(
    described: Described,
    value: str,
    *,
    timestamp: str = "2026-01-01T00:00:00Z",
    window_seconds: int | None = None,
) -> Manifest:
    """A `MetricValue` of the custom metrics API, version v1beta2."""
    written: Manifest = {
        "describedObject": {
            "apiVersion": described.api_version,
            "kind": described.kind,
            "name": described.name,
        },
        "timestamp": timestamp,
        "value": value,
    }
    return written if window_seconds is None else written | {"windowSeconds": window_seconds}


def external_value(metric: str, value: str, *, timestamp: str = "2026-01-01T00:00:00Z") -> Manifest:
    """An `ExternalMetricValue`."""
    return {"metricName": metric, "metricLabels": {}, "timestamp": timestamp, "value": value}


def _pod_metrics(namespace: str) -> Call:
    return Call("list", _resource(RESOURCE_METRICS, "pods"), namespace)


def _pods_metric(namespace: str, metric: str) -> Call:
    return Call("get", _resource(CUSTOM_METRICS, "pods"), namespace, "*", metric)


def _external_metric(namespace: str, metric: str) -> Call:
    return Call("list", _resource(EXTERNAL_METRICS, metric), namespace)


def _resource(group: str, plural: str) -> Resource:
    return Resource(group, VERSIONS[group][0], plural)

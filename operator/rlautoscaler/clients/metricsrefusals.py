"""From what a metrics API does not answer to our errors: who failed, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from rlautoscaler.clients.protocols import Described
from rlautoscaler.clients.refusals import Call, told
from rlautoscaler.errors import (
    MetricNotFoundError,
    MetricsApiError,
    MetricsDeadlineError,
    MetricsForbiddenError,
    MetricsNotServedError,
    MetricsRefusedError,
    MetricsUnavailableError,
)

RESOURCE_METRICS: Final = "metrics.k8s.io"
CUSTOM_METRICS: Final = "custom.metrics.k8s.io"
EXTERNAL_METRICS: Final = "external.metrics.k8s.io"

_REMEDIES = MappingProxyType(
    {
        RESOURCE_METRICS: "Install metrics-server, or read CPU and memory from Prometheus",
        CUSTOM_METRICS: "Install an adapter such as prometheus-adapter, or name a PromQL query in the metric",
        EXTERNAL_METRICS: "Install an adapter such as KEDA's, or name a PromQL query in the metric",
    }
)

_KINDS: Mapping[int, type[MetricsApiError]] = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: MetricsRefusedError,
        HTTPStatus.UNAUTHORIZED: MetricsForbiddenError,
        HTTPStatus.FORBIDDEN: MetricsForbiddenError,
        HTTPStatus.NOT_FOUND: MetricNotFoundError,
        HTTPStatus.METHOD_NOT_ALLOWED: MetricsRefusedError,
        HTTPStatus.UNPROCESSABLE_ENTITY: MetricsRefusedError,
    }
)


def not_served(group: str) -> MetricsNotServedError:
    """The error where the cluster has no such API."""
    return MetricsNotServedError(f"This cluster does not serve {group}. {_REMEDIES[group]}.", group=group)


def refusal(call: Call, status: int, body: bytes | str | Mapping[str, Any]) -> MetricsApiError:
    """The error for an answer that is not a success.

    Args:
        call: what was asked, with the group of the metrics API.
        status: HTTP status.
        body: the answer; a Kubernetes `Status` object where an API server wrote it.

    """
    group = call.resource.group
    _, text = told(body)
    kind = _KINDS.get(status, MetricsUnavailableError)
    message = f"{group} answered {status} to `{call}`{': ' + text if text else ''}. {_advice(call, status)}"
    return kind(message, group=group)


def undiscoverable(
    group: str, path: str, status: int, body: bytes | str | Mapping[str, Any]
) -> MetricsApiError:
    """The error where the API server does not tell what there is at `path`."""
    _, text = told(body)
    message = f"The API server answered {status} to GET {path}{': ' + text if text else ''}."
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        remedy = "Bind the operator to the ClusterRole system:discovery."
        return MetricsForbiddenError(f"{message} {remedy}", group=group)
    return MetricsUnavailableError(f"{message} It may pass; the server's log has the cause.", group=group)


def unwritable(group: str, cause: str) -> MetricsRefusedError:
    """The error for a request that cannot be written; `cause` is a sentence."""
    return MetricsRefusedError(cause, group=group)


def unknown_kind(described: Described) -> MetricsRefusedError:
    """The error for an object metric of a kind that the cluster does not have."""
    where = f"the API group {described.group}" if described.group else "the core API group"
    cause = (
        f"This cluster has no kind {described.kind} in {where}: "
        "correct apiVersion and kind of describedObject."
    )
    return unwritable(CUSTOM_METRICS, cause)


def silence(call: Call, cause: str) -> MetricsUnavailableError:
    """The error for a request without a usable answer; `cause` is a sentence."""
    return MetricsUnavailableError(cause, group=call.resource.group)


def late(group: str, what: str) -> MetricsDeadlineError:
    """The error for what was not answered within the tick; `what` was asked for."""
    return MetricsDeadlineError(
        f"The tick's time was over before {group} answered for {what}. "
        "Look how long its adapter takes, or choose a longer interval.",
        group=group,
    )


def _advice(call: Call, status: int) -> str:
    group = call.resource.group
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return "The credentials are not accepted: renew the token or the kubeconfig."
        case HTTPStatus.FORBIDDEN:
            return f"Grant the operator the verb {call.verb} on {call.kind} of the API group {group}."
        case HTTPStatus.NOT_FOUND:
            return "Check the metric's name and selector, and what the adapter behind this API offers."
        case HTTPStatus.TOO_MANY_REQUESTS:
            return "It limits this client: choose longer intervals."
        case HTTPStatus.SERVICE_UNAVAILABLE:
            version = call.resource.version
            return f"Its adapter may be down: `kubectl describe apiservice {version}.{group}` tells more."
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return "The adapter behind this API failed: its log has the cause."
        case _:
            return "Correct the metric's name or selector."

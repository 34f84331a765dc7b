"""The body's errors, one tree:

    OperatorError
    ├── ApiError                the API server did not do what was asked
    │   ├── NotFoundError           404
    │   ├── ConflictError           409: somebody wrote in between, or it exists already
    │   ├── GoneError               410: the watch must start anew
    │   ├── ForbiddenError          401, 403: rights are missing
    │   ├── InvalidObjectError      400, 422: the object was refused
    │   └── UnreachableError        no answer: network, TLS, time-out, 5xx
    ├── PrometheusError         Prometheus did not answer a query
    │   ├── PrometheusUnreachableError  no usable answer
    │   ├── DeadlineError               the tick's time was over first
    │   └── QueryError              it answered that the query is wrong
    ├── MetricsApiError         a metrics API of the cluster gave no figure
    │   ├── MetricsNotServedError   the cluster does not have this API
    │   ├── MetricNotFoundError     404: it does not know the metric
    │   ├── MetricsForbiddenError   401, 403: rights are missing
    │   ├── MetricsRefusedError     400, 422, or a name that no request can hold
    │   └── MetricsUnavailableError no usable answer: network, time-out, 5xx
    │       └── MetricsDeadlineError    the tick's time was over first
    ├── FigureError             an answer came, without a usable figure in it
    ├── HpaError                a HorizontalPodAutoscaler cannot be continued
    ├── SettingsError           the process was started with settings that cannot work
    │   └── UsageError              … or with flags that there are not
    ├── ExplanationError        there is no decision to explain
    ├── LeadershipLostError     another operator may lead now
    ├── SandboxError            the local control plane cannot be built, started or kept up
    ├── DemoError               the demo cannot begin or go on
    └── ConformanceError        the comparison with the HPA controller cannot begin or be written

Each message is a sentence that tells the reader what to do.
"""

from __future__ import annotations


class OperatorError(Exception):
    """Anything the operator cannot do."""


class ApiError(OperatorError):
    """The API server did not do what was asked."""

    def __init__(self, message: str, *, status: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        """HTTP status; 0 where there was no answer."""
        self.reason = reason
        """`reason` of the Kubernetes Status object, as `AlreadyExists`."""


class NotFoundError(ApiError):
    """The object or the kind does not exist."""


class ConflictError(ApiError):
    """Somebody wrote in between, or the object exists already."""


class GoneError(ApiError):
    """The resource version is too old; list again."""


class ForbiddenError(ApiError):
    """Credentials or rights are missing."""


class InvalidObjectError(ApiError):
    """The API server refused the object's contents."""


class UnreachableError(ApiError):
    """No usable answer from the API server."""


class PrometheusError(OperatorError):
    """Prometheus did not answer a query."""


class PrometheusUnreachableError(PrometheusError):
    """No usable answer from Prometheus in time."""


class DeadlineError(PrometheusError):
    """The time for reading was over before Prometheus answered."""


class QueryError(PrometheusError):
    """Prometheus refused the query."""


class MetricsApiError(OperatorError):
    """A metrics API of the cluster gave no figure."""

    def __init__(self, message: str, *, group: str) -> None:
        super().__init__(message)
        self.group = group
        """Of the API, as `custom.metrics.k8s.io`."""


class MetricsNotServedError(MetricsApiError):
    """The cluster does not have this API."""


class MetricNotFoundError(MetricsApiError):
    """Who answers for the API does not know the metric, or not of this object."""


class MetricsForbiddenError(MetricsApiError):
    """Credentials or rights are missing."""


class MetricsRefusedError(MetricsApiError):
    """The request makes no sense to the API, or could not be written."""


class MetricsUnavailableError(MetricsApiError):
    """No usable answer, as from an adapter that is down."""


class MetricsDeadlineError(MetricsUnavailableError):
    """The time for reading was over before the API answered."""


class FigureError(OperatorError):
    """An answer came, without a usable figure in it."""


class HpaError(OperatorError):
    """A HorizontalPodAutoscaler cannot be read or continued."""


class SettingsError(OperatorError):
    """The process was started with settings that cannot work."""


class UsageError(SettingsError):
    """The command line cannot be read."""


class ExplanationError(OperatorError):
    """There is no decision to explain, or it cannot be read."""


class LeadershipLostError(OperatorError):
    """Another may lead now: this process has to end, and may begin anew as a standby."""


class SandboxError(OperatorError):
    """The local control plane cannot be built, started or kept up."""


class DemoError(OperatorError):
    """The demo cannot begin or go on."""


class ConformanceError(OperatorError):
    """The comparison with the cluster's HPA controller cannot begin, or its result cannot be written."""

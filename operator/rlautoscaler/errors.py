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
    ├── SettingsError           the process was started with settings that cannot work
    │   └── UsageError              … or with flags that there are not
    ├── LeadershipLostError     another operator may lead now
    ├── SandboxError            the local control plane cannot be built, started or kept up
    └── DemoError               the demo cannot begin or go on

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


class SettingsError(OperatorError):
    """The process was started with settings that cannot work."""


class UsageError(SettingsError):
    """The command line cannot be read."""


class LeadershipLostError(OperatorError):
    """Another may lead now: this process has to end, and may begin anew as a standby."""


class SandboxError(OperatorError):
    """The local control plane cannot be built, started or kept up."""


class DemoError(OperatorError):
    """The demo cannot begin or go on."""

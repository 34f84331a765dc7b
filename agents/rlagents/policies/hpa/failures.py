"""Why a metric gives no proposal."""

from __future__ import annotations

from enum import StrEnum

from rlagents.structs.errors import BrainError


class Failure(StrEnum):
    """What exactly was missing; the condition's reason tells only the kind of metric."""

    METRICS_UNAVAILABLE = "metrics-unavailable"
    """Nothing could be read, or the answer had no rows."""
    NO_PODS = "no-pods"
    """No pod is behind the selector."""
    NO_USABLE_METRICS = "no-usable-metrics"
    """No sample is left once those of ignored and unready pods are dropped."""
    MISSING_REQUEST = "missing-request"
    MISSING_POD_LEVEL_REQUEST = "missing-pod-level-request"
    CONTAINER_NOT_FOUND = "container-not-found"
    NO_MATCHING_REQUESTS = "no-matching-requests"
    """No sample belongs to a pod with a known request, or the requests sum to 0."""
    NO_TARGET = "no-target"
    """The metric names no target of a sort that its kind can have."""
    UNKNOWN_SOURCE = "unknown-source"
    """The metric's type is none that this version knows."""


class MetricError(BrainError):
    """A metric without a proposal. Raised and caught within one pass; it becomes a `MetricStatus`."""

    def __init__(self, failure: Failure, message: str) -> None:
        super().__init__(message)
        self.failure = failure

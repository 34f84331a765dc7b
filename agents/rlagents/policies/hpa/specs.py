"""The specification of one HPA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlagents.policies.hpa import manifests
from rlagents.policies.hpa.behaviors import Behavior
from rlagents.policies.hpa.counts import LARGEST_COUNT
from rlagents.policies.hpa.documents import Document
from rlagents.policies.hpa.metrics import DEFAULT, MetricSpec
from rlagents.structs.errors import InvalidSpecError


@dataclass(frozen=True, slots=True)
class HpaSpec:
    """Bounds, metrics and behaviour. `parse` makes one that keeps the API's limits."""

    max_replicas: int
    min_replicas: int = 1
    metrics: tuple[MetricSpec, ...] = (DEFAULT,)
    behavior: Behavior | None = None
    """None and `Behavior()` differ: without a behaviour the older rules for stabilising and limiting hold."""

    @property
    def can_wake(self) -> bool:
        """Whether some metric can be read while there are no pods."""
        return any(metric.is_of_the_world for metric in self.metrics)


def parse(
    metrics: Sequence[Mapping[str, Any]] | None,
    behavior: Mapping[str, Any] | None,
    min_replicas: int | None,
    max_replicas: int,
    *,
    scale_to_zero: bool = False,
) -> HpaSpec:
    """An HPA from the parts of an `autoscaling/v2` document, as plain dicts and lists.

    No metrics mean CPU at 80 %, no minimum means 1; `scale_to_zero` is the gate `HPAScaleToZero`.
    Raises `InvalidSpecError`, whose message names the field and what to write there.
    """
    entries = tuple(manifests.metric(part) for part in Document(metrics or (), "metrics").items())
    least = 1 if min_replicas is None else min_replicas
    spec = HpaSpec(
        max_replicas=Document(max_replicas, "maxReplicas").integer(1, LARGEST_COUNT),
        min_replicas=Document(least, "minReplicas").integer(0, LARGEST_COUNT),
        metrics=entries or (DEFAULT,),
        behavior=None if behavior is None else manifests.behavior(Document(behavior, "behavior")),
    )
    _check_bounds(spec, scale_to_zero)
    return spec


def _check_bounds(spec: HpaSpec, scale_to_zero: bool) -> None:
    low, high = spec.min_replicas, spec.max_replicas
    if low > high:
        raise InvalidSpecError(
            f"minReplicas {low} exceeds maxReplicas {high}: lower the one or raise the other."
        )
    if low == 0 and not scale_to_zero:
        raise InvalidSpecError("minReplicas must be at least 1: the gate HPAScaleToZero is off.")
    if low == 0 and not spec.can_wake:
        raise InvalidSpecError("minReplicas 0 needs an Object or External metric, readable without pods.")

"""The pods of many services, their samples, and how they count; see `hpa.grouping`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlagents.policies.hpa.arrays.counts import Bools, Codes, Floats, Ints
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.structs.pods import ConditionStatus, PodPhase

PHASES = tuple(PodPhase)
"""What the codes of `PodArrays.phase` stand for."""
READINESS = (None, *ConditionStatus)
"""What the codes of `PodArrays.readiness` stand for."""

_PENDING, _RUNNING, _FAILED = (
    PHASES.index(phase) for phase in (PodPhase.PENDING, PodPhase.RUNNING, PodPhase.FAILED)
)
_NO_CONDITION, _TRUE, _FALSE = (
    READINESS.index(status) for status in (None, ConditionStatus.TRUE, ConditionStatus.FALSE)
)


@dataclass(frozen=True, slots=True)
class PodArrays:
    """Pods by service and slot, all of shape [services, slots]; what stands in an empty slot counts for
    nothing."""

    exists: Bools
    """A pod behind the selector. A slot with a sample and without a pod is a stray."""
    deleting: Bools
    phase: Codes
    readiness: Codes
    readiness_changed_at: Floats
    """Seconds since the epoch; minus infinity where the condition does not tell."""
    started_at: Floats
    """Seconds since the epoch; NaN where the pod has not started."""

    @property
    def serving(self) -> Ints:
        """Running and ready pods, those being deleted too; shape [services]."""
        return np.asarray(np.sum(self.exists & (self.phase == _RUNNING) & (self.readiness == _TRUE), axis=1))


@dataclass(frozen=True, slots=True)
class SampleArrays:
    """What was answered for one metric, in the slots of the pods: shape [services, slots]."""

    known: Bools
    value: Ints
    """Milli-units; 0 where unknown."""
    taken_at: Floats
    window: Floats
    answered: Bools
    """Whether there was any row at all, also such as gave no sample; shape [services]."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """Masks of shape [services, slots]."""

    ready: Bools
    unready: Bools
    missing: Bools
    counted: Bools
    """Samples that are left: of ready pods, and strays."""


def group(
    pods: PodArrays, samples: SampleArrays, now: Floats, parameters: HpaParameters, *, is_cpu: bool
) -> Grouped:
    """Sort the pods for one metric; `now` has shape [services]."""
    ignored = pods.exists & (pods.deleting | (pods.phase == _FAILED))
    pending = pods.exists & ~ignored & (pods.phase == _PENDING)
    living = pods.exists & ~ignored & ~pending
    sampled = living & samples.known
    usable = _is_usable_cpu(pods, samples, now[:, np.newaxis], parameters) if is_cpu else np.True_
    unready = pending | (sampled & ~usable)
    return Grouped(
        ready=sampled & usable,
        unready=unready,
        missing=living & ~samples.known,
        counted=samples.known & ~ignored & ~unready,
    )


def _is_usable_cpu(pods: PodArrays, samples: SampleArrays, now: Floats, parameters: HpaParameters) -> Bools:
    unready = pods.readiness == _FALSE
    told = (pods.readiness != _NO_CONDITION) & ~np.isnan(pods.started_at)
    initializing = now - pods.started_at < parameters.cpu_initialization_period
    settled = samples.taken_at >= pods.readiness_changed_at + samples.window
    never_ready = pods.readiness_changed_at - pods.started_at < parameters.initial_readiness_delay
    return np.asarray(told & np.where(initializing, ~unready & settled, ~(unready & never_ready)))

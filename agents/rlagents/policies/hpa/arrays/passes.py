"""One pass of many HPAs, and what follows from writing its sizes; see `hpa.passes` and `hpa.outcomes`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rlagents.policies.hpa.arrays.counts import Bools, Codes, Floats, Ints
from rlagents.policies.hpa.arrays.logs import LogArrays, begun
from rlagents.policies.hpa.arrays.normalizing import (
    BehaviorArrays,
    code,
    normalize,
    retention,
)
from rlagents.policies.hpa.arrays.pods import PodArrays
from rlagents.policies.hpa.arrays.proposals import MetricArrays, Proposed, Situation
from rlagents.policies.hpa.counts import LARGEST_COUNT
from rlagents.policies.hpa.parameters import HpaParameters
from rlagents.policies.hpa.passes import Selector
from rlagents.structs.reasons import Reason

SELECTORS = tuple(Selector)
"""What the codes of `ScaleArrays.selector` stand for."""

_INVALID, _AMBIGUOUS = SELECTORS.index(Selector.INVALID), SELECTORS.index(Selector.AMBIGUOUS)


@dataclass(frozen=True, slots=True)
class SpecArrays:
    """The HPAs of a batch; arrays of shape [services]."""

    low: Ints
    high: Ints
    tolerance_up: Floats
    tolerance_down: Floats
    behavior: BehaviorArrays | None
    """Of all services, or of none."""
    can_wake: bool
    """Whether some metric can be read while there are no pods."""
    failure_reasons: tuple[Reason, ...]
    """What `ScalingActive` says where a metric fails, in the metrics' order."""


@dataclass(frozen=True, slots=True)
class ScaleArrays:
    """The scale subresources; arrays of shape [services]."""

    current: Ints
    observed: Ints
    selector: Codes


@dataclass(frozen=True, slots=True)
class PassArrays:
    """What a pass came to; arrays of shape [services]."""

    current: Ints
    desired: Ints
    """The present size where there is none."""
    has_desired: Bools
    proposal: Ints
    """Means nothing where there is none."""
    has_proposal: Bools
    metrics: tuple[Proposed, ...]
    """In the spec's order; they mean nothing where the metrics were not read."""
    was_measured: Bools
    """Whether the metrics were read."""
    active: Codes
    """Reason of `ScalingActive`; 0 where the pass says nothing of it."""
    able: Codes
    limited: Codes
    is_limited: Bools
    logs: LogArrays

    @property
    def may_write(self) -> Bools:
        """Whether there is a size to write."""
        return np.asarray(self.has_desired & (self.desired != self.current))


def reconcile(
    spec: SpecArrays,
    metrics: Sequence[MetricArrays],
    parameters: HpaParameters,
    scale: ScaleArrays,
    pods: PodArrays,
    logs: LogArrays,
    now: Floats,
) -> PassArrays:
    """One pass of every service, whose logs come back with what it noted. Nothing given is changed."""
    current = scale.current
    logs = begun(logs, current, now)
    asleep = current == 0
    awake = (logs.scaled_to_zero & ((spec.low > 0) | spec.can_wake)) & parameters.scale_to_zero
    off = asleep & ~awake
    above = ~asleep & (current > spec.high)
    below = ~asleep & ~above & (current < spec.low)
    measured = ~off & ~above & ~below
    selectable = measured & (scale.selector != _INVALID) & (scale.selector != _AMBIGUOUS)
    situation = Situation(
        pods, current, scale.observed, 1.0 - spec.tolerance_down, 1.0 + spec.tolerance_up, parameters, now
    )
    proposed = tuple(metric.propose(situation) for metric in metrics)
    proposal, valid = _combined(proposed, current)
    valid &= selectable
    proposal = np.maximum(0, proposal)
    normalized = normalize(proposal, current, (spec.low, spec.high), spec.behavior, parameters, logs, now)
    sized = np.where(asleep, np.maximum(normalized.replicas, spec.low), normalized.replicas)
    kept = retention(spec.behavior, parameters, len(current))
    return PassArrays(
        current=current,
        desired=np.select([off, above, below, valid], [0 * current, spec.high, spec.low, sized], current),
        has_desired=off | above | below | valid,
        proposal=proposal,
        has_proposal=valid,
        metrics=proposed,
        was_measured=selectable,
        active=_active(spec, scale, proposed, off, measured, valid),
        able=np.where(valid, normalized.able, code(Reason.SUCCEEDED_GET_SCALE)),
        limited=np.where(valid, normalized.limited, np.int16(0)),
        is_limited=valid & normalized.is_limited,
        logs=_noted(logs, proposal, now, kept, off, valid, parameters),
    )


def written(
    result: PassArrays, spec: SpecArrays, parameters: HpaParameters, now: Floats, where: Bools
) -> LogArrays:
    """The logs after the sizes of the services in the mask were written: events are stored, marks set.

    Where the pass came to no size, nothing was written, whatever the mask says.
    """
    where = where & result.has_desired
    logs, change = result.logs, result.desired - result.current
    ups, downs = logs.scale_ups, logs.scale_downs
    if spec.behavior is not None:
        up, down = spec.behavior.up.longest_period, spec.behavior.down.longest_period
        ups = ups.noted(np.abs(change), now, up, where & (change > 0))
        downs = downs.noted(np.abs(change), now, down, where & (change < 0))
    to_zero = (result.desired == 0) & (spec.low == 0) & spec.can_wake & parameters.scale_to_zero
    marks = np.where(where, to_zero, logs.scaled_to_zero)
    return replace(logs, scale_ups=ups, scale_downs=downs, scaled_to_zero=marks)


def _combined(proposed: Sequence[Proposed], current: Ints) -> tuple[Ints, Bools]:
    """The largest proposal, and whether it stands: not where all failed, or some did and it would shrink."""
    sizes, failed = np.full_like(current, -LARGEST_COUNT - 1), np.zeros_like(current)
    for one in proposed:
        sizes = np.maximum(sizes, np.where(one.failed, sizes, one.replicas))
        failed = failed + one.failed
    stands = (failed < len(proposed)) & ~((failed > 0) & (sizes < current))
    return sizes, stands


def _active(
    spec: SpecArrays,
    scale: ScaleArrays,
    proposed: Sequence[Proposed],
    off: Bools,
    measured: Bools,
    valid: Bools,
) -> Codes:
    invalid, ambiguous = scale.selector == _INVALID, scale.selector == _AMBIGUOUS
    conditions = [off, ~measured, invalid, ambiguous, valid, *(one.failed for one in proposed)]
    reasons = [
        code(Reason.SCALING_DISABLED),
        np.int16(0),
        code(Reason.INVALID_SELECTOR),
        code(Reason.AMBIGUOUS_SELECTOR),
        code(Reason.VALID_METRIC_FOUND),
        *(code(reason) for reason in spec.failure_reasons),
    ]
    # What is left is an HPA without any metric.
    return np.select(conditions, reasons, code(Reason.INVALID_METRIC_SOURCE_TYPE))


def _noted(
    logs: LogArrays,
    proposal: Ints,
    now: Floats,
    kept: Floats,
    off: Bools,
    valid: Bools,
    parameters: HpaParameters,
) -> LogArrays:
    """With the raw proposals; an HPA that is off loses its mark where the gate is off."""
    marks = logs.scaled_to_zero if parameters.scale_to_zero else logs.scaled_to_zero & ~off
    noted = logs.recommendations.noted(proposal, now, kept, valid)
    return replace(logs, recommendations=noted, scaled_to_zero=marks)

"""The pure pass, fed with what the cluster's controller saw, pass by pass. Pure.

The pods and the HPA came from the controller's caches, which follow the API server within milliseconds, as
does our own watch. Where something changed just then, the controller may have seen the state before or after:
every combination that was current within `REACH` of the pass is tried, the likeliest first, and it is told
when another than that was needed. The logs that a pass leaves go into the next one, so a replay depends on
nothing that the controller computed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, TypeVar

from rlagents.policies import hpa
from rlagents.structs.pods import Pod, PodSample
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.conformance.evidence import Evidence, HpaSeen, PodSeen
from rlautoscaler.conformance.journals import Pass
from rlautoscaler.conformance.scenarios import Side
from rlautoscaler.observing.figures import usages, values
from rlautoscaler.sandbox.adaptations import CUSTOM_METRICS, EXTERNAL_METRICS, RESOURCE_METRICS
from rlautoscaler.sandbox.adapters import Answer

REACH: Final = 0.25
"""Seconds by which two watches of one object may differ on a busy machine."""

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Replayed:
    """One pass beside the controller's."""

    original: Pass
    desired: int | None
    """What the pure pass came to; None where it left the size."""
    proposal: int | None
    agrees: bool
    """Same size in the end, and the same proposal where the controller told one."""
    is_nearby: bool = False
    """Whether a state just before or after the likeliest was needed."""

    @property
    def is_rescale(self) -> bool:
        """Whether either of the two changed the size."""
        current = self.original.read.replicas
        return self.original.wrote is not None or self.desired not in (None, current)


@dataclass(frozen=True, slots=True)
class Seen:
    """The likeliest inputs, or some nearby."""

    spec: hpa.HpaSpec
    conditions: tuple[hpa.Condition, ...]
    pods: tuple[Pod, ...]


def replayed(
    passes: Sequence[Pass],
    evidence: Evidence,
    parameters: hpa.HpaParameters,
    *,
    logs_kept: bool = False,
) -> tuple[Replayed, ...]:
    """Every pass over one target, in order.

    passes: the controller's; or ours, whose logs are kept over a restart as the operator keeps them
    (`logs_kept`), while the controller's begin anew.
    """
    if not passes:
        return ()
    name = passes[0].name
    twin_hpa = f"{name.rpartition('-')[0]}-{Side.THEIRS}"  # ours has the same rules under another kind
    pods = _pod_states([one for one in evidence.pods if one.service == name])
    hpas = [(one.at, one) for one in evidence.hpas if one.name == twin_hpa]
    logs: hpa.HpaLogs | None = None
    found = []
    before = 0.0
    for one in passes:
        candidates = list(_candidates(one, pods, hpas))
        if any(before < restart <= one.read.at for restart in evidence.restarts):
            logs = _resumed(one, candidates, parameters, logs) if logs_kept else None
        before = one.read.at
        verdict, logs = _best(one, candidates, parameters, logs)
        found.append(verdict)
    return tuple(found)


def _best(
    one: Pass, candidates: Sequence[Seen], parameters: hpa.HpaParameters, logs: hpa.HpaLogs | None
) -> tuple[Replayed, hpa.HpaLogs | None]:
    """The first candidate that agrees, else the likeliest."""
    tried = []
    for place, seen in enumerate(candidates):
        result = reconciled(one, seen, parameters, logs)
        agrees = _agrees(one, result)
        tried.append((Replayed(one, result.desired, result.proposal, agrees, place > 0), seen, result))
        if agrees:
            break
    if not tried:
        return Replayed(one, None, None, agrees=False), logs
    verdict, seen, result = tried[-1] if tried[-1][0].agrees else tried[0]
    wrote_at = one.now if one.wrote is None else one.wrote.at
    if one.wrote is not None:
        # What the controller remembers is what it wrote.
        result = replace(result, desired=one.wrote.replicas)
    if result.may_write:
        result = hpa.written(result, seen.spec, parameters, wrote_at)
    return verdict, result.logs


def _resumed(
    one: Pass, candidates: Sequence[Seen], parameters: hpa.HpaParameters, logs: hpa.HpaLogs | None
) -> hpa.HpaLogs | None:
    if logs is None or not candidates:
        return None
    return hpa.resumed(logs, candidates[0].spec, parameters, one.read.replicas, one.now)


def reconciled(
    one: Pass, seen: Seen, parameters: hpa.HpaParameters, logs: hpa.HpaLogs | None
) -> hpa.HpaResult:
    """The pure pass on what a pass of the controller saw."""
    names = [pod.name for pod in seen.pods]
    return hpa.reconcile(
        seen.spec,
        parameters,
        hpa.ScaleObservation(one.read.replicas, one.read.observed),
        seen.pods,
        _samples(one.answers, names),
        logs,
        one.now,
        _readings(one.answers, seen.spec, names),
        seen.conditions,
    )


def _agrees(one: Pass, result: hpa.HpaResult) -> bool:
    desired = one.read.replicas if result.desired is None else result.desired
    proposal = None if one.proposed is None else one.proposed.replicas
    return (desired, result.proposal) == (one.decided, proposal)


def _candidates(
    one: Pass, pods: Sequence[tuple[float, tuple[Pod, ...]]], hpas: Sequence[tuple[float, HpaSeen]]
) -> Iterator[Seen]:
    """The HPA is taken when the pass begins, the pods when the metrics are there."""
    for seen, present in product(_near(hpas, one.read.at), _near(pods, one.now)):
        yield Seen(_spec(seen.manifest), _conditions(seen.manifest), present)


def _near(states: Sequence[tuple[float, State]], at: float) -> list[State]:
    """The state at a moment, then those within reach, the nearest first."""
    times = [time for time, _ in states]
    current = bisect_right(times, at) - 1
    near = [
        place
        for place, (time, _) in enumerate(states)
        if place != current
        and ((time <= at + REACH and place > current) or (place < current and times[place + 1] >= at - REACH))
    ]
    near.sort(key=lambda place: abs(place - current))
    places = [current, *near] if current >= 0 else near
    return [states[place][1] for place in places]


def _pod_states(seen: Sequence[PodSeen]) -> list[tuple[float, tuple[Pod, ...]]]:
    """All pods of a service from each moment on at which one of them changed."""
    present: dict[str, Pod] = {}
    states: list[tuple[float, tuple[Pod, ...]]] = [(0.0, ())]
    for one in seen:
        if one.pod is None:
            present.pop(one.name, None)
        else:
            present[one.name] = one.pod
        states.append((one.at, tuple(present.values())))
    return states


def _spec(manifest: Manifest) -> hpa.HpaSpec:
    spec = manifest["spec"]
    return hpa.parse(
        spec.get("metrics"),
        spec.get("behavior"),
        spec.get("minReplicas"),
        spec["maxReplicas"],
        scale_to_zero=True,
    )


def _conditions(manifest: Manifest) -> tuple[hpa.Condition, ...]:
    """The one that steers."""
    told = (manifest.get("status") or {}).get("conditions") or ()
    is_marked = any(one["type"] == hpa.SCALED_TO_ZERO.type and one["status"] == "True" for one in told)
    return (hpa.SCALED_TO_ZERO,) if is_marked else ()


def _samples(answers: Sequence[Answer], pods: Sequence[str]) -> tuple[PodSample, ...] | None:
    """Of the last answer, where several metrics are of resources: nothing changes between them."""
    told = [one for one in answers if one.question.group == RESOURCE_METRICS.group]
    return usages.samples(usages.by_pod(told[-1].items), pods) if told else None


def _readings(answers: Sequence[Answer], spec: hpa.HpaSpec, pods: Sequence[str]) -> hpa.Readings:
    figures: dict[hpa.MetricSpec, tuple[hpa.PodFigure, ...]] = {}
    objects: dict[hpa.MetricSpec, int] = {}
    external: dict[hpa.MetricSpec, tuple[int, ...]] = {}
    for metric, answer in product(spec.metrics, answers):
        if answer.question.metric != metric.name or not answer.items:
            continue
        if metric.kind == hpa.MetricKind.PODS and answer.question.group == CUSTOM_METRICS.group:
            figures[metric] = values.of_pods(answer.items, pods)
        elif metric.kind == hpa.MetricKind.OBJECT and answer.question.group == CUSTOM_METRICS.group:
            objects[metric] = values.of_object(answer.items)
        elif metric.kind == hpa.MetricKind.EXTERNAL and answer.question.group == EXTERNAL_METRICS.group:
            external[metric] = values.of_series(answer.items)
    return hpa.Readings(figures, objects, external)

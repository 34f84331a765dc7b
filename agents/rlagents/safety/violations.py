"""Whether a tick missed what the user asked for."""

from __future__ import annotations

from collections.abc import Sequence

from rlagents.safety import evidence
from rlagents.structs.objectives import Objective
from rlagents.structs.signals import SignalName
from rlagents.structs.states import Observation, WorkloadState

FEWEST_REQUESTS = 20.0
"""A percentile or a share over fewer requests than these says nothing."""
WIDENED = 300.0
"""Seconds to look back where the rate window holds too few requests."""
OUT_OF_MEMORY = "OOMKilled"

_OVERLAP = 0.05
"""Share of a rate window that two may have in common and still count as two: ticks are not exact."""
_USUAL_WINDOW = 60.0


def missed(state: WorkloadState) -> bool | None:
    """Whether an objective was missed over the rate window; None where nothing can be judged.

    Latency and errors count on at least `FEWEST_REQUESTS` requests, if need be those of the rate windows of
    the last five minutes. Saturation needs none, so a service with CPU alone can be judged.
    """
    verdicts = [*_of_requests(state), *_of_saturation(state)]
    return any(verdicts) if verdicts else None


def _of_requests(state: WorkloadState) -> list[bool]:
    present = state.observation()
    if present.requests is None:
        return []
    windows = [present] if present.requests >= FEWEST_REQUESTS else _widened(present, state.history)
    verdicts = _too_slow(windows, state.objective), _too_many_errors(windows, state.objective)
    return [verdict for verdict in verdicts if verdict is not None]


def _widened(present: Observation, history: Sequence[Observation]) -> list[Observation]:
    """The rate windows of the last five minutes, newest first, so chosen that none shares requests."""
    windows = [present]
    for one in reversed(history):
        is_recent = _begins(one) >= present.at - WIDENED
        if one.requests is not None and is_recent and one.at <= _begins(windows[-1]):
            windows.append(one)
    return windows


def _begins(window: Observation) -> float:
    return window.at - window.window * (1 - _OVERLAP)


def _too_slow(windows: Sequence[Observation], objective: Objective) -> bool | None:
    """Quantiles have no mean, but what they say of slow requests adds up.

    A window that missed its target held at least one slow request, and more than the allowed share of them:
    it is counted with twice that share. So among windows with few requests (under 100 in all, at p99) one
    slow request is a miss, as it is in the quantile of so few; among busy ones most requests decide.
    """
    target, allowed = objective.latency_target, 1 - objective.latency_quantile
    if target is None:
        return None
    judged = [
        (one.requests, latency > target)
        for one in windows
        if one.requests and (latency := _latency(one, objective))
    ]
    total = sum(requests for requests, _ in judged)
    slow = sum(max(1.0, 2 * allowed * requests) for requests, is_slow in judged if is_slow)
    return slow >= allowed * total if total >= FEWEST_REQUESTS else None


def _latency(window: Observation, objective: Objective) -> float | None:
    """None or 0 where there is none."""
    is_median = objective.latency_signal is SignalName.LATENCY_P50
    return window.latency_p50 if is_median else window.latency_p99


def _too_many_errors(windows: Sequence[Observation], objective: Objective) -> bool | None:
    """Shares weighted by their requests are the share of them all."""
    if objective.error_rate is None:
        return None
    judged = [
        (one.requests, one.error_rate) for one in windows if one.requests and one.error_rate is not None
    ]
    total = sum(requests for requests, _ in judged)
    failed = sum(requests * share for requests, share in judged)
    return failed > objective.error_rate * total if total >= FEWEST_REQUESTS else None


def _of_saturation(state: WorkloadState) -> list[bool]:
    objective = state.objective
    pairs = (
        (evidence.utilization(state), objective.cpu_saturation),
        (state.snapshot.value(SignalName.THROTTLED), objective.throttled_saturation),
    )
    verdicts = [value > allowed for value, allowed in pairs if value is not None and allowed is not None]
    is_asked_for = any(allowed is not None for _, allowed in pairs)
    return [*verdicts, True] if is_asked_for and _was_killed(state) else verdicts


def _was_killed(state: WorkloadState) -> bool:
    """Whether a container was killed for lack of memory within the rate window."""
    window = state.snapshot[SignalName.CPU].window or _USUAL_WINDOW
    return any(
        pod.last_terminated_reason == OUT_OF_MEMORY
        and pod.last_terminated_at is not None
        and state.now - pod.last_terminated_at < window
        for pod in state.pods
    )

"""Whose proposal stands: the user's hand first, then another owner, then mode and safety."""

from __future__ import annotations

from dataclasses import replace

from rlagents.deciding.cases import Case, Mode
from rlagents.safety.guards import Guarded, guard
from rlagents.structs.decisions import Decision, Limitation, Proposal
from rlagents.structs.reasons import Reason, Source
from rlagents.structs.states import WorkloadState


def before_asking(state: WorkloadState, mode: Mode) -> Reason | None:
    """Why the learned policy need not be asked at all."""
    if mode is Mode.BASELINE:
        return Reason.BASELINE_MODE
    if state.current_replicas == 0:
        # A size of 0 set by hand means "off", as with the HPA.
        return Reason.SCALING_DISABLED
    return None


def before_acting(case: Case, guarded: Guarded, policy: Proposal, unmasked_replicas: int) -> Reason | None:
    """Why a learned proposal does not act although there is one.

    `unmasked_replicas` is the size that the policy would have liked best without any mask. Where only an
    unknown keeps it from shrinking, it neither shrinks nor acts: the baseline takes over.
    """
    state = case.state
    if case.overrides.force_baseline:
        return Reason.FORCED_BASELINE
    if case.mode is Mode.SHADOW:
        return Reason.SHADOW_MODE
    if state.health.rolling_out:
        return Reason.TARGET_ROLLING_OUT
    if state.health.crash_looping or state.health.never_ready:
        return Reason.PODS_UNHEALTHY
    wanted_less = min(unmasked_replicas, policy.replicas) < state.current_replicas
    if (
        wanted_less
        and guarded.replicas == state.current_replicas
        and _blocked_by_unknown(case, unmasked_replicas)
    ):
        return Reason.UNKNOWN_BLOCKS_SHRINKING
    return None


def arbitrate(
    case: Case,
    *,
    baseline: Proposal | None,
    baseline_desired: int,
    policy: Proposal | None,
    guarded: Guarded | None,
    held_back: Reason | None,
) -> Decision:
    """The decision.

    `baseline_desired` is the size the HPA would write: the present one where it has no valid metric.
    """
    state = case.state
    acts = policy is not None and guarded is not None and held_back is None
    if acts and policy is not None and guarded is not None:
        source, replicas, message = Source.POLICY, guarded.replicas, policy.message
        reason, limitations = Reason.POLICY_ACTS, guarded.limitations
    else:
        source, replicas = Source.BASELINE, baseline_desired
        reason = held_back or Reason.POLICY_NOT_READY
        message = (
            baseline.message
            if baseline is not None
            else "the baseline has no valid metric and keeps the size"
        )
        limitations = guarded.limitations if guarded is not None else ()
    chosen = Decision(
        key=state.key,
        at=state.now,
        replicas_from=state.current_replicas,
        replicas_to=replicas,
        source=source,
        reason=reason,
        message=message,
        baseline=baseline,
        policy=policy,
        policy_replicas=None if guarded is None else guarded.replicas,
        policy_reason=held_back,
        limitations=limitations,
    )
    return _overridden(case, chosen)


def _overridden(case: Case, chosen: Decision) -> Decision:
    """The user's pauses bind both deciders; another owner of the target keeps our hands off."""
    overrides, current = case.overrides, case.state.current_replicas
    if overrides.managed_by:
        message = f"{overrides.managed_by} owns the target"
        return _replace(chosen, current, Source.EXTERNAL, Reason.MANAGED_ELSEWHERE, message, writes=False)
    if overrides.paused_replicas is not None:
        message = f"pinned to {overrides.paused_replicas} by annotation"
        return _replace(chosen, overrides.paused_replicas, Source.MANUAL, Reason.PAUSED_REPLICAS, message)
    if overrides.paused:
        return _replace(chosen, current, Source.MANUAL, Reason.PAUSED, "paused by annotation", writes=False)
    if overrides.paused_scale_in and chosen.replicas_to < current:
        return _held(chosen, current, Reason.PAUSED_SCALE_IN)
    if overrides.paused_scale_out and chosen.replicas_to > current:
        return _held(chosen, current, Reason.PAUSED_SCALE_OUT)
    return chosen


def _replace(
    chosen: Decision, replicas: int, source: Source, reason: Reason, message: str, *, writes: bool = True
) -> Decision:
    return replace(chosen, replicas_to=replicas, source=source, reason=reason, message=message, writes=writes)


def _held(chosen: Decision, current: int, reason: Reason) -> Decision:
    limitation = Limitation(reason, chosen.replicas_to, current, "by annotation")
    return replace(chosen, replicas_to=current, limitations=(*chosen.limitations, limitation))


def _blocked_by_unknown(case: Case, unmasked_replicas: int) -> bool:
    guarded = guard(case.state, unmasked_replicas, baseline=None, settings=case.guards)
    return any(one.reason is Reason.UNKNOWN_BLOCKS_SHRINKING for one in guarded.limitations)

"""A batch of cases to a batch of decisions: baseline, policy where it is wanted, guards, arbitration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlagents.deciding import arbitrations, consultations
from rlagents.deciding.cases import Case, Decided
from rlagents.deciding.consultations import Consultation
from rlagents.policies import hpa
from rlagents.policies.learned import LearnedPolicy
from rlagents.safety import guards
from rlagents.structs.decisions import Proposal
from rlagents.structs.reasons import Reason, Source


def decide(
    cases: Sequence[Case],
    policy: LearnedPolicy | None,
    parameters: hpa.HpaParameters = hpa.PRODUCTION,
    generator: np.random.Generator | None = None,
) -> list[Decided]:
    """Decide about every case, in their order. Pure.

    policy: None where no model could be loaded; the baseline does the work.
    generator: draws the policy's actions; without one the most probable is taken.
    """
    answers = _ask(cases, policy, generator)
    return [_decided(case, answer, parameters) for case, answer in zip(cases, answers, strict=True)]


def _ask(
    cases: Sequence[Case], policy: LearnedPolicy | None, generator: np.random.Generator | None
) -> list[Consultation]:
    unasked = [arbitrations.before_asking(case.state, case.mode) for case in cases]
    if policy is None:
        missing = "no model could be loaded"
        return [Consultation(None, reason or Reason.POLICY_NOT_READY, missing, None) for reason in unasked]
    asked = [case for case, reason in zip(cases, unasked, strict=True) if reason is None]
    answers = iter(
        consultations.consult(
            policy, [case.state for case in asked], [case.guards for case in asked], generator
        )
    )
    return [next(answers) if reason is None else Consultation(None, reason, "", None) for reason in unasked]


def _decided(case: Case, answer: Consultation, parameters: hpa.HpaParameters) -> Decided:
    state = case.state
    result = _passed(case, parameters)
    baseline = _baseline_proposal(result)
    desired = state.current_replicas if result.desired is None else result.desired
    guarded, held_back = None, answer.refusal
    if answer.proposal is not None and answer.unmasked is not None:
        growth = None if baseline is None else baseline.replicas
        guarded = guards.guard(state, answer.proposal.replicas, baseline=growth, settings=case.guards)
        held_back = arbitrations.before_acting(case, guarded, answer.proposal, answer.unmasked)
    decision = arbitrations.arbitrate(
        case,
        baseline=baseline,
        baseline_desired=desired,
        policy=answer.proposal,
        guarded=guarded,
        held_back=held_back,
    )
    return Decided(decision, result, answer.mask, answer.message)


def _passed(case: Case, parameters: hpa.HpaParameters) -> hpa.HpaResult:
    """The HPA's pass, with nothing of ours in it."""
    state = case.state
    return hpa.reconcile(
        case.baseline,
        parameters,
        hpa.ScaleObservation(state.current_replicas, state.observed_replicas, case.selector),
        case.baseline_pods,
        state.samples,
        case.logs,
        state.now,
        case.readings,
        case.conditions,
    )


def _baseline_proposal(result: hpa.HpaResult) -> Proposal | None:
    """What the HPA would write; None where its metrics gave nothing."""
    if result.desired is None:
        return None
    message = result.message or "the metrics ask for no other size"
    if result.proposal is None and result.current is not None and result.desired != result.current:
        # Sizes outside the bounds are corrected without a look at the metrics.
        excess = result.desired < result.current
        reason = Reason.TOO_MANY_REPLICAS if excess else Reason.TOO_FEW_REPLICAS
        return Proposal(Source.BASELINE, result.desired, reason, message)
    return Proposal(Source.BASELINE, result.desired, _remarkable(result), message)


def _remarkable(result: hpa.HpaResult) -> Reason:
    for kind in (hpa.ConditionType.SCALING_LIMITED, hpa.ConditionType.ABLE_TO_SCALE):
        told = next((one for one in result.conditions if one.type is kind), None)
        if told is not None and told.reason not in _UNREMARKABLE:
            return told.reason
    return Reason.DESIRED_WITHIN_RANGE


_UNREMARKABLE = (Reason.DESIRED_WITHIN_RANGE, Reason.READY_FOR_NEW_SCALE, Reason.SUCCEEDED_GET_SCALE)

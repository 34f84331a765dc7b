"""The parts of the status that stand beside the decision: rollout, model, recommendation, baseline logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlagents.deciding.cases import Decided, Mode
from rlagents.policies import hpa
from rlagents.policies.hpa.logs import retention
from rlagents.policies.learned import LearnedPolicy
from rlautoscaler.acting.ticks import Sections
from rlautoscaler.reconciling import recommendations
from rlautoscaler.reconciling.explanations import explanation
from rlautoscaler.reconciling.subjects import Subject
from rlautoscaler.remembering.memories import Memory
from rlautoscaler.resources import logs
from rlautoscaler.resources.statuses import ModelStatus, RolloutStatus, Stage

_STAGES = {Mode.BASELINE: Stage.BASELINE, Mode.SHADOW: Stage.SHADOW, Mode.AUTO: Stage.FULL}


def sections(
    old: Mapping[str, Any],
    subject: Subject,
    mode: Mode,
    decided: Decided,
    memory: Memory,
    policy: LearnedPolicy | None,
    parameters: hpa.HpaParameters,
    baseline: hpa.HpaSpec,
    *,
    now: float,
) -> Sections:
    """All that the tick knows besides the decision itself. `old`: the status before it."""
    kept = retention(baseline, parameters)
    return Sections(
        rollout=_rollout(old, mode, decided, now),
        model=_model(decided, memory, policy),
        vertical=recommendations.vertical(subject, decided.decision, now=now),
        baseline=logs.to_status(
            memory.logs, now=now, kept=kept, scaled_to_zero=hpa.is_scaled_to_zero(memory.conditions)
        ),
        explanation=explanation(decided.baseline),
    )


def _rollout(old: Mapping[str, Any], mode: Mode, decided: Decided, now: float) -> RolloutStatus:
    stage, before = _STAGES[mode], old.get("rollout")
    known = None if before is None else RolloutStatus.model_validate(before)
    since = known.since if known is not None and known.stage is stage else None
    blocked = decided.decision.policy_reason if mode is Mode.AUTO else None
    return RolloutStatus(
        stage=stage,
        ratio=1.0 if mode is Mode.AUTO else 0.0,
        since=float(int(now)) if since is None else since,
        blockedBy=None if blocked is None else blocked.value,
    )


def _model(decided: Decided, memory: Memory, policy: LearnedPolicy | None) -> ModelStatus | None:
    if policy is None:
        return None
    card = policy.card
    return ModelStatus(
        name=card.name,
        version=card.schema,
        digest=card.sha256,
        ready=decided.decision.policy is not None,
        samples=memory.asked,
    )

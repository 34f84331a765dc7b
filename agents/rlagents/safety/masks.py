"""Which actions the learned policy may take: applied inside the distribution, so that sampling,
log-probability and learning agree (Huang & Ontañón, "A Closer Look at Invalid Action Masking", 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlagents.safety import guards
from rlagents.structs.decisions import Action
from rlagents.structs.reasons import Reason
from rlagents.structs.states import WorkloadState


@dataclass(frozen=True, slots=True)
class SafetyMask:
    """Allowed actions of one workload, and for each barred one the reason."""

    reasons: tuple[Reason | None, ...]
    """One entry per action: None where it is allowed."""

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """Shape [actions]."""
        return np.array([reason is None for reason in self.reasons], dtype=np.bool_)


def mask(
    state: WorkloadState, actions: Sequence[Action], *, settings: guards.GuardSettings = guards.DEFAULTS
) -> SafetyMask:
    """Bar every action that a guard would change. Doing nothing is always allowed."""
    return SafetyMask(tuple(_barred(state, action, settings) for action in actions))


def stack(masks: Sequence[SafetyMask]) -> NDArray[np.bool_]:
    """Masks of a batch, shape [batch, actions]."""
    return np.stack([one.allowed for one in masks])


def _barred(state: WorkloadState, action: Action, settings: guards.GuardSettings) -> Reason | None:
    if action.is_limit_action:
        return Reason.RECOMMEND_ONLY
    if action.replicas == 0:
        return None
    wanted = state.current_replicas + action.replicas
    guarded = guards.guard(state, wanted, baseline=None, settings=settings)
    return None if guarded.replicas == wanted else guarded.limitations[0].reason

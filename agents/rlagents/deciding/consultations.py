"""Asking the learned policy about a batch: encode, refuse what it cannot know, mask, propose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rlagents.encoding import actions, classical
from rlagents.encoding.schemas import EncodedState
from rlagents.policies.distributions import MaskedCategorical
from rlagents.policies.learned import LearnedPolicy
from rlagents.safety import masks
from rlagents.safety.guards import GuardSettings
from rlagents.safety.masks import SafetyMask
from rlagents.structs.decisions import Action, Proposal
from rlagents.structs.reasons import Reason, Source
from rlagents.structs.signals import SignalName
from rlagents.structs.states import WorkloadState

SPACE = actions.CLASSICAL


@dataclass(frozen=True, slots=True)
class Consultation:
    """What the policy said about one workload."""

    proposal: Proposal | None
    """None where it must not be asked."""
    refusal: Reason | None
    """Why it must not be asked."""
    message: str
    """The refusal as a sentence; empty with a proposal."""
    mask: SafetyMask | None
    unmasked: int | None = None
    """The size it would have liked best with no mask but that on limits."""


def consult(
    policy: LearnedPolicy,
    states: Sequence[WorkloadState],
    settings: Sequence[GuardSettings],
    generator: np.random.Generator | None,
) -> list[Consultation]:
    """Ask about each state, in one forward pass.

    With a generator actions are drawn; without one the most probable is taken, so that the same state always
    leads to the same proposal.
    """
    if not states:
        return []
    encoded = classical.encode_states(states)
    refusals = _refusals(policy, encoded, states)
    safety = [
        masks.mask(state, SPACE.actions, settings=one) for state, one in zip(states, settings, strict=True)
    ]
    features = policy.features(encoded)
    distribution = policy.distribution(features, masks.stack(safety))
    chosen = distribution.mode() if generator is None else distribution.sample(generator)
    drawn = _Drawn(
        chosen,
        distribution.log_probability(chosen),
        distribution.probabilities(),
        policy.value(features),
        _favourites(distribution, only_replicas=False),
        _favourites(distribution, only_replicas=True),
    )
    return [
        _refused(*refusal) if refusal is not None else _proposed(state, mask, drawn, row)
        for row, (state, mask, refusal) in enumerate(zip(states, safety, refusals, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The network's answers to a batch, one row each."""

    chosen: NDArray[np.int64]
    log_probabilities: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    values: NDArray[np.float32]
    favourites: NDArray[np.int64]
    """Most probable actions without any mask: what is recommended."""
    replica_favourites: NDArray[np.int64]
    """Most probable among the actions on replicas, barred or not."""


def _favourites(distribution: MaskedCategorical, *, only_replicas: bool) -> NDArray[np.int64]:
    allowed = np.array([not (only_replicas and action.is_limit_action) for action in SPACE.actions])
    return np.asarray(np.argmax(np.where(allowed, distribution.logits, -np.inf), axis=-1), dtype=np.int64)


def _refusals(
    policy: LearnedPolicy, encoded: EncodedState, states: Sequence[WorkloadState]
) -> list[tuple[Reason, str] | None]:
    ranges, absent = policy.in_distribution(encoded), policy.missing(encoded)
    refusals: list[tuple[Reason, str] | None] = []
    for missing, inside, message, state in zip(absent, ranges.inside, ranges.messages, states, strict=True):
        if missing:
            refusals.append((Reason.SIGNALS_MISSING, _absence(missing, state)))
        elif not inside:
            refusals.append((Reason.OUT_OF_DISTRIBUTION, message))
        else:
            refusals.append(None)
    return refusals


def _absence(missing: Sequence[str], state: WorkloadState) -> str:
    """CPU is read as a share: it may be measured with nothing to divide it by, which the user can add."""
    said = f"no value of {', '.join(missing)}"
    has_no_whole = state.cpu_limit is None and any(pod.is_living for pod in state.pods)
    if has_no_whole and state.snapshot[SignalName.CPU].is_known:
        return f"{said}: give every container a CPU request"
    return said


def _refused(reason: Reason, message: str) -> Consultation:
    return Consultation(None, reason, message, None)


def _proposed(state: WorkloadState, mask: SafetyMask, drawn: _Drawn, row: int) -> Consultation:
    index = int(drawn.chosen[row])
    action, favourite = SPACE.actions[index], SPACE.actions[int(drawn.favourites[row])]
    unmasked = SPACE.actions[int(drawn.replica_favourites[row])]
    proposal = Proposal(
        source=Source.POLICY,
        replicas=state.current_replicas + action.replicas,
        reason=Reason.POLICY_ACTS,
        message=_sentence(action, float(drawn.probabilities[row, index]), unmasked, mask),
        action=action,
        action_index=index,
        log_probability=float(drawn.log_probabilities[row]),
        value=float(drawn.values[row]),
        probabilities=tuple(float(probability) for probability in drawn.probabilities[row]),
        preference=favourite if favourite.is_limit_action else None,
    )
    return Consultation(proposal, None, "", mask, state.current_replicas + unmasked.replicas)


def _sentence(action: Action, probability: float, unmasked: Action, mask: SafetyMask) -> str:
    said = f"the policy chose {action.name} with probability {probability:.2f}"
    barred = mask.reasons[SPACE.actions.index(unmasked)]
    return said if barred is None else f"{said}; {unmasked.name} is barred: {barred}"

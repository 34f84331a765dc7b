"""Acting for a while and writing down what is needed to learn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from rlagents.encoding.schemas import EncodedState
from rlagents.learning.networks import ActorCritic
from rlagents.learning.statistics import ObservationStatistics, ReturnScale
from rlagents.policies.distributions import MaskedCategorical

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Seen(Protocol):
    """What an environment shows: N encoded states and a mask [N, actions]."""

    @property
    def encoded(self) -> EncodedState:
        """Features of N states."""

    @property
    def mask(self) -> BoolArray:
        """True where an action is allowed."""


class Transition(Protocol):
    """What one step came to, arrays [N]."""

    @property
    def seen(self) -> Seen:
        """After the step; of a new episode where the old one was cut."""

    @property
    def reward(self) -> FloatArray:
        """What is maximised."""

    @property
    def resources(self) -> FloatArray:
        """What was paid; only reported."""

    @property
    def violation(self) -> FloatArray:
        """Whether the objective was missed; only reported."""

    @property
    def truncated(self) -> BoolArray:
        """Where an episode was cut. There is no other end."""

    @property
    def last_seen(self) -> EncodedState:
        """After the step and before any new episode."""


class Environment(Protocol):
    """N environments that are stepped together and restart by themselves."""

    def reset(self) -> Seen:
        """Start all N anew."""

    def step(self, chosen: NDArray[np.int64]) -> Transition:
        """Take one action each."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """T ticks of N environments, arrays [T, N, …]."""

    features: NDArray[np.float32]
    """Normalised, as the network saw them."""
    masks: BoolArray
    """As they were applied when acting; the update applies them again."""
    actions: NDArray[np.int64]
    log_probabilities: NDArray[np.float32]
    values: NDArray[np.float32]
    next_values: NDArray[np.float32]
    """Of the state after each step, before any replacement."""
    rewards: NDArray[np.float32]
    """Scaled."""
    truncated: BoolArray
    resources: float
    """Mean, as `violation`: for the log."""
    violation: float
    encoded: EncodedState
    """Raw features of all T*N states."""


def collect(
    environment: Environment,
    seen: Seen,
    *,
    ticks: int,
    network: ActorCritic,
    statistics: ObservationStatistics,
    scale: ReturnScale,
    generator: np.random.Generator,
) -> tuple[Rollout, Seen]:
    """Act for some ticks with the policy as it is; returns what was seen last, to go on from."""
    states: list[Seen] = []
    taken: list[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]] = []
    transitions: list[Transition] = []
    rewards: list[FloatArray] = []
    for _ in range(ticks):
        features = statistics.normalised(seen.encoded)
        logits, values = _evaluated(network, features)
        distribution = MaskedCategorical(logits, seen.mask)
        actions = distribution.sample(generator)
        transition = environment.step(actions)
        states.append(seen)
        taken.append((actions, distribution.log_probability(actions), values))
        transitions.append(transition)
        rewards.append(scale.scaled(transition.reward, transition.truncated))
        seen = transition.seen
    encoded = _joined([state.encoded for state in states])
    after = statistics.normalised(_joined([transition.last_seen for transition in transitions]))
    shape = (ticks, len(rewards[0]))
    rollout = Rollout(
        features=statistics.normalised(encoded).reshape(*shape, -1),
        masks=np.stack([state.mask for state in states]),
        actions=np.stack([actions for actions, _, _ in taken]),
        log_probabilities=np.stack([logarithm for _, logarithm, _ in taken]),
        values=np.stack([value for _, _, value in taken]),
        next_values=_evaluated(network, after)[1].reshape(shape),
        rewards=np.stack(rewards).astype(np.float32),
        truncated=np.stack([transition.truncated for transition in transitions]),
        resources=float(np.mean([transition.resources.mean() for transition in transitions])),
        violation=float(np.mean([transition.violation.mean() for transition in transitions])),
        encoded=encoded,
    )
    return rollout, seen


@torch.no_grad()
def _evaluated(
    network: ActorCritic, features: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    inputs = torch.from_numpy(features)
    return network.logits(inputs).numpy(), network.value(inputs).numpy()


def _joined(states: list[EncodedState]) -> EncodedState:
    return EncodedState(
        np.concatenate([state.features for state in states]),
        np.concatenate([state.known for state in states]),
        states[0].schema,
    )

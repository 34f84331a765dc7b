"""N single services at once, one decision interval a step: the policy's side of a `World`.

Features come through the production's encoder, actions through the production's mask, one a step and limits
untouched. A service never ends, so every end of an episode is a truncation and must be bootstrapped. Reward,
resources and violations travel separately.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rlagents.encoding import actions, classical
from rlagents.encoding.schemas import EncodedState
from rlagents.simulation import admissions, populations, rewards, rows, worlds

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """How the episodes are."""

    count: int = 128
    """Services at once; more make a gradient steadier and an update rarer."""
    episode_ticks: int = 240
    """Until a service is replaced by another; longer shows more of each, shorter shows more of them."""
    population: populations.PopulationSettings = field(default_factory=populations.PopulationSettings)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a policy may look at."""

    encoded: EncodedState
    mask: BoolArray
    """Shape [N, actions]."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What one step came to, arrays [N]."""

    seen: Seen
    """After the step; of a new service where the episode was cut."""
    reward: FloatArray
    resources: FloatArray
    """Pods asked for, in units of what the service needs on average."""
    violation: FloatArray
    """1 where the objective was missed: the cost of a constrained problem."""
    truncated: BoolArray
    last_seen: EncodedState
    """After the step and before any replacement: what to bootstrap from where `truncated`."""
    figures: rewards.TickFigures


class ServiceEnvironment:
    """N services, each replaced by a new one of the same population when its episode is cut.

    All randomness comes from `generator`; two environments with equal settings and generators are equal.
    """

    def __init__(
        self,
        settings: EnvironmentSettings,
        reward: rewards.Reward,
        generator: np.random.Generator,
        *,
        space: actions.ActionSpace = actions.CLASSICAL,
    ) -> None:
        self.settings = settings
        self._reward = reward
        self._generator = generator
        self._deltas = np.array([action.replicas for action in space.actions], dtype=np.float64)
        self._limit_actions = np.array([action.is_limit_action for action in space.actions])
        self.reset()

    def reset(self) -> Seen:
        """Draw all services anew, at random points of their episodes so that they are not cut together."""
        count, ticks = self.settings.count, self.settings.episode_ticks
        self.world = worlds.draw(self._generator, count, self.settings.population)
        self._left = self._generator.integers(1, ticks + 1, size=count)
        return self.seen()

    def seen(self) -> Seen:
        """What a policy sees now."""
        population, inputs = self.world.population, worlds.inputs(self.world)
        mask = admissions.mask(
            inputs,
            self._deltas,
            limit_actions=self._limit_actions,
            min_replicas=population.min_replicas,
            error_target=population.error_target,
            complete=self.world.known | ~population.configured,
        )
        return Seen(classical.encode(inputs), mask)

    def step(self, chosen: NDArray[np.int64]) -> Transition:
        """Take one action a service and let one decision interval pass.

        A masked action is not taken back here: whoever ignores the mask is only held within the bounds.
        """
        return self.resize(self.world.fleet.replicas + self._deltas[chosen])

    def resize(self, replicas: FloatArray) -> Transition:
        """Ask for sizes as they are, for rules that know no action space; otherwise as `step`."""
        self.world, figures = worlds.ticked(self.world, replicas, self._generator)
        last_seen = classical.encode(worlds.inputs(self.world))
        self._left -= 1
        truncated = self._left == 0
        if truncated.any():
            self._replace(np.flatnonzero(truncated))
        return Transition(
            seen=self.seen(),
            reward=self._reward(figures),
            resources=rewards.resources(figures),
            violation=figures.violation,
            truncated=truncated,
            last_seen=last_seen,
            figures=figures,
        )

    def _replace(self, cut: NDArray[np.int64]) -> None:
        successors = worlds.draw(self._generator, len(cut), self.settings.population)
        self.world = rows.merge(self.world, successors, cut)
        self._left[cut] = self.settings.episode_ticks

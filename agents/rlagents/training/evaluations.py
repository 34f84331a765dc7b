"""What a policy and the rules beside it come to on services and traffic that training never drew.

All run on the same services, arrivals, start-ups and measurement noise (paired): the generators are equal and
no draw depends on what was decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rlagents.policies.learned import LearnedPolicy
from rlagents.simulation import rewards, rules, traffic, worlds
from rlagents.simulation.environments import EnvironmentSettings, ServiceEnvironment

HELD_OUT_SEEDS = (9001, 9002, 9003, 9004, 9005)
"""Training seeds are far from these."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """How much is measured; more of each makes figures steadier."""

    seeds: tuple[int, ...] = HELD_OUT_SEEDS
    services: int = 128
    """For each seed."""
    ticks: int = 480


Stepper: TypeAlias = Callable[[ServiceEnvironment], tuple[FloatArray, FloatArray, FloatArray]]
"""Decides and steps; gives resources, violations and changes of size of one tick, arrays [N]."""
Entrant: TypeAlias = Callable[[ServiceEnvironment, int], Stepper]
"""Made anew for each environment and seed, because some remember."""


@dataclass(frozen=True, slots=True)
class Result:
    """One controller over all held-out services."""

    name: str
    resources: float
    """Pods asked for, in units of what each service needs at 70 % use on average."""
    violations: float
    """Share of ticks that missed the objective."""
    within_budget: float
    """Share of services with at most 1 % of ticks missed."""
    resizes: float
    """Share of ticks with a change of size."""
    patterns: dict[str, tuple[float, float]]
    """Resources and violations by traffic pattern."""

    def to_dict(self) -> dict[str, Any]:
        """For cards and `--json`, rounded to what the sample carries."""
        return {
            "resources": round(self.resources, 3),
            "violations": round(self.violations, 4),
            "within_budget": round(self.within_budget, 3),
            "resizes": round(self.resizes, 3),
            "patterns": {
                name: {"resources": round(cost, 3), "violations": round(missed, 4)}
                for name, (cost, missed) in self.patterns.items()
            },
        }


def compare(
    policy: LearnedPolicy,
    settings: EvaluationSettings = EvaluationSettings(),
) -> tuple[Result, ...]:
    """The policy (its most probable action), its sampled variant, and the rules."""
    entrants: dict[str, Entrant] = {
        "ppo": lambda _, __: _learned(policy, None),
        "ppo-sampled": lambda _, seed: _learned(policy, np.random.default_rng(seed)),
        "hpa-like-40": lambda _, __: _ruled(rules.HpaLike(0.4)),
        "hpa-like-50": lambda _, __: _ruled(rules.HpaLike(0.5)),
        "hpa-like-60": lambda _, __: _ruled(rules.HpaLike(0.6)),
        "hpa-like-70": lambda _, __: _ruled(rules.HpaLike(0.7)),
        "square-root": lambda _, __: _ruled(rules.square_root_staffing(1.0)),
        "threshold": lambda _, __: _ruled(rules.threshold()),
        "static-peak": lambda environment, _: _ruled(rules.static(environment.world.population)),
        "no-op": lambda _, __: _ruled(rules.no_op),
        "random": lambda _, seed: _random(np.random.default_rng(seed)),
    }
    return tuple(
        _result(name, [_run(make, seed, settings) for seed in settings.seeds])
        for name, make in entrants.items()
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """Means of each service, arrays [N]."""

    resources: FloatArray
    violations: FloatArray
    resizes: FloatArray
    pattern: NDArray[np.int64]


def _run(make: Entrant, seed: int, settings: EvaluationSettings) -> _Run:
    # Never cut: a replacement would draw numbers and part the paired traces.
    forever = EnvironmentSettings(count=settings.services, episode_ticks=10**9)
    environment = ServiceEnvironment(forever, rewards.cost_and_violation(0.0), np.random.default_rng(seed))
    pattern = np.asarray(environment.world.population.traffic.pattern)
    stepper = make(environment, seed)
    figures = [stepper(environment) for _ in range(settings.ticks)]
    resources, violations, resizes = (np.mean(column, axis=0) for column in zip(*figures, strict=True))
    return _Run(resources, violations, resizes, pattern)


def _learned(policy: LearnedPolicy, generator: np.random.Generator | None) -> Stepper:
    def step(environment: ServiceEnvironment) -> tuple[FloatArray, FloatArray, FloatArray]:
        seen = environment.seen()
        distribution = policy.distribution(policy.features(seen.encoded), seen.mask)
        chosen = distribution.mode() if generator is None else distribution.sample(generator)
        transition = environment.step(chosen)
        return transition.resources, transition.violation, transition.figures.resized

    return step


def _ruled(rule: rules.Rule) -> Stepper:
    def step(environment: ServiceEnvironment) -> tuple[FloatArray, FloatArray, FloatArray]:
        transition = environment.resize(rule(worlds.inputs(environment.world)))
        return transition.resources, transition.violation, transition.figures.resized

    return step


def _random(generator: np.random.Generator) -> Stepper:
    def step(environment: ServiceEnvironment) -> tuple[FloatArray, FloatArray, FloatArray]:
        mask = environment.seen().mask
        transition = environment.step(np.argmax(generator.random(mask.shape) * mask, axis=-1))
        return transition.resources, transition.violation, transition.figures.resized

    return step


def _result(name: str, runs: list[_Run]) -> Result:
    resources = np.concatenate([run.resources for run in runs])
    violations = np.concatenate([run.violations for run in runs])
    pattern = np.concatenate([run.pattern for run in runs])
    groups = {kind.value: pattern == index for index, kind in enumerate(traffic.PATTERNS)}
    return Result(
        name=name,
        resources=float(resources.mean()),
        violations=float(violations.mean()),
        within_budget=float((violations <= 0.01).mean()),
        resizes=float(np.mean([run.resizes.mean() for run in runs])),
        patterns={
            kind: (float(resources[rows].mean()), float(violations[rows].mean()))
            for kind, rows in groups.items()
            if rows.any()
        },
    )

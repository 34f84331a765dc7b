"""The model that ships: it loads, it is sane in a closed loop, and it knows its limits."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources

import numpy as np
import pytest
from numpy.typing import NDArray

from rlagents.encoding import actions, classical
from rlagents.encoding.schemas import EncodedState
from rlagents.policies import models
from rlagents.policies.learned import LearnedPolicy
from rlagents.simulation import populations, rewards, services, traffic, worlds
from rlagents.simulation.environments import EnvironmentSettings, ServiceEnvironment

TICKS = 240
SMALLEST = 1


@pytest.fixture(scope="module")
def policy() -> LearnedPolicy:
    return LearnedPolicy(models.load_builtin("ppo", schema=classical.SCHEMA, space=actions.CLASSICAL))


def plateau(count: int = 24) -> populations.Services:
    """Services of half a core to two, under 30 requests a second for an hour and under 12 times as much.

    Start-ups of 15 to 60 s at an interval of 15 s, or as many ticks at an interval of a second.
    """
    drawn = populations.draw(np.random.default_rng(0), count)
    each = np.arange(count)
    cores = np.array([0.5, 1.0, 2.0])[each % 3]
    full = np.full(count, 1.0)
    return replace(
        drawn,
        parameters=replace(
            drawn.parameters,
            cpu_per_request=0.02 * full,
            cpu_variability=full,
            cores_per_pod=cores,
            base_latency=0.01 * full,
        ),
        traffic=traffic.TrafficParameters(
            pattern=np.full(count, traffic.PATTERNS.index(traffic.Pattern.RAMP)),
            low=30.0 * full,
            high=360.0 * full,
            period=TICKS * full,
            burst=full,
            noise=0.03 * full,
            noise_period=4 * full,
            phase=0.0 * full,
            seed=each,
        ),
        tick=np.where(each % 2 == 0, 1.0, 15.0),
        start_ticks=1.0 + (each % 4).astype(np.float64),
        min_replicas=SMALLEST * full,
        max_replicas=20.0 * full,
        latency_target=np.array([0.2, 0.3, 0.5])[(each // 3) % 3],
        memory_limit=4.0 * np.asarray(drawn.parameters.memory_base),
        configured=np.ones((count, 6), dtype=np.bool_),
    )


class Loop:
    """Sizes, violations and actions of a run; arrays [ticks, services]."""

    def __init__(self, policy: LearnedPolicy, population: populations.Services) -> None:
        environment = ServiceEnvironment(
            EnvironmentSettings(count=len(population), episode_ticks=10**9),
            rewards.cost_and_violation(0.0),
            np.random.default_rng(1),
        )
        environment.world = worlds.start(population, np.full(len(population), 2.0), np.random.default_rng(2))
        sizes, violations, chosen, inside = [], [], [], []
        for _ in range(TICKS):
            seen = environment.seen()
            inside.append(policy.in_distribution(seen.encoded).inside)
            chosen.append(policy.distribution(policy.features(seen.encoded), seen.mask).mode())
            transition = environment.step(chosen[-1])
            sizes.append(environment.world.fleet.replicas)
            violations.append(transition.violation)
        self.sizes, self.violations = np.stack(sizes), np.stack(violations)
        self.chosen, self.inside = np.stack(chosen), np.stack(inside)


@pytest.fixture(scope="module")
def loop(policy: LearnedPolicy) -> Loop:
    return Loop(policy, plateau())


def needed(rate: float) -> NDArray[np.float64]:
    """Pods that the rate keeps fully busy."""
    return plateau().pods_at_full_use(np.full(24, rate))


def test_it_is_small_and_carries_its_figures(policy: LearnedPolicy) -> None:
    """Under 1 MB in all, with the rules it was measured beside, losers included."""
    folder = resources.files("rlagents.policies") / "builtin"
    assert sum(len((folder / f"ppo.{kind}").read_bytes()) for kind in ("safetensors", "json")) < 2**20
    assert {"ppo", "hpa-like-50", "hpa-like-70", "threshold", "static-peak", "no-op"} <= set(
        policy.card.figures["held_out"]
    )


def test_it_grows_under_load(loop: Loop) -> None:
    """At the top every service has more pods than the load keeps busy, within its bounds."""
    top = loop.sizes[TICKS // 2 - 5]
    assert (top > needed(360.0)).all()
    assert (top <= 20).all()


def test_it_shrinks_when_the_load_is_gone(loop: Loop) -> None:
    """After a quarter of an hour in the quiet at least a third of the pods is gone, and the load still served."""
    top, quiet = loop.sizes[TICKS // 2 - 5], loop.sizes[-1]
    assert quiet.sum() < 0.67 * top.sum()
    assert (quiet >= needed(30.0)).all()


def test_it_keeps_the_objective_nearly_always(loop: Loop) -> None:
    """A twelvefold load within fifteen minutes costs few violations, and none when it is quiet again."""
    assert loop.violations.mean() < 0.05
    assert loop.violations[-20:].mean() < 0.01


def test_it_is_no_constant(loop: Loop) -> None:
    """It does nothing, grows and shrinks, each a visible share of the time."""
    shares = np.bincount(loop.chosen.ravel(), minlength=9) / loop.chosen.size
    assert shares[0] > 0.3
    assert shares[[1, 2]].sum() > 0.01
    assert shares[[3, 4]].sum() > 0.01
    assert shares[5:].sum() == 0


def test_an_ordinary_service_is_within_what_it_was_trained_on(loop: Loop) -> None:
    """The refusal is for the odd case: at most one tick in a hundred here."""
    assert loop.inside.mean() > 0.99


def test_without_optional_signals_it_still_grows_and_shrinks(policy: LearnedPolicy) -> None:
    """With CPU, request rate and size alone it serves the same load."""
    bare = replace(plateau(), configured=np.zeros((24, 6), dtype=np.bool_))
    loop = Loop(policy, bare)
    assert (loop.sizes[TICKS // 2 - 5] > needed(360.0)).all()
    assert loop.sizes[-1].sum() < 0.8 * loop.sizes[TICKS // 2 - 5].sum()
    assert loop.violations.mean() < 0.1


def test_a_service_far_larger_than_any_it_saw_is_refused(policy: LearnedPolicy) -> None:
    """A hundred thousand requests a second lie outside, and the feature is named."""
    features = np.array([policy.card.feature_means], dtype=np.float32)
    features[0, classical.SCHEMA.index("throughput")] = 1.0
    check = policy.in_distribution(EncodedState(features, np.isfinite(features), classical.SCHEMA.key))
    assert not check.inside[0]
    assert "throughput" in check.messages[0]


def test_the_plateau_can_be_served_at_all() -> None:
    """The largest size serves the load of the test above, or it would prove nothing."""
    capacity = services.capacity(plateau().parameters, 20.0)
    assert (capacity * 0.8 > 360.0).all()

"""The environment: it answers to actions, and shows a policy what production would."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rlagents.encoding import actions, classical
from rlagents.safety import masks
from rlagents.simulation import populations, rewards, workloads, worlds
from rlagents.simulation.environments import EnvironmentSettings, ServiceEnvironment

NO_OP, UP, UP_TWO, DOWN = 0, 1, 2, 3


def environment(seed: int = 0, *, count: int = 64, episode_ticks: int = 10**6) -> ServiceEnvironment:
    """Services that are never replaced unless told otherwise."""
    return ServiceEnvironment(
        EnvironmentSettings(count=count, episode_ticks=episode_ticks),
        rewards.cost_and_violation(10.0),
        np.random.default_rng(seed),
    )


def run_constant(action: int, ticks: int = 60) -> tuple[float, float, float]:
    """Mean reward, resources and violations of one action for ever, whatever the mask says."""
    env = environment()
    chosen = np.full(64, action, dtype=np.int64)
    transitions = [env.step(chosen) for _ in range(ticks)]
    columns = zip(*((step.reward, step.resources, step.violation) for step in transitions), strict=True)
    reward, resources, violation = (float(np.mean(column)) for column in columns)
    return reward, resources, violation


def test_growing_and_shrinking_for_ever_differ_in_cost_and_violations() -> None:
    """Always +1 costs several times as much as always -1, which starves the services."""
    _, much, few_missed = run_constant(UP)
    _, little, many_missed = run_constant(DOWN)
    assert much > 2.0 * little
    assert many_missed > 0.5
    assert few_missed < 0.1


def test_both_extremes_are_worse_than_holding_a_good_size() -> None:
    """The reward is not won by always growing, nor by always shrinking."""
    env = environment()
    peak = env.world.population.pods_at_full_use(np.asarray(env.world.population.traffic.high))
    good = np.mean([env.resize(np.ceil(peak / 0.7)).reward.mean() for _ in range(60)])
    assert good > run_constant(UP)[0]
    assert good > run_constant(DOWN)[0]


@pytest.mark.parametrize("policy", ["random", "shrinking"])
def test_features_are_those_of_the_same_services_as_cluster_states(policy: str) -> None:
    """The encoder gives the simulator's arrays and the cluster's states the same features, bit for bit."""
    env = environment(1)
    generator = np.random.default_rng(2)
    seen = env.seen()
    for _ in range(12):
        allowed = seen.mask if policy == "random" else np.ones_like(seen.mask) * [1, 0, 0, 1, 1, 0, 0, 0, 0]
        seen = env.step(np.argmax(generator.random(allowed.shape) * allowed, axis=-1)).seen
        encoded = classical.encode_states(workloads.states(env.world))
        np.testing.assert_array_equal(encoded.known, seen.encoded.known)
        np.testing.assert_array_equal(encoded.features, seen.encoded.features)


def test_masks_are_those_of_the_production_guards() -> None:
    """In every state of a random walk the array mask bars exactly what the guards would change."""
    env = environment(3)
    generator = np.random.default_rng(4)
    seen, barred = env.seen(), 0
    for _ in range(12):
        expected = masks.stack(
            [masks.mask(state, actions.CLASSICAL.actions) for state in workloads.states(env.world)]
        )
        np.testing.assert_array_equal(seen.mask, expected)
        barred += int((~seen.mask[:, :5]).sum())
        seen = env.step(generator.integers(5, size=64)).seen
    assert barred > 100


def test_limit_actions_are_always_masked_and_doing_nothing_never() -> None:
    """Resizing pods is a recommendation until the user allows it; the no-op is always there."""
    env = environment(5)
    for _ in range(20):
        mask = env.step(np.full(64, DOWN)).seen.mask
        assert not mask[:, 5:].any()
        assert mask[:, NO_OP].all()


def test_sizes_stay_within_the_bounds_whatever_is_asked() -> None:
    """Growing and shrinking for ever end at maxReplicas and minReplicas."""
    env = environment()
    population = env.world.population
    for _ in range(60):
        env.step(np.full(64, UP_TWO))
    np.testing.assert_array_equal(env.world.fleet.replicas, population.max_replicas)
    for _ in range(60):
        env.step(np.full(64, DOWN))
    np.testing.assert_array_equal(env.world.fleet.replicas, population.min_replicas)


def test_new_pods_serve_only_after_their_start_up() -> None:
    """A pod asked for now does not serve within this tick, and serves within twice its mean start-up."""
    env = environment(6)
    before = env.world.fleet.ready
    can_grow = before < env.world.population.max_replicas
    asked = before + 1
    env.resize(asked)
    immediately = env.world.fleet.ready
    starts = env.world.population.start_ticks
    assert (immediately[can_grow & (starts > 2.5)] == before[can_grow & (starts > 2.5)]).all()
    for _ in range(8):
        env.resize(asked)
    assert (env.world.fleet.ready[can_grow] == asked[can_grow]).all()


def test_metrics_are_one_tick_late() -> None:
    """A change of demand shows in the throughput only after the next scrape."""
    env = environment(7)
    population = env.world.population
    quiet = replace(population, noise=np.zeros(64))
    env.world = replace(env.world, population=quiet)
    shown = []
    for _ in range(3):
        shown.append(worlds.inputs(env.world).throughput)
        fresh = env.world.fresh.throughput
        env.step(np.full(64, NO_OP))
        np.testing.assert_array_equal(worlds.inputs(env.world).throughput, fresh)
    assert np.any(shown[1] != shown[2])


def test_an_episode_that_is_cut_shows_both_its_end_and_the_next_beginning() -> None:
    """The last state of the old service is there to bootstrap from; only cut rows are replaced."""
    env = environment(8, episode_ticks=5)
    cut_total = 0
    for _ in range(5):
        old = env.world.population.started_at
        step = env.step(np.full(64, NO_OP))
        replaced = env.world.population.started_at != old
        np.testing.assert_array_equal(replaced, step.truncated)
        same = np.isclose(step.last_seen.features, step.seen.encoded.features, equal_nan=True).all(axis=-1)
        np.testing.assert_array_equal(same, ~step.truncated)
        cut_total += int(step.truncated.sum())
    assert cut_total == 64


def test_equal_seeds_give_equal_worlds() -> None:
    """The same generator and actions give the same rewards to the last bit, another seed others."""

    def rewards_of(seed: int) -> np.ndarray:
        env = environment(seed, episode_ticks=10)
        return np.stack([env.step(np.full(64, UP)).reward for _ in range(20)])

    np.testing.assert_array_equal(rewards_of(1), rewards_of(1))
    assert (rewards_of(1) != rewards_of(2)).any()


def test_services_lack_signals_and_lose_them_for_a_tick() -> None:
    """Some services never have an optional signal, and now and then one is missing; required ones never."""
    env = environment(9, count=256)
    optional = [classical.SCHEMA.index(name) for name in ("memory", "latency_p99", "error_rate")]
    required = [classical.SCHEMA.index(name) for name in classical.REQUIRED_FEATURES]
    known = np.stack([env.step(np.zeros(256, np.int64)).seen.encoded.known for _ in range(30)])
    assert known[..., required].all()
    shares = known[..., optional].mean(axis=0)
    assert (shares == 0).any()
    assert ((shares > 0.8) & (shares < 1)).any()


def test_drawn_services_are_within_what_was_asked() -> None:
    """Peak demand, rates, limits and targets lie in the declared ranges, and no target is unreachable."""
    settings = populations.PopulationSettings()
    drawn = populations.draw(np.random.default_rng(0), 2000, settings)
    peak = drawn.pods_at_full_use(np.asarray(drawn.traffic.high))
    assert np.all(peak <= settings.peak_pods[1] * 1.01)
    assert np.all(np.asarray(drawn.traffic.high) <= settings.peak_rate[1])
    assert np.all(np.asarray(drawn.traffic.low) < np.asarray(drawn.traffic.high))
    assert 0.05 < np.isnan(drawn.latency_target).mean() < 0.15
    assert np.all(drawn.max_replicas > drawn.min_replicas)
    assert np.all(drawn.max_replicas >= np.ceil(peak))

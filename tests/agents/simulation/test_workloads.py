"""Simulated services as cluster states: the production's deciders in the simulator's loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rlagents.deciding import cases, deciders
from rlagents.encoding import actions, classical
from rlagents.policies import hpa, models
from rlagents.policies.learned import LearnedPolicy
from rlagents.safety import violations
from rlagents.simulation import populations, rewards, rules, workloads, worlds
from rlagents.simulation.environments import EnvironmentSettings, ServiceEnvironment
from rlagents.structs.reasons import Reason
from rlagents.structs.states import WorkloadState


def environment(count: int, **ranges: Any) -> ServiceEnvironment:
    """Services that decide every 15 s, as the HPA's windows are in seconds."""
    population = populations.PopulationSettings(tick_seconds=(15.0,), **ranges)
    settings = EnvironmentSettings(count=count, episode_ticks=10**6, population=population)
    return ServiceEnvironment(settings, rewards.cost_and_violation(0.0), np.random.default_rng(9001))


def spec(state: WorkloadState, target: int) -> hpa.HpaSpec:
    """CPU at this percentage, with the defaults of the HPA."""
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}},
    }
    return hpa.parse([metric], None, state.bounds.min_replicas, state.bounds.max_replicas)


def test_the_decider_takes_the_actions_that_the_simulator_trained() -> None:
    """For every service and tick production's code path proposes what the policy chooses from arrays."""
    policy = LearnedPolicy(models.load_builtin("ppo", schema=classical.SCHEMA, space=actions.CLASSICAL))
    env = environment(16)
    asked = 0
    for _ in range(20):
        seen = env.seen()
        chosen = policy.distribution(policy.features(seen.encoded), seen.mask).mode()
        states = workloads.states(env.world)
        batch = [cases.Case(state, cases.Mode.AUTO, spec(state, 70), None) for state in states]
        for row, decided in enumerate(deciders.decide(batch, policy)):
            proposal = decided.decision.policy
            if decided.decision.policy_reason is not Reason.OUT_OF_DISTRIBUTION:
                assert proposal is not None
                assert proposal.action_index == chosen[row]
                asked += 1
        env.step(chosen)
    assert asked > 300


@pytest.mark.parametrize("target", [50, 70])
def test_the_proportional_rule_stands_in_for_the_exact_hpa(target: int) -> None:
    """Over two hours it asks for as many pods within 5 %, at violations within two points."""
    exact, like = environment(16), environment(16)
    rule = rules.HpaLike(target / 100)
    logs: list[hpa.HpaLogs | None] = [None] * 16
    sizes, violations = np.zeros((2, 240)), np.zeros((2, 240))
    for tick in range(240):
        wanted = np.empty(16)
        for row, state in enumerate(workloads.states(exact.world)):
            scale = hpa.ScaleObservation(state.current_replicas, state.observed_replicas)
            result = hpa.reconcile(
                spec(state, target), hpa.PRODUCTION, scale, state.pods, state.samples, logs[row], state.now
            )
            logs[row] = result.logs
            wanted[row] = state.current_replicas if result.desired is None else result.desired
        steps = (exact.resize(wanted), like.resize(rule(worlds.inputs(like.world))))
        sizes[:, tick] = [step.resources.mean() for step in steps]
        violations[:, tick] = [step.violation.mean() for step in steps]
    assert sizes[1].mean() == pytest.approx(sizes[0].mean(), rel=0.05)
    assert violations[1].mean() == pytest.approx(violations[0].mean(), abs=0.02)


def judged_and_true(env: ServiceEnvironment, ticks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per tick and service under a proportional rule: the cluster's verdict (NaN: not counted), the truth,
    and the requests in the rate window."""
    rule, rows = rules.HpaLike(0.7), []
    for _ in range(ticks):
        true = env.resize(rule(worlds.inputs(env.world))).violation
        states = workloads.states(env.world)
        verdicts = [violations.missed(state) for state in states]
        judged = [np.nan if verdict is None else float(verdict) for verdict in verdicts]
        rows.append((judged, true, [state.observation().requests for state in states]))
    judged, true, requests = np.moveaxis(np.array(rows, dtype=np.float64), 1, 0)
    return judged, true, requests


def test_the_clusters_verdicts_agree_with_the_simulators_truth() -> None:
    """Through rate windows, noise, delay and gaps the share of missed ticks comes out within a point."""
    ranges = {"missing_signal": 0.0}
    judged, true, _ = judged_and_true(environment(64, **ranges), 60)
    assert np.isnan(judged).mean() < 0.02
    assert true.mean() > 0.03
    assert np.nanmean(judged) == pytest.approx(true.mean(), abs=0.01)


def test_services_with_few_requests_are_judged_over_five_minutes() -> None:
    """At a request every few seconds no rate window holds twenty, but five minutes do."""
    ranges = {"peak_rate": (0.15, 0.25), "quiet_share": (0.8, 0.9), "missing_signal": 0.0}
    judged, _, requests = judged_and_true(environment(16, **ranges, without_latency_target=0.0), 30)
    sparse = (requests < violations.FEWEST_REQUESTS).all(axis=0)
    assert sparse.sum() >= 10
    assert np.isnan(judged[0, sparse]).all()
    assert np.isnan(judged[worlds.SEEN_TICKS :, sparse]).mean() < 0.1

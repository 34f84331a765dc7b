"""From workload states to decisions: who acts, who is held back, and what a decision says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rlagents.deciding.cases import Case, Mode, Overrides
from rlagents.deciding.deciders import decide
from rlagents.encoding import actions, classical
from rlagents.policies import hpa
from rlagents.policies.learned import LearnedPolicy
from rlagents.policies.models import Model, ModelCard
from rlagents.structs.pods import Container
from rlagents.structs.reasons import Reason, Source, UnknownReason
from rlagents.structs.signals import Signal, SignalName
from rlagents.structs.states import Health

BASELINE = hpa.parse(
    [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
        }
    ],
    None,
    1,
    20,
)
ACTIONS = {action.name: index for index, action in enumerate(actions.CLASSICAL.actions)}
NO_OVERRIDES = Overrides()
STALE = Signal.unknown(UnknownReason.STALE)


def policy_that_likes(*names: str, highest: float = 1.0) -> LearnedPolicy:
    """A network without weights: its biases prefer the named actions in their order, whatever it sees."""
    inputs, outputs = len(classical.SCHEMA), len(actions.CLASSICAL)
    bias = np.zeros(outputs, dtype=np.float32)
    for rank, name in enumerate(names):
        bias[ACTIONS[name]] = 10.0 - rank
    card = ModelCard(
        name="test",
        algorithm="PPO",
        schema=classical.SCHEMA.key,
        features=classical.SCHEMA.names,
        action_space=actions.CLASSICAL.key,
        actions=actions.CLASSICAL.names,
        hidden_sizes=(),
        feature_means=(0.0,) * inputs,
        feature_low=(-1.0,) * inputs,
        feature_high=(highest,) * inputs,
        required_features=classical.REQUIRED_FEATURES,
    )
    tensors = {
        "observations.mean": np.zeros(inputs, dtype=np.float32),
        "observations.std": np.ones(inputs, dtype=np.float32),
        "actor.0.weight": np.zeros((outputs, inputs), dtype=np.float32),
        "actor.0.bias": bias,
        "critic.0.weight": np.zeros((1, inputs), dtype=np.float32),
        "critic.0.bias": np.zeros(1, dtype=np.float32),
    }
    return LearnedPolicy(Model(card, tensors))


def only(case: Case, policy: LearnedPolicy | None):
    (decided,) = decide([case], policy)
    return decided


@pytest.fixture
def make_case(make_state):
    def make(*, mode=Mode.AUTO, overrides=NO_OVERRIDES, logs=None, **fields) -> Case:
        return Case(make_state(**fields), mode, BASELINE, logs, overrides)

    return make


def test_a_refusal_says_what_is_missing(make_case, make_pods):
    """No measurement, or nothing that a measurement could be a share of, which the user can add."""
    bare = tuple(replace(pod, containers=(Container("app"),)) for pod in make_pods(4))
    unmeasured = only(make_case(cpu=None, samples=None), policy_that_likes("no-op"))
    boundless = only(make_case(pods=bare), policy_that_likes("no-op"))
    assert unmeasured.refusal == "no value of cpu"
    assert boundless.refusal == "no value of cpu: give every container a CPU request"


@pytest.mark.parametrize(
    ("sentence", "mode", "fields", "likes", "size", "source", "reason"),
    [
        ("in Auto the policy acts", Mode.AUTO, {}, "replicas+1", 5, Source.POLICY, Reason.POLICY_ACTS),
        ("doing nothing is a decision of the policy", Mode.AUTO, {}, "no-op", 4, Source.POLICY, Reason.POLICY_ACTS),
        ("in Shadow the baseline acts", Mode.SHADOW, {"cpu": 3.0}, "replicas-1", 6, Source.BASELINE, Reason.SHADOW_MODE),
        ("in Baseline the policy is not asked", Mode.BASELINE, {"cpu": 3.0}, "replicas+2", 6, Source.BASELINE, Reason.BASELINE_MODE),
        ("without CPU the policy must not be asked, and the HPA holds the size", Mode.AUTO, {"cpu": None, "samples": None}, "replicas+1", 4, Source.BASELINE, Reason.SIGNALS_MISSING),
        ("a rollout of the target hands over", Mode.AUTO, {"health": Health(rolling_out=True)}, "replicas+2", 4, Source.BASELINE, Reason.TARGET_ROLLING_OUT),
        ("crash-looping pods hand over", Mode.AUTO, {"health": Health(crash_looping=1)}, "replicas+2", 4, Source.BASELINE, Reason.PODS_UNHEALTHY),
        ("pods that never became ready hand over", Mode.AUTO, {"health": Health(never_ready=1)}, "replicas+2", 4, Source.BASELINE, Reason.PODS_UNHEALTHY),
        ("a size of 0 means off", Mode.AUTO, {"replicas": 0, "cpu": 0.0}, "replicas+1", 0, Source.BASELINE, Reason.SCALING_DISABLED),
        ("where only an unknown keeps the policy from shrinking, the baseline takes over", Mode.AUTO, {"cpu": 3.0, "signals": {SignalName.LATENCY_P99: STALE}}, "replicas-1", 6, Source.BASELINE, Reason.UNKNOWN_BLOCKS_SHRINKING),
        ("an unknown does not keep the policy from growing", Mode.AUTO, {"signals": {SignalName.LATENCY_P99: STALE}}, "replicas+1", 5, Source.POLICY, Reason.POLICY_ACTS),
    ],
)  # fmt: skip
def test_whose_turn_it_is(make_case, sentence, mode, fields, likes, size, source, reason):
    """Mode, health and what is known decide who acts, and the decision names the reason."""
    decision = only(make_case(mode=mode, **fields), policy_that_likes(likes)).decision
    assert (decision.replicas_to, decision.source, decision.reason) == (size, source, reason), sentence


@pytest.mark.parametrize(
    ("sentence", "overrides", "likes", "size", "source", "writes"),
    [
        ("paused holds the size and writes nothing", Overrides(paused=True), "replicas+1", 4, Source.MANUAL, False),
        ("pinned replicas are applied as they are", Overrides(paused_replicas=9), "no-op", 9, Source.MANUAL, True),
        ("pinned to 0 is possible", Overrides(paused_replicas=0), "replicas+1", 0, Source.MANUAL, True),
        ("paused scale-in stops shrinking", Overrides(paused_scale_in=True), "replicas-1", 4, Source.POLICY, True),
        ("paused scale-in lets growth pass", Overrides(paused_scale_in=True), "replicas+1", 5, Source.POLICY, True),
        ("paused scale-out stops growth", Overrides(paused_scale_out=True), "replicas+1", 4, Source.POLICY, True),
        ("force-baseline lets the HPA act", Overrides(force_baseline=True), "replicas+2", 4, Source.BASELINE, True),
        ("another owner keeps our hands off", Overrides(managed_by="HorizontalPodAutoscaler/web"), "replicas+1", 4, Source.EXTERNAL, False),
        ("another owner goes before a pin", Overrides(managed_by="ScaledObject/web", paused_replicas=9), "no-op", 4, Source.EXTERNAL, False),
    ],
)  # fmt: skip
def test_the_users_hand_overrules_both(make_case, sentence, overrides, likes, size, source, writes):
    """Annotations and other owners bind whoever would act."""
    decision = only(make_case(overrides=overrides, cpu=2.0), policy_that_likes(likes)).decision
    assert (decision.replicas_to, decision.source, decision.writes) == (size, source, writes), sentence


def test_beside_another_owner_both_proposals_are_still_told(make_case):
    """That is what Shadow is for: what either would have done, while somebody else scales."""
    owned = Overrides(managed_by="HorizontalPodAutoscaler/web")
    decision = only(
        make_case(mode=Mode.SHADOW, overrides=owned, cpu=3.0), policy_that_likes("replicas+2")
    ).decision
    assert (decision.baseline.replicas, decision.policy.replicas) == (6, 6)
    assert not decision.changes_size
    assert "HorizontalPodAutoscaler/web" in decision.message


def test_without_a_model_the_baseline_does_the_work(make_case):
    """A model that could not be loaded costs nothing but the learning."""
    decided = only(make_case(cpu=3.0), None)
    assert (decided.decision.replicas_to, decided.decision.reason) == (6, Reason.POLICY_NOT_READY)
    assert decided.refusal


def test_inputs_it_was_not_trained_on_go_to_the_baseline(make_case):
    """Half the CPU limit is more than this model ever saw."""
    decided = only(make_case(), policy_that_likes("replicas+2", highest=0.1))
    assert decided.decision.reason is Reason.OUT_OF_DISTRIBUTION
    assert "trained on" in decided.refusal


def test_limit_actions_become_a_recommendation(make_case):
    """The policy would rather have larger pods: it says so, and acts on replicas meanwhile."""
    decision = only(make_case(), policy_that_likes("cpu+0.5", "replicas+1")).decision
    assert decision.replicas_to == 5
    assert decision.policy.preference is not None
    assert decision.policy.preference.cpu == 0.5
    assert decision.policy.probabilities[ACTIONS["cpu+0.5"]] == 0.0


def test_overload_lifts_the_policy_to_the_baselines_size(make_case):
    """At the limit of CPU the HPA's growth is the least that happens, and the decision tells the guard."""
    decision = only(make_case(cpu=3.9), policy_that_likes("replicas+1")).decision
    assert decision.replicas_to == decision.baseline.replicas == 8
    assert decision.limitations[-1].reason is Reason.BASELINE_GROWTH
    assert "BaselineGrowth: 5 -> 8" in str(decision)


def test_the_baselines_size_passes_untouched_by_the_guards(make_case):
    """An unknown that binds the policy does not bind the HPA: it shrinks as the HPA would."""
    logs = hpa.HpaLogs(recommendations=())
    case = make_case(mode=Mode.BASELINE, cpu=0.4, signals={SignalName.LATENCY_P99: STALE}, logs=logs)
    assert only(case, None).decision.replicas_to == 1


def test_the_same_state_decides_the_same_again(make_case):
    """A decision without a generator is a function of its case; so is one with an equal generator."""
    cases = [make_case(cpu=cpu) for cpu in (0.2, 1.0, 2.0, 3.9)]
    policy = policy_that_likes()
    assert decide(cases, policy) == decide(cases, policy)
    draws = [decide(cases, policy, generator=np.random.default_rng(3)) for _ in range(2)]
    assert draws[0] == draws[1]


def test_a_batch_decides_as_each_case_alone(make_case):
    """Cases do not see each other: the batch is an economy, not a meeting."""
    cases = [
        make_case(cpu=0.5),
        make_case(mode=Mode.BASELINE, cpu=3.0),
        make_case(cpu=None, samples=None),
        make_case(mode=Mode.SHADOW, cpu=1.0),
    ]
    policy = policy_that_likes("replicas-1")
    together = [decided.decision for decided in decide(cases, policy)]
    assert together == [only(case, policy).decision for case in cases]


def test_the_logs_stay_warm_while_the_policy_acts(make_case):
    """The HPA notes its recommendation at every tick, so it can take over at any."""
    decided = only(make_case(), policy_that_likes("replicas+1"))
    assert decided.decision.source is Source.POLICY
    latest = decided.baseline.logs.recommendations[-1]
    assert (latest.replicas, latest.at) == (4, decided.decision.at)


def test_an_empty_batch_is_no_trouble():
    """Nothing due, nothing decided."""
    assert decide([], policy_that_likes("no-op")) == []


def test_the_audit_line_names_all_that_mattered(make_case):
    """One line tells sizes, who, why, and both proposals."""
    line = str(only(make_case(), policy_that_likes("replicas+1")).decision)
    assert line == "shop/web: 4 -> 5; Policy (PolicyActs); baseline 4; policy 5"


def test_a_changed_target_keeps_no_memory_of_health(make_case):
    """The same case without the rollout lets the policy act again at once."""
    case = make_case(health=Health(rolling_out=True))
    policy = policy_that_likes("replicas+1")
    assert only(case, policy).decision.source is Source.BASELINE
    healthy = replace(case, state=replace(case.state, health=Health()))
    assert only(healthy, policy).decision.source is Source.POLICY

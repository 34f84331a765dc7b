"""One tick, from the caches to the writes: what is decided reaches the cluster, and trouble stays where it is."""

from __future__ import annotations

import pytest

from rlautoscaler import assemblies
from rlautoscaler.clients.protocols import CONFIGMAPS, DEPLOYMENTS, RLAUTOSCALERS
from rlautoscaler.errors import ConflictError, UnreachableError

BASELINE = {"rollout": {"mode": "Baseline"}}


async def test_the_baseline_scales_and_tells(world):
    """CPU at 140 % of a 70 % target doubles the pods; status, history and one event say so."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    statistics = await world.tick()
    assert (statistics.decided, statistics.rescaled) == (1, 1)
    assert world.replicas("web") == 4
    status = world.status("web")
    assert (status["currentReplicas"], status["desiredReplicas"]) == (4, 4)
    assert [(one["fromReplicas"], one["toReplicas"], one["source"]) for one in status["history"]] == [
        (2, 4, "Baseline")
    ]
    assert world.condition("web", "AbleToScale") == ("True", "SucceededRescale")
    assert world.events() == ["SuccessfulRescale"]


async def test_a_calm_tick_writes_nothing(world):
    """On target, the second tick has nothing new for anybody."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 0.7
    await world.tick()
    before = len(world.writes())
    await world.tick()
    assert len(world.writes()) == before


async def test_a_missing_target_is_a_condition_until_it_comes(world):
    """Whoever applies the RLAutoscaler before the Deployment is told, and forgiven."""
    world.autoscale("web", **BASELINE)
    await world.tick()
    assert world.condition("web", "AbleToScale") == ("False", "FailedGetScale")
    assert "FailedGetScale" in world.events()
    world.deploy("web", 2)
    world.reader.cores_per_pod["web"] = 0.7
    await world.tick()
    assert world.condition("web", "AbleToScale")[0] == "True"


async def test_a_spec_that_cannot_be_obeyed_is_told_and_the_others_go_on(world):
    """An object that an older schema let pass gets a sentence; its neighbour is scaled."""
    world.autoscale("bad", maxReplicas="many")
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    await world.tick()
    assert world.condition("bad", "Ready") == ("False", "InvalidSpec")
    assert "maxReplicas" in next(
        one["message"] for one in world.status("bad")["conditions"] if one["type"] == "Ready"
    )
    assert world.replicas("web") == 4


async def test_a_fault_in_one_autoscaler_stays_with_it(world):
    """Something of ours that breaks for one object is counted and logged, and its neighbour is scaled."""
    world.deploy("unread", 2)
    world.autoscale("unread", **BASELINE)
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    statistics = await world.tick()
    assert (statistics.due, statistics.decided) == (2, 1)
    assert world.replicas("web") == 4
    counted = [
        sample.value
        for family in world.registry.collect()
        for sample in family.samples
        if sample.name == "rlautoscaler_reconcile_errors_total" and "unread" in sample.labels.values()
    ]
    assert counted == [1.0]


@pytest.mark.parametrize("mode", ["Baseline", "Shadow", "Auto"])
async def test_hands_off_a_target_that_an_hpa_owns(world, mode):
    """Whatever the mode, nothing is written to the target; the proposals and the owner's size are told."""
    world.deploy("web", 2)
    world.own("web")
    world.autoscale("web", rollout={"mode": mode})
    world.reader.cores_per_pod["web"] = 1.4
    await world.tick()
    assert world.replicas("web") == 2
    target = world.status("web")["horizontal"]["target"]
    assert (target["source"], target["baseline"]) == ("External", 4)
    assert world.condition("web", "AbleToScale") == ("False", "ManagedElsewhere")


async def test_the_owners_changes_are_recorded_as_external(world):
    """In Shadow beside an HPA the history shows what the HPA did."""
    world.deploy("web", 2)
    world.own("web")
    world.autoscale("web")
    world.reader.cores_per_pod["web"] = 0.7
    await world.tick()
    world.deploy("web", 5)
    await world.tick()
    assert [(one["toReplicas"], one["source"]) for one in world.status("web")["history"]] == [(5, "External")]


async def test_the_owners_changes_count_against_the_rates_after_the_hand_over(world):
    """One pod a minute: what the HPA has just added is no room for the baseline that takes over from it."""
    rates = {"scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}}
    world.deploy("web", 2)
    world.own("web")
    world.autoscale("web", baseline={"behavior": rates}, **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    await world.tick()
    world.deploy("web", 3)
    await world.tick()
    world.disown("web")
    await world.tick()
    assert world.replicas("web") == 3
    await world.tick(after=60)
    assert world.replicas("web") == 4


async def test_the_second_claim_on_a_target_waits(world):
    """Two RLAutoscalers on one Deployment: the older acts, the younger says who does."""
    world.deploy("web", 2)
    world.autoscale("first", target="web", **BASELINE)
    world.autoscale("second", target="web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    await world.tick()
    assert world.condition("second", "AbleToScale") == ("False", "ManagedElsewhere")
    assert world.condition("first", "AbleToScale")[0] == "True"
    assert world.replicas("web") == 4


async def test_a_restart_protects_what_the_last_process_knew(world):
    """The high recommendation of a minute ago stands in the status and still holds the size after a restart."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    await world.tick()
    world.catch_up("web")
    world.resync()
    world.ticker = world.new_ticker()
    world.reader.cores_per_pod["web"] = 0.1
    await world.tick(after=60.0)
    assert world.replicas("web") == 4
    await world.tick(after=400.0)
    assert world.replicas("web") == 1


async def test_a_restart_without_a_stored_log_protects_the_present_size(world):
    """Nothing known means (current size, now), as with the HPA itself."""
    world.deploy("web", 4)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 0.1
    await world.tick()
    assert world.replicas("web") == 4
    await world.tick(after=301.0)
    assert world.replicas("web") == 1


async def test_a_conflict_is_retried_once_and_wins(world):
    """The Deployment's own status moved in between: the write is repeated with the new version."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    world.api.fail(ConflictError("stale", status=409), verb="patch", resource=DEPLOYMENTS)
    await world.tick()
    assert world.replicas("web") == 4


async def test_a_refused_write_stores_no_event_in_the_baselines_log(world):
    """The HPA notes a scale-up only where it happened, so its rate limits do not bind without cause."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    world.api.fail(UnreachableError("gone"), verb="patch", resource=DEPLOYMENTS, times=2)
    await world.tick()
    assert world.replicas("web") == 2
    assert world.condition("web", "AbleToScale") == ("False", "FailedUpdateScale")
    assert world.status("web")["baseline"]["scaleUps"] == []
    assert "FailedRescale" in world.events()


async def test_an_unreachable_status_does_not_stop_the_scaling(world):
    """Acting comes before telling."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    world.api.fail(UnreachableError("gone"), verb="patch", resource=RLAUTOSCALERS, times=5)
    await world.tick()
    assert world.replicas("web") == 4
    assert world.status("web") == {}


async def test_leadership_lost_while_reading_means_no_write_at_all(world):
    """Between reading and acting another may have become the leader."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    world.leads = False
    await world.tick()
    assert world.replicas("web") == 2
    assert world.writes() == []


async def test_paused_holds_and_says_so(world):
    """The annotation stops growth that the load asks for."""
    world.deploy("web", 2)
    world.autoscale("web", annotations={"rlautoscaler.io/paused": "true"}, **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    await world.tick()
    assert world.replicas("web") == 2
    assert world.condition("web", "Paused") == ("True", "Paused")
    assert world.status("web")["horizontal"]["target"]["baseline"] == 4


async def test_pinned_replicas_are_set_by_hand(world):
    """A pin goes beyond maxReplicas and is told as the user's own doing."""
    world.deploy("web", 2)
    world.autoscale("web", annotations={"rlautoscaler.io/paused-replicas": "12"}, **BASELINE)
    world.reader.cores_per_pod["web"] = 0.7
    await world.tick()
    assert world.replicas("web") == 12
    assert world.status("web")["history"][-1]["source"] == "Manual"


@pytest.mark.parametrize("switch", ["label", "configmap"])
async def test_one_switch_forces_the_baseline_for_many(world, switch):
    """A label on the namespace, or the ConfigMap for everybody: the next tick obeys."""
    world.deploy("web", 2)
    world.autoscale("web", rollout={"mode": "Auto"})
    world.reader.cores_per_pod["web"] = 0.7
    if switch == "label":
        world.label_namespace("shop", {"rlautoscaler.io/force-baseline": "true"})
    else:
        data = {"metadata": {"namespace": "ops", "name": "switch"}, "data": {"force-baseline": "true"}}
        world.api.seed(CONFIGMAPS, data)
    world.ticker = world.new_ticker(assemblies.policy())
    world.reader.requests["web"] = 40.0
    await world.tick()
    assert world.status("web")["horizontal"]["target"]["reason"] == "ForcedBaseline"


async def test_without_a_switch_the_policy_acts(world):
    """The same service, nobody's hand on it."""
    world.deploy("web", 2)
    world.autoscale("web", rollout={"mode": "Auto"})
    world.reader.cores_per_pod["web"] = 0.7
    world.reader.requests["web"] = 40.0
    world.ticker = world.new_ticker(assemblies.policy())
    await world.tick()
    assert world.status("web")["horizontal"]["target"]["reason"] == "PolicyActs"


async def test_a_deleted_autoscaler_is_forgotten_and_the_deployment_left(world):
    """Its metrics end with it; the target stands as it was."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    await world.tick()
    world.store.renew([])
    world.ticker.forget_all_but(world.store.all())
    assert world.replicas("web") == 4
    left = [
        sample.name
        for family in world.registry.collect()
        for sample in family.samples
        if "web" in sample.labels.values()
    ]
    assert left == []


async def test_without_measurements_the_size_stays(world):
    """Prometheus knows nothing of the workload: the baseline has no metric, and nothing shrinks."""
    world.deploy("web", 4)
    world.autoscale("web", **BASELINE)
    await world.tick()
    assert world.replicas("web") == 4
    assert world.condition("web", "ScalingActive") == ("False", "FailedGetResourceMetric")


async def test_a_new_object_of_the_same_name_begins_anew(world):
    """Deleted and created again between two ticks: what the old one remembered is not the new one's."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 1.4
    await world.tick()
    first = next(iter(world.ticker._memories.values()))
    manifest = world.api.stored(RLAUTOSCALERS, "shop", "web")
    manifest["metadata"]["uid"] = "another"
    manifest.pop("status")
    world.store.put(manifest)
    world.catch_up("web")
    world.reader.cores_per_pod["web"] = 0.7
    await world.tick()
    second = next(iter(world.ticker._memories.values()))
    assert (first.uid != second.uid, second.changes) == (True, ())


async def test_the_policy_does_not_grow_beyond_the_namespaces_quota(world):
    """The HPA would ask for more and get events of refusal; the policy's size stops where the quota does."""
    world.deploy("web", 2)
    world.autoscale("web", rollout={"mode": "Auto"})
    quota = {
        "metadata": {"namespace": "shop", "name": "q"},
        "spec": {},
        "status": {"hard": {"pods": "2"}, "used": {"pods": "2"}},
    }
    world.caches.resourcequotas.put(quota)
    world.reader.cores_per_pod["web"] = 0.95
    world.reader.requests["web"] = 40.0
    world.ticker = world.new_ticker(assemblies.policy())
    await world.tick()
    assert world.replicas("web") == 2
    assert world.condition("web", "ScalingLimited") == ("True", "QuotaExceeded")

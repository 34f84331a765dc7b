"""The user's hand, and other hands on the same target."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.cluster

AUTO = {"rollout": {"mode": "Auto"}}


def test_pauses_hold_one_or_both_directions(town, operator, tools):
    """`paused-scale-out` stops growth under load; taken away, it grows."""
    town.autoscale("paused", annotations={"rlautoscaler.io/paused-scale-out": "true"}, **AUTO)
    tools.eventually(lambda: town.condition("paused", "Paused") == ("True", "PausedScaleOut"))
    town.rates["paused"] = 130.0
    tools.throughout(lambda: town.size("paused") <= 2, seconds=6)
    town.annotate("paused", "rlautoscaler.io/paused-scale-out-")
    tools.eventually(lambda: town.size("paused") >= 3)
    town.annotate("paused", "rlautoscaler.io/paused=true")
    tools.eventually(lambda: town.condition("paused", "Paused") == ("True", "Paused"))
    size = town.size("paused")
    town.rates["paused"] = 1.0
    tools.throughout(lambda: town.size("paused") == size, seconds=6)
    assert {"Paused", "Unpaused"} <= town.events("paused")


def test_a_pin_holds_the_size_and_says_whose_it_is(town, operator, tools):
    """`paused-replicas` sets and keeps a size, also beyond maxReplicas, and the history calls it Manual."""
    town.autoscale("pinned", annotations={"rlautoscaler.io/paused-replicas": "9"})
    tools.eventually(lambda: town.size("pinned") == 9)
    town.scale("pinned", 4)
    tools.eventually(lambda: town.size("pinned") == 9)
    assert town.status("pinned")["history"][-1]["source"] == "Manual"
    town.annotate("pinned", "rlautoscaler.io/paused-replicas-")
    tools.eventually(lambda: town.size("pinned") <= 8)


def test_force_baseline_takes_the_policy_out(town, operator, tools):
    """By annotation, by the namespace's label and by the ConfigMap: each within a tick or two, status live."""
    town.autoscale("blind", **AUTO)

    def acts() -> str:
        return str(town.status("blind")["horizontal"]["target"]["reason"])

    tools.eventually(lambda: acts() == "PolicyActs")
    town.annotate("blind", "rlautoscaler.io/force-baseline=true")
    tools.eventually(lambda: acts() == "ForcedBaseline", within=5)
    town.annotate("blind", "rlautoscaler.io/force-baseline-")
    tools.eventually(lambda: acts() == "PolicyActs")
    kubectl = town.sandbox.kubectl
    kubectl("label", "namespace", "town", "rlautoscaler.io/force-baseline=true")
    tools.eventually(lambda: acts() == "ForcedBaseline", within=5)
    kubectl("label", "namespace", "town", "rlautoscaler.io/force-baseline-")
    tools.eventually(lambda: acts() == "PolicyActs")
    kubectl(
        "create", "configmap", "rlautoscaler-switch", "-n", "default", "--from-literal=force-baseline=true"
    )
    tools.eventually(lambda: acts() == "ForcedBaseline", within=5)
    kubectl("delete", "configmap", "rlautoscaler-switch", "-n", "default")
    tools.eventually(lambda: acts() == "PolicyActs")


def test_beside_a_real_hpa_nothing_is_written(town, operator, tools):
    """Shadow, the first step: the HPA scales, both proposals and its size are told, the target is not touched."""
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
    }
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "owned"}
    town.apply(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "owned", "namespace": "town"},
            "spec": {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 8, "metrics": [metric]},
        }
    )
    town.autoscale("owned", rollout={"mode": "Shadow"})
    town.rates["owned"] = 120.0
    tools.eventually(lambda: town.size("owned") >= 4, within=40)
    assert town.condition("owned", "AbleToScale") == ("False", "ManagedElsewhere")
    tools.eventually(lambda: town.condition("owned", "Ready")[0] == "True")
    target = tools.eventually(lambda: town.status("owned")["horizontal"]["target"])
    assert target["source"] == "External"
    assert {"baseline", "policy"} <= target.keys()
    sources = tools.eventually(lambda: {change["source"] for change in town.status("owned")["history"]})
    assert sources == {"External"}
    managers = {
        one["manager"] for one in town.get("deployment", "owned")["metadata"].get("managedFields", [])
    }
    assert not any(manager == "rlautoscaler" for manager in managers)


def test_two_autoscalers_on_one_target(town, operator, tools):
    """The older acts; the younger says who does, and writes nothing."""
    town.autoscale("claimed")
    tools.eventually(lambda: town.condition("claimed", "AbleToScale")[0] == "True")
    town.autoscale("latecomer", target="claimed")
    tools.eventually(lambda: town.condition("latecomer", "AbleToScale") == ("False", "ManagedElsewhere"))
    assert town.condition("claimed", "AbleToScale")[0] == "True"
    town.delete("rla", "latecomer")

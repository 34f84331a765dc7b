"""The main job, as a user sees it: an RLAutoscaler beside a Deployment with traffic."""

from __future__ import annotations

import json

import pytest

from rlautoscaler.errors import SandboxError

pytestmark = pytest.mark.cluster

SHADOW, AUTO = {"rollout": {"mode": "Shadow"}}, {"rollout": {"mode": "Auto"}}


def test_a_new_autoscaler_is_decided_and_told(town, operator, tools):
    """Created, it has a status with sizes, signals, both proposals and conditions within seconds."""
    town.autoscale("calm", **SHADOW)
    tools.eventually(lambda: town.condition("calm", "Ready")[0] == "True")
    tools.eventually(lambda: town.condition("calm", "PolicyReady")[0] == "True")
    status = town.status("calm")
    assert status["observedGeneration"] == 1
    assert {"throughput", "latencyP99", "cpu", "memory"} <= {
        one["name"] for one in status["currentMetrics"] if one["state"] == "Known"
    }
    target = status["horizontal"]["target"]
    assert {"baseline", "policy", "applied"} <= target.keys()
    assert (target["source"], target["reason"]) == ("Baseline", "ShadowMode")
    assert operator.probe("/healthz") == 200


def test_the_policy_grows_with_the_load_and_shrinks_after_it(town, operator, tools):
    """In Auto the learned policy's size is written, within the bounds, and the history names it."""
    town.autoscale("web", **AUTO)
    tools.eventually(lambda: town.condition("web", "PolicyReady")[0] == "True")
    town.rates["web"] = 150.0
    tools.eventually(lambda: town.size("web") >= 4, within=40)
    assert "Policy" in {change["source"] for change in town.status("web")["history"]}
    assert "SuccessfulRescale" in town.events("web")
    town.rates["web"] = 10.0
    tools.eventually(lambda: town.size("web") <= 3, within=60)
    assert town.size("web") >= 1


def test_a_changed_spec_is_obeyed_at_the_next_ticks(town, operator, tools):
    """A lower maximum, another mode: observedGeneration follows, and the size."""
    town.autoscale("modes", **SHADOW)
    tools.eventually(lambda: town.condition("modes", "Ready")[0] == "True")
    town.scale("modes", 6)
    tools.eventually(lambda: town.status("modes")["currentReplicas"] == 6)
    town.patch("modes", {"spec": {"maxReplicas": 3, "rollout": {"mode": "Baseline"}}})
    tools.eventually(lambda: town.size("modes") <= 3)
    tools.eventually(lambda: town.status("modes")["observedGeneration"] == 2)
    assert town.status("modes")["rollout"]["stage"] == "Baseline"
    town.patch("modes", {"spec": {"rollout": {"mode": "Auto"}}})
    tools.eventually(lambda: town.status("modes")["rollout"]["stage"] == "Full")


def test_a_deleted_autoscaler_leaves_the_deployment_as_it_stands(town, operator, tools):
    """No finalizer holds it, the size stays, its metrics end."""
    town.autoscale("gone")
    tools.eventually(
        lambda: 'rlautoscaler="gone"' in operator.metrics() or 'name="gone"' in operator.metrics()
    )
    assert "finalizers" not in town.get("rla", "gone")["metadata"]
    size = town.size("gone")
    town.delete("rla", "gone")
    tools.eventually(lambda: '"gone"' not in operator.metrics())
    town.rates["gone"] = 300.0
    tools.throughout(lambda: town.size("gone") == size, seconds=4)


def test_an_idle_service_shrinks_and_its_latency_does_not_apply(town, operator, tools):
    """Zero traffic is a measurement, not a hole in it."""
    town.rates["idle"] = 20.0
    town.autoscale("idle", **AUTO)
    tools.eventually(lambda: town.condition("idle", "PolicyReady")[0] == "True")
    town.rates["idle"] = 0.0
    tools.eventually(lambda: town.size("idle") == 1, within=60)

    def states() -> dict[str, str]:
        return {one["name"]: one["state"] for one in town.status("idle")["currentMetrics"]}

    tools.eventually(lambda: states()["latencyP99"] == "NotApplicable")
    assert states()["throughput"] == "Known"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rollout": {"mode": "Canary"}}, "Canary is not available yet"),
        ({"resources": {"mode": "InPlace"}}, "InPlace is not available yet"),
        ({"policy": {"group": "shop"}}, "not available yet"),
        ({"minReplicas": 9}, "minReplicas must not be above maxReplicas"),
        ({"interval": "5m"}, "interval"),
    ],
)
def test_what_cannot_work_is_refused_at_apply_time(town, tools, change, sentence):
    """With a sentence that says what to change, before anything is stored."""
    with pytest.raises(SandboxError, match=sentence):
        town.apply(tools.autoscaler("refused", **change))


def test_a_target_that_comes_late_is_waited_for(town, operator, tools):
    """FailedGetScale names what is missing; when it comes, scaling begins by itself."""
    town.autoscale("late")
    tools.eventually(lambda: town.condition("late", "AbleToScale") == ("False", "FailedGetScale"))
    assert "FailedGetScale" in town.events("late")
    template = town.get("deployment", "calm")
    town.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "late", "namespace": "town"},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "late"}},
                "template": {
                    "metadata": {"labels": {"app": "late"}},
                    "spec": template["spec"]["template"]["spec"],
                },
            },
        }
    )
    tools.eventually(lambda: town.condition("late", "AbleToScale")[0] == "True")


def test_a_target_without_requests_is_told_what_to_change(town, operator, tools):
    """CPU utilisation needs requests: the condition says so, and the size stays."""
    town.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "bare", "namespace": "town"},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "bare"}},
                "template": {
                    "metadata": {"labels": {"app": "bare"}},
                    "spec": {"containers": [{"name": "app", "image": "none"}]},
                },
            },
        }
    )
    town.autoscale("bare")
    tools.eventually(lambda: town.condition("bare", "ScalingActive") == ("False", "FailedGetResourceMetric"))
    assert town.size("bare") == 2


def test_a_statefulset_is_scaled_too(town, operator, tools):
    """Anything with a scale subresource and an owner chain; here above its maximum, so it is brought down."""
    template = {
        "metadata": {"labels": {"app": "store"}},
        "spec": {"containers": [{"name": "app", "image": "none"}]},
    }
    spec = {
        "replicas": 4,
        "serviceName": "store",
        "selector": {"matchLabels": {"app": "store"}},
        "template": template,
    }
    town.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "store", "namespace": "town"},
            "spec": spec,
        }
    )
    reference = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "store"}
    town.autoscale("store", scaleTargetRef=reference, maxReplicas=2)
    tools.eventually(lambda: town.get("statefulset", "store")["spec"]["replicas"] == 2)


def test_kubectl_explains_and_lists(town, operator, tools):
    """The columns are filled, and the fields are documented."""
    tools.eventually(lambda: town.condition("calm", "Ready")[0] == "True")
    row = json.loads(town.sandbox.kubectl("get", "rla", "calm", "-n", "town", "-o", "json"))
    assert row["status"]["rollout"]["percent"] == 0
    table = town.sandbox.kubectl("get", "rla", "-n", "town", "-o", "wide")
    assert {"TARGET", "MODE", "DESIRED", "RL%", "SOURCE", "READY", "FALLBACK"} <= set(
        table.splitlines()[0].split()
    )
    assert "evidence" in town.sandbox.kubectl("explain", "rla.spec.rollout")

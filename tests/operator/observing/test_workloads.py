"""A target's pods, health and owners, out of the caches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from rlagents.structs.pods import ConditionStatus, Pod, PodPhase
from rlagents.structs.states import Health
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.observing.caches import Caches, Target
from rlautoscaler.observing.workloads import Owner, find, is_never_ready, is_rolling_out, owners

MakePod = Callable[..., Pod]
NOW = 1_700_000_000.0
WEB = Target("shop", "apps", "Deployment", "web")


def owned(name: str, uid: str, owner: str, *, controller: bool = True, **more: Any) -> Manifest:
    reference = {"uid": owner, "controller": controller, "kind": "X", "name": "x"}
    metadata = {"name": name, "namespace": "shop", "uid": uid, "ownerReferences": [reference]}
    return {"metadata": metadata | more.pop("metadata", {}), **more}


def deployment(name: str = "web", uid: str = "d", **status: Any) -> Manifest:
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": uid,
            "generation": 2,
            "annotations": {"deployment.kubernetes.io/revision": "4", "other": "x"},
        },
        "spec": {"replicas": 2},
        "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, **status},
    }


def filled() -> Caches:
    """Deployment web with two ReplicaSets and three pods, a StatefulSet, and pods that only look alike."""
    caches = Caches()
    caches.deployments.put(deployment())
    caches.replicasets.put(owned("web-new", "rs1", "d"))
    caches.replicasets.put(owned("web-old", "rs0", "d"))
    caches.replicasets.put(owned("web-canary-1", "rs9", "canary"))
    caches.statefulsets.put({"metadata": {"name": "db", "namespace": "shop", "uid": "s"}})
    for name, uid, owner in (
        ("web-new-a", "p1", "rs1"),
        ("web-new-b", "p2", "rs1"),
        ("web-old-c", "p3", "rs0"),
        ("web-canary-1-a", "p4", "rs9"),
        ("db-0", "p5", "s"),
    ):
        caches.pods.put(owned(name, uid, owner))
    caches.pods.put(owned("web-mirror", "p6", "rs1", controller=False))
    return caches


def test_the_pods_of_a_deployment_are_found_through_its_replicasets() -> None:
    """Of the old and the new template, and of nobody whose name or labels only look alike."""
    names = [pod.name for pod in find(filled(), WEB).pods]
    assert names == ["web-new-a", "web-new-b", "web-old-c"]


def test_the_pods_of_a_statefulset_are_its_own() -> None:
    """There is nothing between the two."""
    target = Target("shop", "apps", "StatefulSet", "db")
    assert [pod.name for pod in find(filled(), target).pods] == ["db-0"]


def test_a_kind_that_is_not_followed_is_found_by_its_uid() -> None:
    """A controller of another kind that owns ReplicaSets or pods works, if somebody tells its uid."""
    target = Target("shop", "argoproj.io", "Rollout", "web")
    assert find(filled(), target).pods == ()
    assert [pod.name for pod in find(filled(), target, uid="canary").pods] == ["web-canary-1-a"]


def test_a_target_that_does_not_exist_has_no_pods() -> None:
    """No manifest, no pods, no health to speak of."""
    workload = find(filled(), Target("shop", "apps", "Deployment", "none"))
    assert (workload.manifest, workload.pods, workload.revision) == (None, (), "")
    assert workload.health(NOW) == Health()


def test_pods_come_oldest_first() -> None:
    """So that lists do not change their order without a cause."""
    caches = filled()
    for name, created in (("web-new-a", "2023-11-14T22:00:02Z"), ("web-new-b", "2023-11-14T22:00:01Z")):
        caches.pods.put(owned(name, name, "rs1", metadata={"creationTimestamp": created}))
    assert [pod.name for pod in find(caches, WEB).pods] == ["web-old-c", "web-new-b", "web-new-a"]


def test_a_pod_that_changes_hands_or_goes_is_no_longer_found() -> None:
    """The index follows every change."""
    caches = filled()
    caches.pods.put(owned("web-new-a", "p1", "rs9"))
    caches.pods.remove(owned("web-new-b", "p2", "rs1"))
    assert [pod.name for pod in find(caches, WEB).pods] == ["web-old-c"]


def test_the_revision_changes_with_the_template() -> None:
    """A Deployment's revision, a StatefulSet's update revision."""
    caches = filled()
    assert find(caches, WEB).revision == "4"
    caches.statefulsets.put(
        {"metadata": {"name": "db", "namespace": "shop", "uid": "s"}, "status": {"updateRevision": "db-7"}}
    )
    assert find(caches, Target("shop", "apps", "StatefulSet", "db")).revision == "db-7"


def progressing(reason: str) -> list[dict[str, str]]:
    return [{"type": "Available", "reason": "x"}, {"type": "Progressing", "reason": reason}]


@pytest.mark.parametrize(
    ("status", "rolling"),
    [
        pytest.param({}, False, id="settled"),
        pytest.param({"observedGeneration": 1}, True, id="the controller has not seen the newest spec"),
        pytest.param({"replicas": 3, "updatedReplicas": 2}, True, id="pods of the old template exist"),
        pytest.param({"replicas": 1, "updatedReplicas": 1}, False, id="growing only"),
        pytest.param(
            {"conditions": progressing("NewReplicaSetAvailable")}, False, id="the last rollout is done"
        ),
        pytest.param({"conditions": progressing("ReplicaSetUpdated")}, True, id="a rollout makes progress"),
        pytest.param({"conditions": progressing("ProgressDeadlineExceeded")}, True, id="a rollout is stuck"),
        pytest.param({"conditions": progressing("DeploymentPaused")}, False, id="paused between rollouts"),
    ],
)
def test_a_deployment_rolls_out_between_two_templates(status: dict[str, Any], rolling: bool) -> None:
    """Changing its size is no rollout."""
    assert is_rolling_out(deployment(**status)) is rolling


@pytest.mark.parametrize(
    ("spec", "status", "rolling"),
    [
        pytest.param({}, {}, False, id="settled"),
        pytest.param({}, {"updateRevision": "b", "updatedReplicas": 1}, True, id="one of three updated"),
        pytest.param({}, {"updateRevision": "b", "updatedReplicas": 3}, False, id="all updated"),
        pytest.param(
            {"updateStrategy": {"rollingUpdate": {"partition": 2}}},
            {"updateRevision": "b", "updatedReplicas": 1},
            False,
            id="all above the partition updated",
        ),
        pytest.param(
            {"updateStrategy": {"type": "OnDelete"}},
            {"updateRevision": "b", "updatedReplicas": 1},
            False,
            id="updated when somebody deletes",
        ),
        pytest.param({}, {"observedGeneration": 1}, True, id="not seen yet"),
    ],
)
def test_a_statefulset_rolls_out_by_its_revisions(
    spec: dict[str, Any], status: dict[str, Any], rolling: bool
) -> None:
    """Two revisions are a rollout while pods that shall be updated are not."""
    manifest = {
        "metadata": {"generation": 2},
        "spec": {"replicas": 3, **spec},
        "status": {"observedGeneration": 2, "replicas": 3, "currentRevision": "a", "updateRevision": "a"}
        | status,
    }
    assert is_rolling_out(manifest) is rolling


def test_a_replicaset_never_rolls_out() -> None:
    """It has one template for its life."""
    caches = Caches()
    caches.replicasets.put(owned("web", "rs", "d", metadata={"generation": 5}))
    assert not find(caches, Target("shop", "apps", "ReplicaSet", "web")).health(NOW).rolling_out


NOT_READY = {"readiness": ConditionStatus.FALSE}


@pytest.mark.parametrize(
    ("fields", "never"),
    [
        pytest.param({"age": 3600.0}, False, id="ready"),
        pytest.param({"age": 299.0, **NOT_READY}, False, id="still within its patience"),
        pytest.param({"age": 301.0, **NOT_READY}, True, id="never since it started"),
        pytest.param(
            {"age": 3600.0, **NOT_READY, "readiness_changed_at": NOW - 60},
            False,
            id="ready before: overloaded or ill",
        ),
        pytest.param(
            {"age": 3600.0, "started_at": None, "phase": PodPhase.PENDING, "readiness": None},
            True,
            id="no node for an hour",
        ),
        pytest.param(
            {"age": 3600.0, "readiness": None, "readiness_changed_at": None}, True, id="no condition"
        ),
    ],
)
def test_a_pod_is_never_ready_when_it_should_long_have_been(
    make_pod: MakePod, fields: dict[str, Any], never: bool
) -> None:
    """A pod that was ready once is another matter."""
    assert is_never_ready(make_pod("web-1", **fields), NOW) is never


def test_health_counts_living_pods_alone() -> None:
    """Pods that crash and pods that never came up, but not those that are being deleted."""
    caches = Caches()
    caches.deployments.put(deployment(replicas=9, updatedReplicas=2))
    caches.replicasets.put(owned("web-new", "rs1", "d"))
    crash = {
        "containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
        "phase": "Running",
    }
    for number, (status, gone) in enumerate(((crash, None), (crash, "2023-11-14T22:00:00Z"), ({}, None))):
        metadata = {"creationTimestamp": "2023-11-14T21:00:00Z"}
        if gone:
            metadata["deletionTimestamp"] = gone
        caches.pods.put(owned(f"web-{number}", f"p{number}", "rs1", metadata=metadata, status=status))
    assert find(caches, WEB).health(NOW) == Health(rolling_out=True, crash_looping=1, never_ready=2)


def reference(**fields: str) -> dict[str, str]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"} | fields


def claim(name: str, spec: dict[str, Any]) -> Manifest:
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec}


@pytest.mark.parametrize(
    ("kind", "spec", "found"),
    [
        pytest.param("hpas", {"scaleTargetRef": reference()}, ["HorizontalPodAutoscaler a"], id="an HPA"),
        pytest.param("hpas", {"scaleTargetRef": reference(name="other")}, [], id="an HPA of another"),
        pytest.param(
            "hpas", {"scaleTargetRef": reference(kind="StatefulSet")}, [], id="an HPA of another kind"
        ),
        pytest.param(
            "hpas",
            {"scaleTargetRef": reference(apiVersion="apps/v1beta2")},
            ["HorizontalPodAutoscaler a"],
            id="another version of the same group",
        ),
        pytest.param(
            "scaledobjects", {"scaleTargetRef": {"name": "web"}}, ["ScaledObject a"], id="KEDA, kind left out"
        ),
        pytest.param("scaledobjects", {}, [], id="KEDA without a target"),
        pytest.param("vpas", {"targetRef": reference()}, ["VerticalPodAutoscaler a"], id="a VPA that acts"),
        pytest.param(
            "vpas",
            {"targetRef": reference(), "updatePolicy": {"updateMode": "Off"}},
            [],
            id="a VPA that only recommends",
        ),
    ],
)
def test_others_who_size_the_target_are_its_owners(kind: str, spec: dict[str, Any], found: list[str]) -> None:
    """By what they refer to; in another namespace the same name is another target."""
    caches = Caches()
    getattr(caches, kind).put(claim("a", spec))
    assert [str(owner) for owner in owners(caches, WEB)] == found
    assert owners(caches, Target("bank", "apps", "Deployment", "web")) == ()


def test_an_owner_that_is_deleted_owns_nothing() -> None:
    """The claim ends with the object."""
    caches = Caches()
    hpa = claim("a", {"scaleTargetRef": reference()})
    caches.hpas.put(hpa)
    assert owners(caches, WEB) == (Owner("HorizontalPodAutoscaler", "a"),)
    caches.hpas.remove(hpa)
    assert owners(caches, WEB) == ()


def test_a_thousand_deployments_are_joined_quickly() -> None:
    """Finding the pods of every one costs no walk over all others: 10,000 pods in well under a second."""
    caches = Caches()
    for number in range(1000):
        caches.deployments.put(deployment(f"d{number}", f"d{number}"))
        for old in range(3):
            caches.replicasets.put(owned(f"d{number}-{old}", f"rs{number}-{old}", f"d{number}"))
        for pod in range(10):
            caches.pods.put(owned(f"d{number}-0-{pod}", f"p{number}-{pod}", f"rs{number}-0"))
    began = time.process_time()
    found = [find(caches, Target("shop", "apps", "Deployment", f"d{number}")) for number in range(1000)]
    assert time.process_time() - began < 2.0
    assert {len(workload.pods) for workload in found} == {10}

"""From manifests to pods, and what is kept of a manifest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlagents.structs.pods import ConditionStatus, Container, InitContainer, Pod, PodPhase
from rlautoscaler.observing import shapes
from rlautoscaler.observing.pods import moment, parsed


def manifest(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "web-1",
            "namespace": "shop",
            "uid": "u1",
            "creationTimestamp": "2023-11-14T22:13:20Z",
            "labels": {"app": "web"},
            "managedFields": [{"manager": "x"}],
            "ownerReferences": [
                {"uid": "rs", "controller": True, "kind": "ReplicaSet", "blockOwnerDeletion": True}
            ],
        },
        "spec": {
            "nodeName": "n1",
            "containers": [
                {
                    "name": "app",
                    "image": "x",
                    "env": [{"name": "A"}],
                    "resources": {"requests": {"cpu": "250m", "memory": "64Mi"}, "limits": {"cpu": 1}},
                }
            ],
            "initContainers": [
                {"name": "migrate", "resources": {"requests": {"cpu": "4"}}},
                {"name": "proxy", "restartPolicy": "Always", "resources": {"requests": {"cpu": "10m"}}},
            ],
        },
        "status": {
            "phase": "Running",
            "startTime": "2023-11-14T22:13:25Z",
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {"type": "Ready", "status": "True", "lastTransitionTime": "2023-11-14T22:13:30Z"},
            ],
            "containerStatuses": [
                {
                    "name": "app",
                    "restartCount": 3,
                    "imageID": "sha256:0",
                    "lastState": {
                        "terminated": {"reason": "OOMKilled", "finishedAt": "2023-11-14T22:13:22Z"}
                    },
                }
            ],
            **status,
        },
    }


def test_a_running_pod_is_understood() -> None:
    """Times in seconds, quantities in milli-units, sidecars apart from containers that only initialise."""
    assert parsed(manifest()) == Pod(
        name="web-1",
        phase=PodPhase.RUNNING,
        created_at=1_700_000_000.0,
        started_at=1_700_000_005.0,
        readiness=ConditionStatus.TRUE,
        readiness_changed_at=1_700_000_010.0,
        containers=(Container("app", {"cpu": 250, "memory": 64 * 1024**2 * 1000}, {"cpu": 1000}),),
        sidecars=(Container("proxy", {"cpu": 10}),),
        restarts=3,
        last_terminated_reason="OOMKilled",
        last_terminated_at=1_700_000_002.0,
        init_containers=(InitContainer("migrate", {"cpu": 4000}),),
    )


def test_what_runs_before_the_containers_is_kept_in_its_order() -> None:
    """Each init container knows how many sidecars run by the time it starts."""
    body = manifest()
    proxy = {"restartPolicy": "Always"}
    body["spec"]["initContainers"] = [
        {"name": "a"},
        {"name": "p"} | proxy,
        {"name": "b"},
        {"name": "q"} | proxy,
    ]
    found = parsed(body)
    assert [(one.name, one.sidecars_before) for one in found.init_containers] == [("a", 0), ("b", 1)]
    assert [one.name for one in found.sidecars] == ["p", "q"]


def test_what_quotas_charge_and_ask_is_kept() -> None:
    """Its own requests and limits (`spec.resources`), what its runtime class adds, and what scopes look at."""
    body = manifest()
    body["spec"]["resources"] = {"requests": {"cpu": "2"}, "limits": {"cpu": "3", "memory": "1Gi"}}
    body["spec"]["overhead"] = {"cpu": "250m", "memory": "120Mi"}
    body["spec"] |= {"priorityClassName": "gold", "activeDeadlineSeconds": 0}
    body["status"]["qosClass"] = "Burstable"
    found = parsed(body)
    assert (found.qos_class, found.priority_class, found.has_deadline) == ("Burstable", "gold", True)
    assert (found.pod_requests, found.pod_limits) == ({"cpu": 2000}, {"cpu": 3000, "memory": 1024**3 * 1000})
    assert found.overhead == {"cpu": 250, "memory": 120 * 1024**2 * 1000}
    assert (found.request("cpu"), found.limit("cpu")) == (2250, 3000)


def test_a_pod_being_deleted_is_marked() -> None:
    """A deletion timestamp is enough."""
    body = manifest()
    body["metadata"]["deletionTimestamp"] = "2023-11-14T22:14:00Z"
    assert parsed(body).deleting


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [
        pytest.param([], "", id="nobody waits"),
        pytest.param([{"state": {"running": {}}}], "", id="running"),
        pytest.param(
            [{"state": {"waiting": {"reason": "ContainerCreating"}}}], "ContainerCreating", id="one"
        ),
        pytest.param(
            [{"state": {"waiting": {"reason": "A"}}}, {"state": {"waiting": {"reason": "B"}}}],
            "A",
            id="the first",
        ),
        pytest.param(
            [
                {"state": {"waiting": {"reason": "ContainerCreating"}}},
                {"state": {"waiting": {"reason": "CrashLoopBackOff"}}},
            ],
            "CrashLoopBackOff",
            id="a crash loop before all others",
        ),
        pytest.param([{"state": {"waiting": {}}}], "", id="waiting for no reason"),
    ],
)
def test_the_reason_to_wait_is_found(statuses: list[dict[str, Any]], reason: str) -> None:
    """Of the first container that waits, unless another one crashes."""
    assert parsed(manifest(containerStatuses=statuses)).waiting_reason == reason


def test_the_last_end_counts() -> None:
    """Of several containers that ended, the latest says why."""
    ends = [
        {"lastState": {"terminated": {"reason": "OOMKilled", "finishedAt": "2023-11-14T22:13:22Z"}}},
        {"lastState": {"terminated": {"reason": "Error", "finishedAt": "2023-11-14T22:13:29Z"}}},
    ]
    assert parsed(manifest(containerStatuses=ends)).last_terminated_reason == "Error"


@pytest.mark.parametrize(
    "body", [{}, {"metadata": None, "spec": None, "status": None}, {"spec": {"containers": []}}]
)
def test_an_empty_pod_is_a_pod_of_unknown_phase(body: dict[str, Any]) -> None:
    """What is not set is not set; nothing fails."""
    assert parsed(body).phase is PodPhase.UNKNOWN
    assert not parsed(body).is_ready


def test_a_quantity_that_is_none_counts_as_not_set() -> None:
    """Such a container has no limit that anybody could rely on."""
    body = manifest()
    body["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "much", "memory": "1Gi"}}
    assert parsed(body).containers[0].limits == {"memory": 1024**3 * 1000}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-11-14T22:13:20Z", 1_700_000_000.0),
        ("2023-11-14T22:13:20.500000Z", 1_700_000_000.5),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000.0),
        ("", None),
        ("yesterday", None),
        (None, None),
        (12, None),
    ],
)
def test_times_are_seconds_since_the_epoch(text: Any, expected: float | None) -> None:
    """Both of Kubernetes' ways to write one; anything else is none."""
    assert moment(text) == expected


def test_pods_of_one_template_share_their_containers() -> None:
    """Ten thousand equal pods hold one container in memory, which nobody can change for all of them."""
    first, second = parsed(manifest()), parsed(manifest())
    assert first.containers[0] is second.containers[0]
    with pytest.raises(TypeError):
        first.containers[0].requests["cpu"] = 1  # type: ignore[index]


def test_only_what_deciding_needs_is_kept() -> None:
    """Images, environments, labels and managed fields go; sizes, resources and states stay."""
    body = {
        "metadata": {"name": "web", "uid": "d", "generation": 3, "labels": {"a": "b"}, "managedFields": [{}]},
        "spec": {
            "replicas": 2,
            "template": {"spec": {"containers": [{"name": "app", "image": "x", "env": []}]}},
        },
        "status": {"replicas": 2, "conditions": [{"type": "Progressing", "lastUpdateTime": "x"}]},
    }
    assert shapes.picked(body, shapes.DEPLOYMENT) == {
        "metadata": {"name": "web", "uid": "d", "generation": 3},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "app"}]}}},
        "status": {"replicas": 2, "conditions": [{"type": "Progressing"}]},
    }


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "metadata",
                    "spec",
                    "status",
                    "name",
                    "containers",
                    "conditions",
                    "type",
                    "ownerReferences",
                    "state",
                ]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["metadata", "spec", "status"]), _JSON))
def test_no_manifest_can_break_the_trimming(body: dict[str, Any]) -> None:
    """Whatever JSON arrives, trimming names what fits and leaves out the rest."""
    for shape in (
        shapes.POD,
        shapes.DEPLOYMENT,
        shapes.STATEFULSET,
        shapes.HPA,
        shapes.VPA,
        shapes.NAMESPACE,
    ):
        kept = shapes.picked(body, shape)
        assert kept.keys() <= body.keys()

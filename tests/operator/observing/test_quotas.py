"""How many more pods fit into a namespace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rlagents.structs.pods import Container, InitContainer, Pod, PodPhase
from rlautoscaler.observing import quotas

SIZE = {"cpu": 500, "memory": 256 * 2**20 * 1000}
POD = Pod(
    "web-1",
    PodPhase.RUNNING,
    0.0,
    containers=(Container("app", requests=SIZE, limits={**SIZE, "cpu": 1000}),),
)
BARE = Pod("bare-1", PodPhase.RUNNING, 0.0, containers=(Container("app"),))


def quota(hard: dict[str, str], used: dict[str, str], **spec) -> dict[str, object]:
    return {"spec": spec, "status": {"hard": hard, "used": used}}


def selector(scope: str, operator: str, *values: str) -> dict[str, object]:
    expression = {"scopeName": scope, "operator": operator} | ({"values": list(values)} if values else {})
    return {"scopeSelector": {"matchExpressions": [expression]}}


@pytest.mark.parametrize(
    ("sentence", "found", "pod", "expected"),
    [
        ("without a quota nothing limits", [], POD, None),
        ("pods are counted", [quota({"pods": "10"}, {"pods": "7"})], POD, 3),
        (
            "CPU requests: 1.2 cores left are two pods of half a core",
            [quota({"requests.cpu": "4"}, {"requests.cpu": "2800m"})],
            POD,
            2,
        ),
        ("cpu alone means requests", [quota({"cpu": "4"}, {"cpu": "2800m"})], POD, 2),
        ("limits count by themselves", [quota({"limits.cpu": "4"}, {"limits.cpu": "2800m"})], POD, 1),
        ("memory in binary units", [quota({"requests.memory": "1Gi"}, {"requests.memory": "512Mi"})], POD, 2),
        (
            "the tightest of several binds",
            [quota({"pods": "9"}, {"pods": "1"}), quota({"requests.cpu": "1"}, {})],
            POD,
            2,
        ),
        ("what is overdrawn leaves nothing", [quota({"pods": "3"}, {"pods": "5"})], POD, 0),
        (
            "other resources are none of a pod's",
            [quota({"services": "1", "requests.storage": "1Gi"}, {})],
            POD,
            None,
        ),
        (
            "a pod that requests nothing takes nothing",
            [quota({"requests.cpu": "1"}, {"requests.cpu": "1"})],
            BARE,
            None,
        ),
        ("no pod is known yet: only their number", [quota({"pods": "2", "requests.cpu": "0"}, {})], None, 2),
        (
            "the overhead of its runtime is charged, too",
            [quota({"requests.cpu": "4"}, {"requests.cpu": "2800m"})],
            replace(POD, overhead={"cpu": 200}),
            1,
        ),
        (
            "and what its start needs at most",
            [quota({"requests.cpu": "4"}, {"requests.cpu": "2800m"})],
            replace(POD, init_containers=(InitContainer("migrate", {"cpu": 1100}),)),
            1,
        ),
        (
            "other resources than CPU and memory",
            [quota({"requests.example.com/gpu": "4"}, {"requests.example.com/gpu": "1"})],
            replace(POD, containers=(Container("app", {"example.com/gpu": 1000}),)),
            3,
        ),
        ("what cannot be read limits nothing", [quota({"pods": "many"}, {})], POD, None),
        ("a quota that was never reckoned limits nothing", [{"spec": {}, "status": {}}], POD, None),
    ],
)
def test_room(sentence, found, pod, expected):
    """The room is that of the tightest quota for one more pod of the same size."""
    assert quotas.room(found, pod) == expected, sentence


BURSTABLE = replace(POD, qos_class="Burstable", priority_class="gold")
BEST_EFFORT = replace(BARE, qos_class="BestEffort")
JOB = replace(BURSTABLE, has_deadline=True)


@pytest.mark.parametrize(
    ("sentence", "scopes", "pod", "counts"),
    [
        ("it requests something", {"scopes": ["NotBestEffort"]}, BURSTABLE, True),
        ("it requests nothing", {"scopes": ["NotBestEffort"]}, BEST_EFFORT, False),
        ("it requests nothing, which is meant", {"scopes": ["BestEffort"]}, BEST_EFFORT, True),
        ("it requests something, which is not", {"scopes": ["BestEffort"]}, BURSTABLE, False),
        ("nobody has told its class: not this", {"scopes": ["NotBestEffort"]}, POD, False),
        ("nobody has told its class: nor that", {"scopes": ["BestEffort"]}, POD, False),
        ("it runs on", {"scopes": ["NotTerminating"]}, BURSTABLE, True),
        ("it has a deadline", {"scopes": ["NotTerminating"]}, JOB, False),
        ("it has a deadline, which is meant", {"scopes": ["Terminating"]}, JOB, True),
        ("it runs on, which is not", {"scopes": ["Terminating"]}, BURSTABLE, False),
        ("all scopes include it", {"scopes": ["NotBestEffort", "NotTerminating"]}, BURSTABLE, True),
        ("one of two does not", {"scopes": ["NotBestEffort", "Terminating"]}, BURSTABLE, False),
        ("a scope and a selector", {"scopes": ["Terminating"], **selector("PriorityClass", "Exists")}, BURSTABLE, False),
        ("selectors name the same scopes", selector("NotBestEffort", "Exists"), BURSTABLE, True),
        ("its priority is among those", selector("PriorityClass", "In", "gold", "silver"), BURSTABLE, True),
        ("its priority is another", selector("PriorityClass", "In", "silver"), BURSTABLE, False),
        ("any priority but those", selector("PriorityClass", "NotIn", "silver"), BURSTABLE, True),
        ("any priority but its own", selector("PriorityClass", "NotIn", "gold"), BURSTABLE, False),
        ("it has no priority, so none of those", selector("PriorityClass", "NotIn", "gold"), POD, True),
        ("any priority", selector("PriorityClass", "Exists"), BURSTABLE, True),
        ("any priority, and it has none", selector("PriorityClass", "Exists"), POD, False),
        ("no priority", selector("PriorityClass", "DoesNotExist"), POD, True),
        ("no priority, and it has one", selector("PriorityClass", "DoesNotExist"), BURSTABLE, False),
        ("affinities are not followed", {"scopes": ["CrossNamespacePodAffinity"]}, BURSTABLE, False),
        ("an operator of the future", selector("PriorityClass", "Gt", "gold"), BURSTABLE, False),
        ("no pod is known yet", {"scopes": ["NotTerminating"]}, None, False),
    ],
)  # fmt: skip
def test_scopes(sentence, scopes, pod, counts):
    """A quota with scopes counts where all of them surely include the pod; else the API server judges."""
    assert quotas.room([quota({"pods": "3"}, {"pods": "1"}, **scopes)], pod) == (2 if counts else None), (
        sentence
    )

"""How many more pods fit into a namespace."""

from __future__ import annotations

import pytest

from rlagents.structs.pods import Container, Pod, PodPhase
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
            "a quota with scopes is the API server's to judge",
            [quota({"pods": "0"}, {}, scopes=["BestEffort"])],
            POD,
            None,
        ),
        ("what cannot be read limits nothing", [quota({"pods": "many"}, {})], POD, None),
        ("a quota that was never reckoned limits nothing", [{"spec": {}, "status": {}}], POD, None),
    ],
)
def test_room(sentence, found, pod, expected):
    """The room is that of the tightest quota for one more pod of the same size."""
    assert quotas.room(found, pod) == expected, sentence

"""What the simulated kubelets do, seen through the API server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from rlautoscaler.sandbox import behaviours
from rlautoscaler.sandbox.behaviours import Behaviour
from rlautoscaler.sandbox.planes import Sandbox

pytestmark = pytest.mark.cluster

Manifest = dict[str, Any]


class Namespace:
    """Pods of one test."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self._sandbox = sandbox
        self._name = name

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self._sandbox.kubectl("-n", self._name, *arguments, stdin=stdin)

    def create(
        self, name: str = "web", *, containers: list[Manifest] | None = None, **annotations: Any
    ) -> None:
        """A pod with these annotations, `startup_delay=1` for `sandbox.rlautoscaler.io/startup-delay: "1"`."""
        named = {behaviours.PREFIX + key.replace("_", "-"): str(value) for key, value in annotations.items()}
        resources = {
            "requests": {"cpu": "100m", "memory": "64Mi"},
            "limits": {"cpu": "200m", "memory": "64Mi"},
        }
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "annotations": named},
            "spec": {"containers": containers or [{"name": "app", "image": "web", "resources": resources}]},
        }
        self.kubectl("create", "-f", "-", stdin=json.dumps(pod))

    def get(self, name: str = "web") -> Manifest:
        pod: Manifest = json.loads(self.kubectl("get", "pod", name, "-o", "json"))
        return pod

    def annotate(self, key: str, value: str, name: str = "web") -> None:
        self.kubectl("annotate", "pod", name, f"{key}={value}", "--overwrite")

    def remove_annotation(self, key: str, name: str = "web") -> None:
        self.kubectl("annotate", "pod", name, f"{key}-")

    def wait(
        self, condition: Callable[[Manifest], bool], seconds: float = 20.0, name: str = "web"
    ) -> Manifest:
        deadline = time.monotonic() + seconds
        while not condition(pod := self.get(name)):
            assert time.monotonic() < deadline, json.dumps(pod["status"], indent=1)
            time.sleep(0.1)
        return pod


@pytest.fixture
def namespace(sandbox: Sandbox) -> Iterator[Namespace]:
    name = f"stages-{uuid4().hex[:6]}"
    sandbox.kubectl("create", "namespace", name)
    yield Namespace(sandbox, name)
    sandbox.kubectl("delete", "namespace", name, "--wait=false")


def condition(pod: Manifest, kind: str) -> Manifest:
    found = [each for each in pod["status"].get("conditions", []) if each["type"] == kind]
    return found[0] if found else {}


def is_ready(pod: Manifest) -> bool:
    return bool(condition(pod, "Ready").get("status") == "True")


def container(pod: Manifest) -> Manifest:
    statuses = pod["status"].get("containerStatuses") or [{}]
    status: Manifest = statuses[0]
    return status


def waits_in_backoff(pod: Manifest) -> bool:
    return bool(container(pod).get("state", {}).get("waiting", {}).get("reason") == "CrashLoopBackOff")


def seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).astimezone(UTC).timestamp()


def test_a_pod_runs_at_once_and_is_ready_after_its_start_up_delay(namespace: Namespace) -> None:
    """The containers start first; Ready follows after the annotated seconds, within a tenth."""
    namespace.create(startup_delay=4)
    started = namespace.wait(lambda pod: pod["status"]["phase"] == "Running")
    began = time.monotonic()
    assert not is_ready(started)
    assert container(started)["state"]["running"]["startedAt"]
    assert condition(started, "Ready")["reason"] == "ContainersNotReady"
    ready = namespace.wait(is_ready)
    assert 3.0 < time.monotonic() - began < 5.0
    lag = seconds(condition(ready, "Ready")["lastTransitionTime"]) - seconds(ready["status"]["startTime"])
    assert 3 <= lag <= 5  # timestamps are whole seconds
    assert "reason" not in condition(ready, "Ready")


def test_status_shows_the_resources_that_are_in_force(namespace: Namespace) -> None:
    """`resources` and `allocatedResources` equal the specification, without which a resize would be refused."""
    namespace.create(startup_delay=0)
    pod = namespace.wait(is_ready)
    spec = pod["spec"]["containers"][0]["resources"]
    assert container(pod)["resources"] == spec
    assert container(pod)["allocatedResources"] == spec["requests"]
    assert pod["status"]["observedGeneration"] == pod["metadata"]["generation"]


def test_changes_meanwhile_do_not_put_off_readiness(namespace: Namespace) -> None:
    """A pod that is patched all the time becomes Ready when a quiet one would."""
    namespace.create(startup_delay=3)
    namespace.wait(lambda pod: pod["status"]["phase"] == "Running")
    began = time.monotonic()
    while not is_ready(namespace.get()):
        assert time.monotonic() - began < 5.0
        namespace.annotate("example.org/touched", str(time.monotonic()))


def test_sidecars_run_and_other_init_containers_have_ended(namespace: Namespace) -> None:
    """Init containers are completed, those with restart policy Always run with their resources."""
    namespace.create("plain", startup_delay=0)
    pod = namespace.get("plain")
    pod["metadata"] = {"name": "web", "annotations": {behaviours.STARTUP_DELAY: "0"}}
    pod["spec"] = {
        "initContainers": [
            {"name": "setup", "image": "setup"},
            {
                "name": "proxy",
                "image": "proxy",
                "restartPolicy": "Always",
                "resources": {"requests": {"cpu": "10m"}},
            },
        ],
        "containers": [{"name": "app", "image": "web"}],
    }
    namespace.kubectl("create", "-f", "-", stdin=json.dumps(pod))
    setup, proxy = namespace.wait(is_ready)["status"]["initContainerStatuses"]
    assert setup["state"]["terminated"]["reason"] == "Completed"
    assert proxy["state"]["running"]
    assert proxy["resources"] == {"requests": {"cpu": "10m"}}


def test_a_never_ready_pod_runs_and_stays_unready(namespace: Namespace) -> None:
    """It does not become Ready until the annotation is removed."""
    namespace.create(startup_delay=0, behaviour=Behaviour.NEVER_READY)
    namespace.wait(lambda pod: pod["status"]["phase"] == "Running")
    time.sleep(1.5)
    assert not is_ready(namespace.get())
    namespace.remove_annotation(behaviours.BEHAVIOUR)
    namespace.wait(is_ready)


def test_a_ready_pod_can_lose_its_readiness(namespace: Namespace) -> None:
    """The annotation works on a pod that is Ready already."""
    namespace.create(startup_delay=0)
    namespace.wait(is_ready)
    namespace.annotate(behaviours.BEHAVIOUR, Behaviour.NEVER_READY)
    pod = namespace.wait(lambda pod: not is_ready(pod))
    assert pod["status"]["phase"] == "Running"
    assert container(pod)["ready"] is False


def test_a_crash_loop_restarts_again_and_again(namespace: Namespace) -> None:
    """It waits in CrashLoopBackOff after exit code 1, runs, and crashes anew, never Ready."""
    namespace.create(behaviour=Behaviour.CRASH_LOOP, crash_delay=0.3, restart_delay=0.5)
    pod = namespace.wait(lambda pod: container(pod).get("restartCount", 0) >= 3)
    pod = namespace.wait(waits_in_backoff)
    assert container(pod)["lastState"]["terminated"]["exitCode"] == 1
    assert container(pod)["lastState"]["terminated"]["reason"] == "Error"
    assert not is_ready(pod)
    namespace.remove_annotation(behaviours.BEHAVIOUR)
    namespace.wait(is_ready)


def test_an_out_of_memory_kill_comes_after_ready_and_heals(namespace: Namespace) -> None:
    """The pod is Ready, is killed with 137 OOMKilled, waits, and is Ready again with one restart."""
    # Without a start-up delay KWOK may begin the Ready stage inside the start's, and play the kill twice.
    namespace.create(startup_delay=1, behaviour=Behaviour.OOM_KILLED, oom_delay=2, restart_delay=4)
    namespace.wait(is_ready)
    pod = namespace.wait(waits_in_backoff)
    ended = container(pod)["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
    assert not is_ready(pod)
    namespace.remove_annotation(behaviours.BEHAVIOUR)
    assert container(namespace.wait(is_ready))["restartCount"] == 1


def test_a_slow_image_pull_keeps_the_pod_pending(namespace: Namespace) -> None:
    """The container waits in ContainerCreating for the pull's seconds, and starts then."""
    namespace.create(startup_delay=0, behaviour=Behaviour.SLOW_PULL, pull_delay=3)
    pod = namespace.wait(lambda pod: bool(container(pod)))
    began = time.monotonic()
    assert pod["status"]["phase"] == "Pending"
    assert container(pod)["state"]["waiting"]["reason"] == "ContainerCreating"
    namespace.wait(is_ready)
    assert 2.0 < time.monotonic() - began < 4.5


def resize(namespace: Namespace, *, request: str, limit: str) -> None:
    resources = {"requests": {"cpu": request}, "limits": {"cpu": limit}}
    patch = {"spec": {"containers": [{"name": "app", "resources": resources}]}}
    namespace.kubectl("patch", "pod", "web", "--subresource=resize", "-p", json.dumps(patch))


def cpu_in_force(pod: Manifest) -> str:
    cpu: str = container(pod)["resources"]["limits"]["cpu"]
    return cpu


def test_a_resize_in_place_is_in_progress_and_then_in_force(namespace: Namespace) -> None:
    """The condition comes and goes, the allocation changes first, nothing restarts, and Ready stays."""
    namespace.create(startup_delay=0, resize_delay=2)
    namespace.wait(is_ready)
    resize(namespace, request="250m", limit="500m")
    going = namespace.wait(lambda pod: bool(condition(pod, "PodResizeInProgress")))
    assert cpu_in_force(going) == "200m"
    assert container(going)["allocatedResources"]["cpu"] == "250m"
    done = namespace.wait(lambda pod: cpu_in_force(pod) == "500m")
    assert not condition(done, "PodResizeInProgress")
    assert container(done)["restartCount"] == 0
    assert is_ready(done)
    assert done["status"]["observedGeneration"] == done["metadata"]["generation"]


def test_a_resize_restarts_a_container_whose_policy_says_so(namespace: Namespace) -> None:
    """With RestartContainer for CPU the restart count rises and the pod is Ready again afterwards."""
    resources = {"requests": {"cpu": "100m"}, "limits": {"cpu": "200m"}}
    policy = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]
    containers = [{"name": "app", "image": "web", "resources": resources, "resizePolicy": policy}]
    namespace.create(startup_delay=0, resize_delay=0, containers=containers)
    namespace.wait(is_ready)
    resize(namespace, request="250m", limit="500m")
    pod = namespace.wait(lambda pod: cpu_in_force(pod) == "500m")
    assert container(pod)["restartCount"] == 1
    namespace.wait(is_ready, seconds=2)


@pytest.mark.parametrize("outcome", list(behaviours.ResizeOutcome))
def test_a_refused_resize_is_told_in_a_condition(
    namespace: Namespace, outcome: behaviours.ResizeOutcome
) -> None:
    """PodResizePending carries the reason, the old values stay, and without the annotation it goes through."""
    namespace.create(startup_delay=0, resize=outcome, resize_delay=0)
    namespace.wait(is_ready)
    resize(namespace, request="250m", limit="500m")
    pod = namespace.wait(lambda pod: bool(condition(pod, "PodResizePending")))
    assert condition(pod, "PodResizePending")["reason"] == outcome.title()
    assert cpu_in_force(pod) == "200m"
    namespace.remove_annotation(behaviours.RESIZE)
    pod = namespace.wait(lambda pod: cpu_in_force(pod) == "500m")
    assert not condition(pod, "PodResizePending")


def test_a_deleted_pod_is_gone_after_its_shut_down_delay(namespace: Namespace) -> None:
    """Deletion takes the annotated seconds, not the grace period."""
    namespace.create(startup_delay=0, shutdown_delay=2)
    namespace.wait(is_ready)
    began = time.monotonic()
    namespace.kubectl("delete", "pod", "web", "--timeout=20s")
    assert 1.5 < time.monotonic() - began < 5.0


def test_a_lost_node_is_not_ready_until_it_is_back(sandbox: Sandbox) -> None:
    """The annotation takes a node out of scheduling, and its removal brings it back."""

    def node_is_ready() -> bool:
        node = json.loads(sandbox.kubectl("get", "node", "node-2", "-o", "json"))
        return bool(next(c for c in node["status"]["conditions"] if c["type"] == "Ready")["status"] == "True")

    def wait_for(expected: bool) -> None:
        deadline = time.monotonic() + 15
        while node_is_ready() is not expected:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    wait_for(True)
    sandbox.kubectl("annotate", "node", "node-2", f"{behaviours.BEHAVIOUR}={Behaviour.NODE_NOT_READY}")
    wait_for(False)
    sandbox.kubectl("annotate", "node", "node-2", f"{behaviours.BEHAVIOUR}-")
    wait_for(True)


def test_a_hundred_pods_start_together(namespace: Namespace) -> None:
    """A burst is Ready within seconds of its start-up delay, so that scale-ups show the policy, not the sandbox."""
    namespace.kubectl("create", "deployment", "burst", "--image=web", "--replicas=100")
    began = time.monotonic()
    namespace.kubectl("rollout", "status", "deployment/burst", "--timeout=60s")
    assert time.monotonic() - began < 20


def test_the_readme_names_every_annotation() -> None:
    """The stages' documentation and the constants agree."""
    readme = (Path(behaviours.__file__).parent / "stages" / "README.md").read_text()
    names = [value for key, value in vars(behaviours).items() if key.isupper() and key != "PREFIX"]
    assert [name for name in names if f"`{name.removeprefix(behaviours.PREFIX)}`" not in readme] == []

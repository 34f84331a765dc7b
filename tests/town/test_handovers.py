"""From the cluster's HPA to ours and back, as docs/handover.md tells it: every write of the size is watched."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TextIO

import pytest
import yaml

from rlautoscaler.cli import main
from rlautoscaler.sandbox import binaries, components

pytestmark = pytest.mark.cluster

WINDOW = 10
"""Seconds for which the HPA holds back from shrinking: somebody without its memory would shrink at once."""
HPA, OURS = "kube-controller-manager", "rlautoscaler"


class Write(NamedTuple):
    """One size that somebody wrote."""

    replicas: int
    by: str
    """Field manager of the scale."""


_SCALER = '{.metadata.managedFields[?(@.subresource=="scale")].manager}'


@contextmanager
def recorded(town, name: str) -> Iterator[list[Write]]:
    """Every size that a Deployment is given, in order; the first is the one that was found."""
    command = [
        *(str(binaries.find(components.KUBECTL)), f"--kubeconfig={town.sandbox.kubeconfig}", "-n", "town"),
        *("get", "deployment", name, "--watch", "-o", "jsonpath={.spec.replicas} " + _SCALER + '{"\\n"}'),
    ]
    writes: list[Write] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        thread = threading.Thread(target=_take, args=(process.stdout, writes), daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + 10
            while not writes:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield writes
            assert process.poll() is None, "the watch ended too early to have seen everything"
        finally:
            process.kill()
            thread.join(5)


def _take(stream: TextIO, writes: list[Write]) -> None:
    for line in stream:
        size, _, manager = line.rstrip("\n").partition(" ")
        if not writes or writes[-1].replicas != int(size):
            # The controller manager adds its version and platform.
            writes.append(Write(int(size), HPA if manager.startswith(HPA) else manager))


def hpa(name: str):
    """An HPA that a change of load moves within seconds."""
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}},
    }
    rate = {"type": "Percent", "value": 100, "periodSeconds": 1}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "town"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "maxReplicas": 8,
            "metrics": [metric],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": WINDOW, "policies": [rate]}},
        },
    }


def imported(town, name: str, monkeypatch, capsys):
    """What `rlautoscaler import hpa` prints, at the suite's pace: a second stands for fifteen."""
    arguments = [name, "-n", "town", f"--kubeconfig={town.sandbox.kubeconfig}", "--preset=istio"]
    monkeypatch.setattr(sys, "argv", ["rlautoscaler", "import", "hpa", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert not ended.value.code
    manifest = yaml.safe_load(capsys.readouterr().out)
    manifest["spec"] |= {"interval": "1s"}
    manifest["spec"]["metrics"] |= {"window": "5s", "staleAfter": "6s"}
    return manifest


def follows(town, name: str, size: int) -> bool:
    """Whether ours computes this size beside the one who acts."""
    target = town.status(name)["horizontal"]["target"]
    return bool(target["reason"] == "ManagedElsewhere" and target["baseline"] == size)


def quiet(writes: list[Write], seconds: float) -> Callable[[], bool]:
    """A check that something was written, and nothing since for so long: a step of load settles in steps."""
    seen, since = len(writes), time.monotonic()

    def check() -> bool:
        nonlocal seen, since
        if len(writes) != seen:
            seen, since = len(writes), time.monotonic()
        return seen > 1 and time.monotonic() - since >= seconds

    return check


def select(town, name: str, policy: str) -> None:
    """Freeze an HPA in both directions, or thaw it: `kubectl apply` would leave alone what it did not write."""
    rules = {direction: {"selectPolicy": policy} for direction in ("scaleUp", "scaleDown")}
    patch = json.dumps({"spec": {"behavior": rules}})
    town.sandbox.kubectl("patch", "hpa", name, "-n", "town", "--type=merge", "-p", patch)


def test_nothing_scales_between_the_hpa_and_ours_nor_on_the_way_back(
    town, operator, tools, monkeypatch, capsys
):
    """Under steady load no size is written in the whole hand-over; a step of it is followed by who has it then."""
    town.rates["heir"] = 80.0
    town.apply(hpa("heir"))
    tools.eventually(lambda: town.size("heir") == 3)
    manifest = imported(town, "heir", monkeypatch, capsys)
    assert manifest["spec"]["rollout"] == {"mode": "Shadow"}
    town.apply(manifest)
    tools.eventually(lambda: follows(town, "heir", 3))
    with recorded(town, "heir") as writes:
        town.delete("hpa", "heir")
        tools.eventually(lambda: town.condition("heir", "AbleToScale")[0] == "True")
        tools.throughout(lambda: [one.replicas for one in writes] == [3], seconds=WINDOW / 2)
        town.rates["heir"] = 140.0
        tools.eventually(quiet(writes, WINDOW / 2), within=60)
        assert writes[-1] == (5, OURS)
        before = len(writes)
        town.apply(hpa("heir"))
        tools.eventually(lambda: follows(town, "heir", 5))
        town.delete("rla", "heir")
        tools.throughout(lambda: len(writes) == before, seconds=WINDOW / 2)
        town.rates["heir"] = 50.0
        tools.eventually(lambda: writes[-1].replicas <= 3)
        assert {one.by for one in writes[1:before]} == {OURS}
        assert {one.by for one in writes[before:]} == {HPA}


def test_a_frozen_hpa_is_a_way_back(town, operator, tools, monkeypatch, capsys):
    """With both of its directions disabled it lets ours scale by annotation, and takes over when it thaws."""
    town.rates["trial"] = 80.0
    town.apply(hpa("trial"))
    tools.eventually(lambda: town.size("trial") == 3)
    town.apply(imported(town, "trial", monkeypatch, capsys))
    tools.eventually(lambda: follows(town, "trial", 3))
    with recorded(town, "trial") as writes:
        select(town, "trial", "Disabled")
        town.annotate("trial", "rlautoscaler.io/transfer-ownership=true")
        tools.eventually(lambda: town.condition("trial", "AbleToScale")[0] == "True")
        tools.throughout(lambda: [one.replicas for one in writes] == [3], seconds=3)
        town.rates["trial"] = 140.0
        tools.eventually(lambda: writes[-1] == (5, OURS))
        town.annotate("trial", "rlautoscaler.io/transfer-ownership-")
        tools.eventually(lambda: follows(town, "trial", 5))
        select(town, "trial", "Max")
        before = len(writes)
        tools.throughout(lambda: len(writes) == before, seconds=3)
        town.rates["trial"] = 190.0
        tools.eventually(lambda: writes[-1].by == HPA)
        assert {one.by for one in writes[1:before]} == {OURS}

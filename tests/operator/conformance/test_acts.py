"""Acts, carried out on an API server in memory: at their times, on both twins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import DEPLOYMENTS, HORIZONTALPODAUTOSCALERS, PODS, RLAUTOSCALERS
from rlautoscaler.conformance import manifests
from rlautoscaler.conformance.acts import Actor
from rlautoscaler.conformance.instruments import Instruments
from rlautoscaler.conformance.scenarios import (
    NAMESPACE,
    Act,
    Edit,
    Level,
    Moment,
    Quantity,
    Release,
    Resize,
    Restart,
    Scenario,
    Sicken,
    twins,
)
from rlautoscaler.sandbox import pods


@dataclass
class Stage:
    api: FakeKubeApi
    actor: Actor
    instruments: Instruments
    restarts: list[float]

    def stored(self, resource: Any, name: str) -> Any:
        return self.api.stored(resource, NAMESPACE, name)


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """Both twins with a ready pod each."""
    api = FakeKubeApi()
    restarts: list[float] = []
    for twin in twins(scenario):
        api.seed(DEPLOYMENTS, manifests.deployment(twin))
        pod = {
            "metadata": {"name": f"{twin.name}-1", "namespace": NAMESPACE, "labels": {}},
            "spec": {"containers": [{"name": "app"}]},
            "status": {
                "phase": "Running",
                "conditions": [
                    {"type": "PodScheduled", "status": "True"},
                    {"type": "Ready", "status": "True"},
                ],
            },
        }
        api.seed(PODS, pod)
    theirs, ours = twins(scenario)
    api.seed(HORIZONTALPODAUTOSCALERS, manifests.hpa(theirs))
    api.seed(RLAUTOSCALERS, manifests.autoscaler(ours))
    instruments = Instruments(
        [scenario], lambda name: [pods.pod(api.stored(PODS, NAMESPACE, f"{name}-1"))], lambda: 0.0
    )

    async def restart() -> None:
        restarts.append(asyncio.get_running_loop().time())

    return Stage(api, Actor(api, instruments, restart), instruments, restarts)


async def test_an_edit_meets_both_autoscalers(stage: Stage, scenario: Scenario) -> None:
    """The HPA's field and the RLAutoscaler's take the same value."""
    await stage.actor.act(scenario, Edit({"maxReplicas": 7}))
    assert stage.stored(HORIZONTALPODAUTOSCALERS, "made-hpa")["spec"]["maxReplicas"] == 7
    assert stage.stored(RLAUTOSCALERS, "made-rla")["spec"]["maxReplicas"] == 7


@pytest.mark.parametrize(
    ("act", "look"),
    [
        (Resize(9), lambda deployment: deployment["spec"]["replicas"] == 9),
        (
            Release("2"),
            lambda deployment: "2" in deployment["spec"]["template"]["metadata"]["annotations"].values(),
        ),
    ],
)
async def test_an_act_on_deployments_meets_both(
    stage: Stage, scenario: Scenario, act: Act, look: Callable[[Any], bool]
) -> None:
    """A hand, or a new version, comes to both twins."""
    await stage.actor.act(scenario, act)
    assert all(look(stage.stored(DEPLOYMENTS, twin.name)) for twin in twins(scenario))


async def test_sick_pods_are_not_ready_and_stay_so(stage: Stage, scenario: Scenario) -> None:
    """Their other conditions stay as they were, and KWOK is told not to heal them."""
    await stage.actor.act(scenario, Sicken(1))
    for twin in twins(scenario):
        pod = stage.stored(PODS, f"{twin.name}-1")
        conditions = {one["type"]: one["status"] for one in pod["status"]["conditions"]}
        assert conditions == {"PodScheduled": "True", "Ready": "False"}
        assert "never-ready" in pod["metadata"]["annotations"].values()
        assert stage.instruments.ready(twin) == []


def test_every_act_has_its_time(stage: Stage, scenario: Scenario, run_virtually: Any) -> None:
    """In order, each at its moment; the play lasts as long as the scenario."""
    played = replace(scenario, moments=(Moment(3.0, Level(Quantity.CPU, 0.4)), Moment(12.0, Restart())))

    async def play() -> float:
        loop = asyncio.get_running_loop()
        await stage.actor.play(played, loop.time())
        return loop.time()

    assert run_virtually(play()) == pytest.approx(60.0)
    assert stage.restarts == [pytest.approx(12.0)]
    usage = (stage.instruments.pod_metrics(NAMESPACE) or [])[0]["containers"][0]["usage"]["cpu"]
    assert usage == "400000000n"

"""What the metrics APIs say of pods, by the acts so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rlautoscaler.conformance import worlds
from rlautoscaler.conformance.instruments import Instruments
from rlautoscaler.conformance.scenarios import Hide, Level, Quantity, Resize, Scenario, Silence
from rlautoscaler.conformance.worlds import World
from rlautoscaler.sandbox.pods import PodView

NOW = 1_795_000_000.9


@pytest.fixture
def view() -> Callable[..., PodView]:
    def make(name: str, *, ready: bool = True, phase: str = "Running") -> PodView:
        return PodView(name, "made-hpa", {"app": "made"}, phase, ready, "app", 0.5, 0.25, None, 0.0)

    return make


def cpu(items: list[dict[str, Any]]) -> dict[str, str]:
    return {item["metadata"]["name"]: item["containers"][0]["usage"]["cpu"] for item in items}


def test_ready_pods_share_the_demand(view: Callable[..., PodView]) -> None:
    """Pods that start take no part and burn what starting pods burn; pending ones have no sample."""
    world = World({Quantity.CPU: 0.3, Quantity.STARTING: 0.4})
    pods = [view("a"), view("b"), view("c", ready=False), view("d", ready=False, phase="Pending")]
    assert cpu(worlds.pod_metrics(world, pods, NOW)) == {
        "a": "150000000n",
        "b": "150000000n",
        "c": "400000000n",
    }


def test_no_pod_uses_more_than_its_limit(view: Callable[..., PodView]) -> None:
    """A demand beyond what the pods can serve is cut, as a kernel cuts it."""
    assert cpu(worlds.pod_metrics(World({Quantity.CPU: 9.0}), [view("a")], NOW)) == {"a": "500000000n"}


def test_hidden_pods_serve_without_a_sample(view: Callable[..., PodView]) -> None:
    """The demand is shared among all ready pods; only so many of them report it."""
    world = World({Quantity.CPU: 0.3}).after(Hide(2))
    items = worlds.pod_metrics(world, [view("a"), view("b"), view("c")], NOW)
    assert cpu(items) == {"c": "100000000n"}
    assert cpu(worlds.pod_metrics(world.after(Hide(0)), [view("a")], NOW)) == {"a": "300000000n"}


def test_times_are_told_in_whole_seconds(view: Callable[..., PodView]) -> None:
    """As metrics-server tells them, cut and not rounded."""
    item = worlds.pod_metrics(World({}), [view("a")], NOW)[0]
    assert item["timestamp"] == worlds.written(1_795_000_000.0)


def test_acts_on_objects_leave_the_world(scenario: Scenario) -> None:
    """Who resizes a Deployment changes no demand."""
    world = worlds.beginning(scenario)
    assert world.after(Resize(3)) == world


def test_a_silent_quantity_has_no_answer(scenario: Scenario, view: Callable[..., PodView]) -> None:
    """A silent twin's pods are left out; a silent object or external metric is not answered for."""
    instruments = Instruments([scenario], lambda service: [view(f"{service}-1")], lambda: NOW)
    assert len(instruments.pod_metrics("twins") or ()) == 2
    for quantity in Quantity:
        instruments.act(scenario, Silence(quantity))
    assert instruments.pod_metrics("twins") == []
    assert instruments.pod_values("twins", "requests") == []
    assert instruments.object_values("twins", "ingresses", "made", "hits") is None
    assert instruments.external_values("twins", "queue-made") is None
    assert instruments.external_values("twins", "queue-of-nobody") is None


def test_levels_reach_every_kind_of_metric(scenario: Scenario, view: Callable[..., PodView]) -> None:
    """Custom metrics of pods are shared, those of objects and external ones are told as they are."""
    instruments = Instruments([scenario], lambda service: [view("a"), view("b")], lambda: NOW)
    for quantity, value in ((Quantity.REQUESTS, 9), (Quantity.HITS, 8), (Quantity.QUEUE, 7.5)):
        instruments.act(scenario, Level(quantity, value))
    _, pod_value = (instruments.pod_values("twins", "requests") or [])[0]
    object_value = (instruments.object_values("twins", "ingresses", "made", "hits") or [])[0]
    external_value = (instruments.external_values("twins", "queue-made") or [])[0]
    assert (pod_value["value"], object_value["value"], external_value["value"]) == ("4500m", "8000m", "7500m")


def test_the_second_container_reports_too(view: Callable[..., PodView]) -> None:
    """Where a scenario has a sidecar, its usage is its own and not shared."""
    world = replace(World({Quantity.CPU: 0.1}), levels={Quantity.CPU: 0.1, Quantity.SIDECAR: 0.04})
    item = worlds.pod_metrics(world, [view("a"), view("b")], NOW)[0]
    assert [one["usage"]["cpu"] for one in item["containers"]] == ["50000000n", "40000000n"]

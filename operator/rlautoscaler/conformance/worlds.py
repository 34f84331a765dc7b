"""What is true of a scenario's twins by the acts so far, and what the metrics APIs say of each pod. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.conformance import manifests, paces
from rlautoscaler.conformance.scenarios import NAMESPACE, Act, Hide, Level, Quantity, Scenario, Silence
from rlautoscaler.sandbox.pods import PodView
from rlautoscaler.sandbox.services import CONTAINER

_MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class World:
    """Levels and gaps, equal for both twins of a scenario."""

    levels: Mapping[Quantity, float]
    hidden: int = 0
    """Ready pods without samples."""
    silent: frozenset[Quantity] = field(default_factory=frozenset)

    def after(self, act: Act) -> World:
        """The world after an act; those that concern objects of the cluster leave it as it is."""
        match act:
            case Level(quantity, value):
                return replace(self, levels={**self.levels, quantity: value})
            case Hide(pods):
                return replace(self, hidden=pods)
            case Silence(quantity, is_silent):
                silent = self.silent | {quantity} if is_silent else self.silent - {quantity}
                return replace(self, silent=silent)
        return self

    def level(self, quantity: Quantity) -> float:
        """What a twin has of it as a whole; 0 where nothing was said."""
        return self.levels.get(quantity, 0.0)


def beginning(scenario: Scenario) -> World:
    """Before the first act."""
    return World(dict(scenario.levels))


def pod_metrics(
    world: World, pods: Sequence[PodView], now: float, *, window: int = paces.SAMPLE_WINDOW
) -> list[Manifest]:
    """`PodMetrics` of one twin's running pods, those without samples left out; `window` in seconds."""
    running = [pod for pod in _reporting(world, pods) if pod.is_running]
    return [_pod_metrics(world, pod, _ready(pods), now, window) for pod in running]


def pod_values(world: World, pods: Sequence[PodView], now: float) -> list[tuple[PodView, Manifest]]:
    """The custom metric of one twin's pods; those that are not ready have none."""
    ready = _ready(pods)
    each = world.level(Quantity.REQUESTS) / max(1, ready)
    return [
        (pod, _metric_value({"kind": "Pod", "name": pod.name, "apiVersion": "/v1"}, "requests", each, now))
        for pod in _reporting(world, pods)
        if pod.is_ready
    ]


def object_value(world: World, kind: str, name: str, metric: str, now: float) -> Manifest:
    """The custom metric of an object."""
    return _metric_value({"kind": kind, "name": name}, metric, world.level(Quantity.HITS), now)


def external_value(world: World, metric: str, now: float) -> Manifest:
    """The external metric, as one series."""
    value = _milli(world.level(Quantity.QUEUE))
    return {"metricName": metric, "metricLabels": {}, "timestamp": written(now), "value": value}


def written(now: float) -> str:
    """A time as the APIs write it: in whole seconds."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ready(pods: Sequence[PodView]) -> int:
    return sum(pod.is_ready for pod in pods)


def _reporting(world: World, pods: Sequence[PodView]) -> list[PodView]:
    """All but the first of the ready ones by name: which is hidden does not matter, how many are does."""
    hidden = {pod.name for pod in sorted(pods, key=_name) if pod.is_ready}
    kept = set(sorted(hidden)[world.hidden :])
    return [pod for pod in pods if not pod.is_ready or pod.name in kept]


def _name(pod: PodView) -> str:
    return pod.name


def _pod_metrics(world: World, pod: PodView, ready: int, now: float, window: int) -> Manifest:
    cores = world.level(Quantity.CPU) / ready if pod.is_ready else world.level(Quantity.STARTING)
    memory = world.level(Quantity.MEMORY) / ready if pod.is_ready else 0.0
    containers = [_usage(CONTAINER, min(cores, manifests.LIMIT), memory)]
    if Quantity.SIDECAR in world.levels:
        containers.append(_usage(manifests.SIDECAR, world.level(Quantity.SIDECAR), 0.0))
    return {
        "apiVersion": "metrics.k8s.io/v1beta1",
        "kind": "PodMetrics",
        "metadata": {"name": pod.name, "namespace": NAMESPACE, "labels": dict(pod.labels)},
        "timestamp": written(now),
        "window": f"{window}s",
        "containers": containers,
    }


def _usage(container: str, cores: float, memory: float) -> Manifest:
    usage = {"cpu": f"{round(cores * 1e9)}n", "memory": f"{round(memory * _MEBIBYTE / 1024)}Ki"}
    return {"name": container, "usage": usage}


def _metric_value(described: Manifest, metric: str, value: float, now: float) -> Manifest:
    return {
        "describedObject": described | {"namespace": NAMESPACE},
        "metric": {"name": metric},
        "timestamp": written(now),
        "value": _milli(value),
    }


def _milli(value: float) -> str:
    return f"{round(value * 1000)}m"

"""The metrics APIs' figures of all twins at this moment: the worlds meet the pods that the cluster has."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.conformance import worlds
from rlautoscaler.conformance.scenarios import Act, Quantity, Scenario, Twin, twins
from rlautoscaler.conformance.worlds import World
from rlautoscaler.sandbox.pods import PodView


class Instruments:
    """A `Figures` of the adapter.

    Args:
        scenarios: all that run.
        pods: the pods of a service at this moment.
        clock: seconds since the epoch.

    """

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        pods: Callable[[str], Sequence[PodView]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._worlds = {scenario.name: worlds.beginning(scenario) for scenario in scenarios}
        self._twins = [twin for scenario in scenarios for twin in twins(scenario)]
        self._pods = pods
        self._clock = clock

    def act(self, scenario: Scenario, act: Act) -> None:
        """Change the scenario's world."""
        self._worlds[scenario.name] = self._worlds[scenario.name].after(act)

    def pod_metrics(self, namespace: str) -> list[Manifest] | None:
        """See `Figures`. A silent twin's pods are left out, or all others would be silent with it."""
        now = self._clock()
        return [manifest for twin in self._heard(Quantity.CPU) for manifest in self._pod_metrics(twin, now)]

    def pod_values(self, namespace: str, metric: str) -> list[tuple[Mapping[str, str], Manifest]] | None:
        """See `Figures`."""
        now = self._clock()
        return [
            (pod.labels, manifest)
            for twin in self._heard(Quantity.REQUESTS)
            for pod, manifest in worlds.pod_values(self._world(twin), self._pods(twin.name), now)
        ]

    def object_values(self, namespace: str, kind: str, name: str, metric: str) -> list[Manifest] | None:
        """See `Figures`. The object has the scenario's name."""
        world = self._worlds.get(name)
        if world is None or Quantity.HITS in world.silent:
            return None
        return [worlds.object_value(world, kind, name, metric, self._clock())]

    def external_values(self, namespace: str, metric: str) -> list[Manifest] | None:
        """See `Figures`. The scenario's name is the end of the metric's."""
        world = self._worlds.get(metric.partition("-")[2])
        if world is None or Quantity.QUEUE in world.silent:
            return None
        return [worlds.external_value(world, metric, self._clock())]

    def ready(self, twin: Twin) -> list[str]:
        """Names of the twin's ready pods."""
        return sorted(pod.name for pod in self._pods(twin.name) if pod.is_ready)

    def _pod_metrics(self, twin: Twin, now: float) -> list[Manifest]:
        return worlds.pod_metrics(
            self._world(twin), self._pods(twin.name), now, window=twin.scenario.sample_window
        )

    def _heard(self, quantity: Quantity) -> list[Twin]:
        return [twin for twin in self._twins if quantity not in self._world(twin).silent]

    def _world(self, twin: Twin) -> World:
        return self._worlds[twin.scenario.name]

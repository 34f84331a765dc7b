"""HPAs and clusters by chance, from a seed: hypothesis alone would draw simple cases far too often.

Times, windows and periods come from one small set, so that ages are equal to windows all the time; usages and
targets are round, so that ratios lie at the tolerance.
"""

from __future__ import annotations

import random
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from rlagents.policies import hpa
from rlagents.policies.hpa.arrays import observations
from rlagents.structs.pods import ConditionStatus, Container, InitContainer, Pod, PodPhase, PodSample

SPANS = (0.0, 0.5, 15.0, 30.0, 60.0, 285.0, 300.0, 315.0)
"""Seconds: ages, windows and periods are all of these."""
USAGES = (0, 1, 90, 99, 100, 101, 110, 111, 250, 499, 500, 1000, 2000, 5000)
ODD = (-1, -150, -999, 2**40)
"""Below zero, and so large that sizes are cut at 32 bits."""
K = hpa.MetricKind

KINDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (K.RESOURCE, "cpu", ("utilization",)),
    (K.RESOURCE, "cpu", ("average_value",)),
    (K.RESOURCE, "memory", ("utilization",)),
    (K.RESOURCE, "cpu", ("utilization", "average_value")),
    (K.CONTAINER_RESOURCE, "cpu", ("utilization",)),
    (K.CONTAINER_RESOURCE, "memory", ("average_value",)),
    (K.PODS, "cpu", ("average_value",)),
    (K.OBJECT, "hits", ("value",)),
    (K.OBJECT, "hits", ("average_value",)),
    (K.OBJECT, "hits", ("value", "average_value")),
    (K.EXTERNAL, "queue", ("value",)),
    (K.EXTERNAL, "queue", ("average_value",)),
    (K.EXTERNAL, "queue", ("value", "average_value")),
)
DEFECTIVE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (K.RESOURCE, "cpu", ()),
    (K.PODS, "hits", ("utilization",)),
    (K.EXTERNAL, "queue", ()),
    ("Weather", "rain", ("value",)),
)
"""Without a target of their kind's sort, or of no known kind."""


class Dice(random.Random):
    """Everything that a pass may meet."""

    def hits(self, share: float) -> bool:
        """True in this share of all throws."""
        return self.random() < share

    def parameters(self) -> hpa.HpaParameters:
        return hpa.HpaParameters(
            tolerance=self.choice([0.0, 0.1, 0.1]),
            cpu_initialization_period=self.choice([60.0, 300.0]),
            initial_readiness_delay=self.choice([15.0, 30.0]),
            downscale_window=self.choice([0.0, 60.0, 300.0]),
            scale_up_limit_factor=self.choice([1.5, 2.0]),
            scale_up_limit_minimum=self.choice([1.0, 4.0]),
            configurable_tolerance=self.hits(0.8),
            pod_level_resources=self.hits(0.8),
            scale_to_zero=self.hits(0.8),
        )

    def policy(self) -> hpa.Policy:
        kind = self.choice(list(hpa.PolicyKind))
        value = self.choice([1, 4, 10, 33, 50, 100, 150]) if self.hits(0.98) else 2**31 - 1
        return hpa.Policy(kind, value, self.choice(SPANS[1:]))

    def direction(self) -> hpa.ScalingRules:
        policies = tuple(self.policy() for _ in range(self.choice([0, 1, 1, 2, 3])))
        return hpa.ScalingRules(
            window=self.choice([None, *SPANS]),
            select=self.choice([None, *hpa.SelectPolicy]),
            policies=policies if self.hits(0.7) else None,
            tolerance=self.choice([None, 0.0, 0.01, 0.1, 1.0]),
        )

    def specs(self) -> list[hpa.HpaSpec]:
        """Some HPAs of one structure."""
        count = self.choice([1, 1, 2, 3]) if self.hits(0.98) else 0
        structure = [self.choice(KINDS if self.hits(0.96) else DEFECTIVE) for _ in range(count)]
        with_behavior = self.hits(0.5)
        return [self.spec(structure, with_behavior) for _ in range(self.randint(1, 4))]

    def spec(self, structure, with_behavior: bool) -> hpa.HpaSpec:
        metrics = tuple(
            hpa.MetricSpec(
                kind,
                name,
                hpa.MetricTarget(**{target: self.target() for target in targets}),
                container=self.choice(["app", "proxy"]) if kind is K.CONTAINER_RESOURCE else "",
                selector=f"n={number}",
            )
            for number, (kind, name, targets) in enumerate(structure)
        )
        # A minimum of 0 that nothing could wake from is refused by the API, yet both forms must agree on it.
        can_wake = any(metric.is_of_the_world for metric in metrics)
        low = self.randint(0 if can_wake or self.hits(0.2) else 1, 3)
        behavior = hpa.Behavior(self.direction(), self.direction()) if with_behavior else None
        return hpa.HpaSpec(max(1, low + self.choice([0, 1, 4, 12])), low, metrics, behavior)

    def target(self) -> int:
        return self.choice([50, 99, 100, 101, 200, 400]) if self.hits(0.98) else self.choice([0, 1, -50])

    def usage(self) -> int:
        return self.choice(USAGES if self.hits(0.96) else ODD)

    def logs(self, now: float) -> hpa.HpaLogs | None:
        """None at first sight, or what other passes may have left."""
        if self.hits(0.4):
            return None
        ups, downs = ([self.event(now) for _ in range(self.randint(0, 4))] for _ in range(2))
        noted = [
            hpa.Recommendation(self.randint(0, 12), now - self.choice(SPANS))
            for _ in range(self.randint(0, 5))
        ]
        return hpa.HpaLogs(None if self.hits(0.1) else tuple(noted), tuple(ups), tuple(downs))

    def event(self, now: float) -> hpa.ScaleEvent:
        return hpa.ScaleEvent(self.randint(0, 5), now - self.choice(SPANS), self.hits(0.3))

    def pod(self, name: str, now: float) -> Pod:
        """Mostly one that runs, at any stage of its start."""
        changed, started = now - self.choice(SPANS), now - self.choice(SPANS)
        requests = {"cpu": self.choice([100, 500]), "memory": self.choice([0, 0, 1000])}
        sidecar = Container("proxy", {"cpu": 100, "memory": 500})
        # Few name nothing at all, or CPU alone: one such pod fails the metric for its whole service.
        asked = self.choice(["cpu", ""]) if self.hits(0.04) else "both"
        return Pod(
            name=name,
            phase=PodPhase.RUNNING if self.hits(0.8) else self.choice(list(PodPhase)),
            created_at=0.0,
            started_at=None if self.hits(0.05) else started,
            readiness=self.choice([None, *ConditionStatus, *[ConditionStatus.TRUE] * 4]),
            readiness_changed_at=None if self.hits(0.1) else changed,
            deleting=self.hits(0.1),
            containers=(
                Container("app", {key: requests[key] for key in requests if asked in (key, "both")}),
            ),
            sidecars=(sidecar,) if asked == "both" and self.hits(0.9) else (),
            init_containers=(InitContainer("setup", {"cpu": 700}),) if self.hits(0.1) else (),
            pod_requests={"cpu": 300} if self.hits(0.1) or (asked == "cpu" and self.hits(0.5)) else {},
            overhead={"cpu": 50} if self.hits(0.1) else {},
        )

    def observed(self, spec: hpa.HpaSpec, now: float) -> observations.Observed:
        """Pods, and answers for most of them and at times for a stray."""
        fleet = tuple(self.pod(f"p{place}", now) for place in range(self.choice([0, 1, 2, 3, 5, 8])))
        answers = 0.8 if self.hits(0.6) else 1.0
        names = [pod.name for pod in fleet if self.hits(answers)] + ["stray"] * self.hits(0.2)
        rows = tuple(self.row(name, now) for name in names)
        figures = [
            hpa.PodFigure(name, self.usage(), now - self.choice(SPANS), self.choice([None, 30.0]))
            for name in names
        ]
        read = [metric for metric in spec.metrics if self.hits(0.9)]
        readings = hpa.Readings(
            pods={metric: figures for metric in read if metric.kind == K.PODS},
            objects={metric: self.series() for metric in read if metric.kind == K.OBJECT},
            external={
                metric: [self.series() for _ in range(self.randint(0, 3))]
                for metric in read
                if metric.kind == K.EXTERNAL
            },
        )
        return observations.Observed(
            spec, fleet, rows if self.hits(0.9) else self.choice([(), None]), readings
        )

    def row(self, name: str, now: float) -> PodSample:
        resources = {"cpu": self.usage(), "memory": self.usage()}
        parts = {part: resources for part in ("app", "proxy") if self.hits(0.95)}
        return PodSample(name, parts, now - self.choice(SPANS), 30.0)

    def series(self) -> int:
        return self.usage() if self.hits(0.96) else 2**63 - 1

    def scale(self, current: int) -> hpa.ScaleObservation:
        selector = self.choice(list(hpa.Selector)) if self.hits(0.05) else hpa.Selector.VALID
        return hpa.ScaleObservation(current, self.choice([current, self.randint(0, 8)]), selector)

    def littered(self, table: Any, used: Any) -> Any:
        """The arrays of a structure with anything in their unused slots; others stay as they are."""
        changes = {}
        for field in fields(table):
            array = getattr(table, field.name)
            if isinstance(array, np.ndarray) and array.shape == used.shape and array is not used:
                changes[field.name] = np.where(used, array, self.litter(array.dtype))
        return replace(table, **changes)

    def litter(self, kind: np.dtype) -> Any:
        choices: dict[str, list[Any]] = {
            "b": [True],
            "i": [-7, 0, 1, 3, 10_000],
            "f": [np.nan, 0.0, 1e5 + 30, 1e9],
        }
        return np.array(self.choice(choices[kind.kind]), kind)

    def littered_metric(self, metric: Any, pods: Any) -> Any:
        """A metric with anything where it has no pod, no sample and no figure."""
        if hasattr(metric, "samples"):
            metric = replace(metric, samples=self.littered(metric.samples, metric.samples.known))
        if hasattr(metric, "requests"):
            metric = replace(metric, requests=np.where(pods.exists, metric.requests, self.litter(metric.requests.dtype)))  # fmt: skip
        if hasattr(metric, "figure"):
            metric = replace(
                metric, figure=np.where(metric.known, metric.figure, self.litter(metric.figure.dtype))
            )
        return metric


@pytest.fixture(scope="session")
def dice() -> type[Dice]:
    """Called with a seed."""
    return Dice

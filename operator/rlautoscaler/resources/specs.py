"""`spec` of the custom resource: what the user asks for. The operator never writes it.

These models are the only source of the schema (`schemas` derives the CRD from them). Field docstrings are
what `kubectl explain` shows: meaning, unit, default, consequence.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from rlautoscaler.resources import durations, texts
from rlautoscaler.resources.baselines import Baseline, MetricType
from rlautoscaler.resources.containers import Resources
from rlautoscaler.resources.documents import Part
from rlautoscaler.resources.metrics import Metrics
from rlautoscaler.resources.objectives import Objective
from rlautoscaler.resources.policies import Policy
from rlautoscaler.resources.rollouts import Rollout, Safety
from rlautoscaler.resources.rules import Rule

_OF_THE_WORLD = (MetricType.OBJECT, MetricType.EXTERNAL)

LARGEST_SIZE = 150_000
"""Pods that one cluster is built for; a larger bound is a slip of the hand."""


class ScaleTargetRef(Part):
    """What is scaled: an object of the same namespace with a `scale` subresource."""

    place = "scaleTargetRef"

    apiVersion: Annotated[str, texts.API_VERSION] = "apps/v1"
    """Its group and version. Default `apps/v1`."""

    kind: Annotated[str, texts.KIND] = "Deployment"
    """Its kind, as `Deployment` or `StatefulSet`. Default `Deployment`."""

    name: Annotated[str, texts.OBJECT_NAME]
    """Its name. Required."""


class Spec(Part):
    """What the user asks for. Required are `scaleTargetRef`, `maxReplicas` and one of `objective.latency`,
    `objective.errorRate` and `objective.saturation`."""

    own_rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.minReplicas <= self.maxReplicas",
            holds=lambda spec: spec.minReplicas <= spec.maxReplicas,
            message="minReplicas must not be above maxReplicas",
            field="minReplicas",
        ),
        Rule(
            cel="self.minReplicas > 0 || self.baseline.metrics.exists(m, m.type in ['Object', 'External'])",
            holds=lambda spec: (
                spec.minReplicas > 0 or any(metric.type in _OF_THE_WORLD for metric in spec.baseline.metrics)
            ),
            message="minReplicas 0 needs a baseline metric of type Object or External, readable without pods",
            field="minReplicas",
        ),
    )

    scaleTargetRef: ScaleTargetRef
    """Required."""

    minReplicas: Annotated[int, Field(ge=0, le=LARGEST_SIZE)] = 1
    """Fewest replicas. Default 1. Neither the baseline nor the policy goes below. 0 needs a baseline metric
    of type `Object` or `External`, which can be read while there are no pods; it is the baseline that goes to
    0 and back, the policy stops at 1. With the operator's setting `--no-hpa-scale-to-zero` it is refused."""

    maxReplicas: Annotated[int, Field(ge=1, le=LARGEST_SIZE)]
    """Most replicas. Required. Neither the baseline nor the policy goes above, whatever the load."""

    interval: Annotated[str, durations.between("1s", "60s", usual="15s")] = "15s"
    """Time between two decisions, as a duration from 1s to 60s. Default `15s`, as the HPA's. Shorter reacts
    sooner only where metrics are scraped as often."""

    objective: Objective
    """Required."""

    metrics: Metrics = Metrics()
    """Default: CPU and memory from cAdvisor."""

    baseline: Baseline = Baseline()
    """Default: CPU at 70% of the requests."""

    policy: Policy = Policy()
    """Default: the best built-in one."""

    resources: Resources = Resources()
    """Default: recommendations only, for the containers listed."""

    safety: Safety = Safety()
    """Default: as the fields below."""

    rollout: Rollout = Rollout()
    """Default: `Shadow`, it only proposes."""

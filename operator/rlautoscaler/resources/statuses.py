"""`status` of the custom resource: where the autoscaler stands, what it does and why.

Written by the operator only. Everything is optional: an absent field is not known yet.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, computed_field

from rlagents.structs.pods import ConditionStatus
from rlagents.structs.reasons import Source
from rlagents.structs.signals import SignalState
from rlautoscaler.resources.entries import BaselineLogs, Count, Entry, History, Message, ReasonText
from rlautoscaler.resources.explanations import Explanation
from rlautoscaler.resources.timestamps import Timestamp

Share = Annotated[float, Field(ge=0, le=1)]


class Stage(StrEnum):
    """Where the rollout stands."""

    BASELINE = "Baseline"
    SHADOW = "Shadow"
    CANARY = "Canary"
    COOL_OFF = "CoolOff"
    FULL = "Full"


class MetricStatus(Entry):
    """One signal as last read."""

    name: Annotated[str, Field(min_length=1, max_length=63)]
    """Name of the signal, as under `spec.metrics.queries`."""

    value: float | None = None
    """Its value in the signal's unit; absent where there is none."""

    age: Annotated[str, Field(max_length=40)] | None = None
    """Time since the newest sample behind it, as a duration; absent where nobody can tell."""

    state: SignalState
    """`Known`, `NotApplicable` (as latency without traffic) or `Unknown`."""

    reason: ReasonText | None = None
    """Why there is no value."""


class BlockStatus(Entry):
    """The running block of time, and whose it is."""

    owner: Source
    """`Baseline` or `Policy`."""

    since: Timestamp
    """When it began."""

    until: Timestamp
    """When it ends."""

    probability: Share
    """Probability with which this owner was drawn."""


class Estimate(Entry):
    """A difference between the policy's blocks and the baseline's, with what is certain about it."""

    value: float
    """The best guess."""

    low: float
    """Lower end of the confidence sequence."""

    high: float
    """Upper end of the confidence sequence."""


class Evidence(Entry):
    """What the blocks have shown so far."""

    baselineBlocks: Count = 0
    """Blocks of the baseline that count."""

    policyBlocks: Count = 0
    """Blocks of the policy that count."""

    violations: Estimate | None = None
    """Share of time in violation, policy minus baseline."""

    cost: Estimate | None = None
    """Cost per request, policy relative to baseline minus 1."""


class RolloutStatus(Entry):
    """How far the learned policy is trusted now."""

    stage: Stage
    """Where it stands: `Baseline`, `Shadow`, `Canary`, `CoolOff` or `Full`."""

    ratio: Share = 0.0
    """Share of the blocks that the policy owns, 0 to 1."""

    block: BlockStatus | None = None
    """Absent where time is not divided."""

    since: Timestamp | None = None
    """When this stage began."""

    nextEvaluation: Timestamp | None = None
    """When the evidence is looked at next."""

    blockedBy: ReasonText | None = None
    """What keeps the policy from acting or rising at the moment."""

    evidence: Evidence | None = None
    """Absent before the first block has ended."""

    @computed_field
    def percent(self) -> int:
        """`ratio` in whole percent."""
        return round(self.ratio * 100)


class ModelStatus(Entry):
    """The policy's model."""

    name: Annotated[str, Field(max_length=253)]
    """Which model, as `generalist`."""

    version: Annotated[str, Field(max_length=63)] | None = None
    """Its version."""

    digest: Annotated[str, Field(max_length=71)] | None = None
    """SHA-256 digest of its file."""

    ready: bool
    """Whether it can decide for this service now; condition `PolicyReady` tells why not."""

    samples: Annotated[int, Field(ge=0)] = 0
    """Decisions it has been asked for since it was loaded."""


class HorizontalTarget(Entry):
    """The last decision about the number of replicas."""

    baseline: Count | None = None
    """What the HPA would set; absent where it has no valid metric."""

    policy: Count | None = None
    """What the learned policy would set, after its guards; absent where it was not asked."""

    applied: Count
    """What was decided."""

    source: Source
    """Whose size it is: `Baseline`, `Policy`, `Manual` or `External`."""

    reason: ReasonText
    """Why it was this source's turn."""

    limitedReason: ReasonText | None = None
    """Which bound, rate or guard had the last word; absent where the size is as proposed."""

    message: Message = ""
    """The decision in one sentence."""

    generatedAt: Timestamp
    """When it was decided."""


class HorizontalStatus(Entry):
    """The number of replicas."""

    target: HorizontalTarget | None = None
    """Absent before the first decision."""

    explanation: Explanation | None = None
    """What `rlautoscaler explain` prints."""


class LimitTarget(Entry):
    """One limit of one container."""

    policy: Annotated[str, Field(max_length=30)]
    """What the learned policy recommends, as a quantity."""

    applied: Annotated[str, Field(max_length=30)] | None = None
    """What the pods have, as a quantity; absent where they have no limit."""

    limitedReason: ReasonText | None = None
    """Which bound or guard had the last word; absent where the limit is as the policy likes it best."""


class ContainerRecommendation(Entry):
    """The limits of one container."""

    name: Annotated[str, Field(min_length=1, max_length=63)]
    """Name of the container."""

    cpu: LimitTarget | None = None
    """Its CPU limit; absent where there is no recommendation."""

    memory: LimitTarget | None = None
    """Its memory limit; absent where there is no recommendation."""


class VerticalStatus(Entry):
    """The pods' limits."""

    recommendations: list[ContainerRecommendation] = Field(
        default=[], max_length=16, json_schema_extra={"x-kubernetes-list-map-keys": ["name"]}
    )
    """What the learned policy recommends for each container."""

    podCPU: Annotated[str, Field(max_length=30)] | None = None
    """The recommended CPU limits of a pod in all, as a quantity of cores."""

    podMemory: Annotated[str, Field(max_length=30)] | None = None
    """The recommended memory limits of a pod in all, as a quantity of bytes."""

    generatedAt: Timestamp | None = None
    """When they were worked out."""


class Condition(Entry):
    """One aspect of the state, in the shape of all Kubernetes conditions."""

    type: Annotated[str, Field(min_length=1, max_length=316)]
    """What it is about: `Ready`, `AbleToScale`, `ScalingActive`, `ScalingLimited`, `VerticalAbleToApply`,
    `PolicyReady`, `Fallback`, `Paused` or `Degraded`."""

    status: ConditionStatus
    """`True`, `False` or `Unknown`."""

    observedGeneration: Annotated[int, Field(ge=0)] | None = None
    """The generation of the spec that it is about."""

    lastTransitionTime: Timestamp
    """Since when the status is what it is."""

    reason: Annotated[str, Field(min_length=1, max_length=1024)]
    """Why, in CamelCase; stable, scripts may rely on it."""

    message: Annotated[str, Field(max_length=32768)] = ""
    """Why, in a sentence."""


class Status(Entry):
    """Where the autoscaler stands, what it does and why. Written by the operator."""

    observedGeneration: Annotated[int, Field(ge=0)] | None = None
    """The generation of the spec that this status is about; compare it with `metadata.generation`."""

    selector: Annotated[str, Field(max_length=4096)] | None = None
    """The target's pods, as a label selector in text (for `kubectl get pods --selector`)."""

    currentReplicas: Count | None = None
    """The size that the target asks for."""

    desiredReplicas: Count | None = None
    """The size that the target should have; differs from `currentReplicas` where nothing is written."""

    lastScaleTime: Timestamp | None = None
    """When the operator last changed the size."""

    currentMetrics: list[MetricStatus] = Field(
        default=[], max_length=32, json_schema_extra={"x-kubernetes-list-map-keys": ["name"]}
    )
    """The signals as last read."""

    rollout: RolloutStatus | None = None
    """Follows `spec.rollout`."""

    model: ModelStatus | None = None
    """Absent where none could be loaded."""

    horizontal: HorizontalStatus | None = None
    """What each decider wants, and what was decided."""

    vertical: VerticalStatus | None = None
    """What is recommended; absent where there is no recommendation."""

    baseline: BaselineLogs | None = None
    """Read by the operator when it starts."""

    history: History = Field(default=[])
    """The last changes of size, oldest first, at most 20."""

    conditions: list[Condition] = Field(
        default=[], max_length=32, json_schema_extra={"x-kubernetes-list-map-keys": ["type"]}
    )
    """The state in the shape of all Kubernetes conditions (for `kubectl wait --for=condition=Ready`)."""

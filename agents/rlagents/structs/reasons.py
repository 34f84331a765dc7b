"""The closed vocabulary of why: shared by conditions, events, logs, metric labels and decisions.

Where Kubernetes has a word for something (`horizontal.go`, HPA v2), that word is used.
"""

from __future__ import annotations

from enum import StrEnum


class UnknownReason(StrEnum):
    """Why a signal has no value."""

    NOT_CONFIGURED = "NotConfigured"
    """Neither the preset nor the resource names a query for it."""
    NO_SERIES = "NoSeries"
    """The query answered, without this workload."""
    STALE = "Stale"
    """The newest sample is older than `spec.metrics.staleAfter`."""
    NOT_A_NUMBER = "NotANumber"
    QUERY_FAILED = "QueryFailed"
    """Prometheus refused the query (its text is in the log)."""
    UNREACHABLE = "PrometheusUnreachable"
    DEADLINE = "DeadlineExceeded"
    """The tick's time for reading was over."""
    NO_DENOMINATOR = "NoDenominator"
    """A ratio without a fresh throughput beside it."""
    PARTIAL = "PartialPods"
    """Some living pods have no sample."""
    AMBIGUOUS = "AmbiguousSeries"
    """A query that should give one number gave several series; it has to aggregate them."""
    ABSURD = "OutOfRange"
    """A value that cannot be, as a negative rate."""


class Source(StrEnum):
    """Whose size it is."""

    BASELINE = "Baseline"
    POLICY = "Policy"
    MANUAL = "Manual"
    EXTERNAL = "External"


class Reason(StrEnum):
    """Why a decision is what it is, and what limited it."""

    # Names of the HPA, for what the baseline says.
    READY_FOR_NEW_SCALE = "ReadyForNewScale"
    SCALE_DOWN_STABILIZED = "ScaleDownStabilized"
    SCALE_UP_STABILIZED = "ScaleUpStabilized"
    DESIRED_WITHIN_RANGE = "DesiredWithinRange"
    TOO_MANY_REPLICAS = "TooManyReplicas"
    TOO_FEW_REPLICAS = "TooFewReplicas"
    SCALE_UP_LIMIT = "ScaleUpLimit"
    SCALE_DOWN_LIMIT = "ScaleDownLimit"
    SCALING_DISABLED = "ScalingDisabled"
    VALID_METRIC_FOUND = "ValidMetricFound"
    FAILED_GET_RESOURCE_METRIC = "FailedGetResourceMetric"
    FAILED_GET_CONTAINER_RESOURCE_METRIC = "FailedGetContainerResourceMetric"
    FAILED_GET_PODS_METRIC = "FailedGetPodsMetric"
    FAILED_GET_OBJECT_METRIC = "FailedGetObjectMetric"
    FAILED_GET_EXTERNAL_METRIC = "FailedGetExternalMetric"
    INVALID_METRIC_SOURCE_TYPE = "InvalidMetricSourceType"
    SCALED_TO_ZERO = "ScaledToZero"
    NOT_SCALED_TO_ZERO = "NotScaledToZero"
    INVALID_SELECTOR = "InvalidSelector"
    AMBIGUOUS_SELECTOR = "AmbiguousSelector"

    # Who decided, and why it was not the learned policy.
    BASELINE_MODE = "BaselineMode"
    SHADOW_MODE = "ShadowMode"
    POLICY_ACTS = "PolicyActs"
    FORCED_BASELINE = "ForcedBaseline"
    """The annotation `force-baseline`, the namespace's label or the cluster-wide switch."""
    POLICY_NOT_READY = "PolicyNotReady"
    SIGNALS_MISSING = "SignalsMissing"
    """A signal that the policy cannot do without is unknown."""
    OUT_OF_DISTRIBUTION = "OutOfDistribution"
    """The inputs lie outside what the policy was trained on."""
    TARGET_ROLLING_OUT = "TargetRollingOut"
    PODS_UNHEALTHY = "PodsUnhealthy"
    """Pods that crash or never became ready."""
    MANAGED_ELSEWHERE = "ManagedElsewhere"
    """An HPA, a KEDA ScaledObject or a VPA owns the target."""

    # What the guards did to the learned policy's proposal.
    UNKNOWN_BLOCKS_SHRINKING = "UnknownBlocksShrinking"
    SATURATED_BLOCKS_SHRINKING = "SaturatedBlocksShrinking"
    """Demand exceeds what the ready pods serve."""
    CAPACITY_MARGIN = "CapacityMargin"
    """Fewer pods would leave too little room above the measured demand."""
    SCALE_UP_RATE = "ScaleUpRate"
    SCALE_DOWN_RATE = "ScaleDownRate"
    BASELINE_GROWTH = "BaselineGrowth"
    """Demand exceeds what the ready pods serve: at least the baseline's growth."""

    QUOTA = "QuotaExceeded"
    """The namespace's ResourceQuota leaves no room for more pods."""
    RECOMMEND_ONLY = "RecommendOnly"
    """Limits are recommended, not changed (`spec.resources.mode: Recommend`)."""

    # What the user did.
    PAUSED = "Paused"
    PAUSED_SCALE_IN = "PausedScaleIn"
    PAUSED_SCALE_OUT = "PausedScaleOut"
    PAUSED_REPLICAS = "PausedReplicas"
    INVALID_ANNOTATION = "InvalidAnnotation"
    """An annotation's value could not be read, and was taken for what is safer."""

    # What came of acting.
    INVALID_SPEC = "InvalidSpec"
    """The specification cannot be obeyed; nothing was decided."""
    FAILED_GET_SCALE = "FailedGetScale"
    FAILED_UPDATE_SCALE = "FailedUpdateScale"
    SUCCEEDED_RESCALE = "SucceededRescale"
    SUCCEEDED_GET_SCALE = "SucceededGetScale"
    SCALED_EXTERNALLY = "ScaledExternally"
    """Somebody else set the size between the decision and its write."""

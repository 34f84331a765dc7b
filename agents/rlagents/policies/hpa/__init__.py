"""The Kubernetes HPA, version 2 (as of 1.36), as pure functions: the baseline all else is held to.

Exact to the letter, oddities included: figures are integers in thousandths, ratios are doubles evaluated in
the HPA's own order, logs are reused slot by slot. Nothing here reads a cluster or a clock.

One pass, top down:

    passes.reconcile            scale, branch, conditions
      evaluations.evaluate      every metric: a proposal or a failure; the largest counts
        samples                 answers to one figure per pod
        grouping                ready, unready, missing or ignored
        requests                what 100 % is
        ratios, proposals       how far off target, and the size that follows
      normalizing.normalize
        stabilizing             recent recommendations hold the size
        limits                  bounds and rates
      logs                      what is remembered, immutable, in and out
    outcomes.written | refused  what follows from writing the size
    explanations.explain        the pass told afterwards, with the workings that each step noted

`specs.parse` reads the parts of an `autoscaling/v2` document; `behaviors` fills in the defaults.
`arrays` is the same pass for thousands of services at once.
"""

from rlagents.policies.hpa.behaviors import Behavior, Policy, PolicyKind, ScalingRules, SelectPolicy
from rlagents.policies.hpa.conditions import SCALED_TO_ZERO, Condition, ConditionType, is_scaled_to_zero
from rlagents.policies.hpa.evaluations import MetricStatus
from rlagents.policies.hpa.failures import Failure
from rlagents.policies.hpa.logs import HpaLogs, Recommendation, ScaleEvent, rescaled, resumed
from rlagents.policies.hpa.metrics import MetricKind, MetricSpec, MetricTarget
from rlagents.policies.hpa.outcomes import refused, written
from rlagents.policies.hpa.parameters import PRODUCTION, HpaParameters
from rlagents.policies.hpa.passes import HpaResult, ScaleObservation, Selector, reconcile
from rlagents.policies.hpa.ratios import Figures
from rlagents.policies.hpa.samples import NOTHING_READ, PodFigure, Readings
from rlagents.policies.hpa.specs import HpaSpec, parse

__all__ = [
    "NOTHING_READ",
    "PRODUCTION",
    "SCALED_TO_ZERO",
    "Behavior",
    "Condition",
    "ConditionType",
    "Failure",
    "Figures",
    "HpaLogs",
    "HpaParameters",
    "HpaResult",
    "HpaSpec",
    "MetricKind",
    "MetricSpec",
    "MetricStatus",
    "MetricTarget",
    "PodFigure",
    "Policy",
    "PolicyKind",
    "Readings",
    "Recommendation",
    "ScaleEvent",
    "ScaleObservation",
    "ScalingRules",
    "SelectPolicy",
    "Selector",
    "is_scaled_to_zero",
    "parse",
    "reconcile",
    "refused",
    "rescaled",
    "resumed",
    "written",
]

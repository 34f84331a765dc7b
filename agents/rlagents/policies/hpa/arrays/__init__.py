"""The HPA over arrays: one pass for thousands of services at once, for the simulator.

The same rules as the scalar form beside it, module by module, and proven equal to it by property tests. The
services of a batch share the structure of their HPA (kinds of metrics, whether there is a `behavior`) and
differ in everything else.

    passes.reconcile, written     one pass, and what follows from writing its sizes
      metrics                     a proposal per metric, from samples or from one figure
        pods                      ready, unready, missing or ignored
      normalizing                 stabilise, note, limit
        logs                      slots that grow and are reused as Kubernetes reuses them
    packing                       from specs and pods to arrays

Figures are int64 in milli-units. Beyond the scalar form's rules: usage of one service must stay below 9e16
milli-units in all (times 100 it has to fit), as must a request times its target; the scalar form has no such
bound.
"""

from rlagents.policies.hpa.arrays.logs import EventLog, LogArrays, RecommendationLog
from rlagents.policies.hpa.arrays.metrics import (
    AverageMetric,
    MetricArrays,
    SharedMetric,
    UtilizationMetric,
    WholeMetric,
)
from rlagents.policies.hpa.arrays.normalizing import BehaviorArrays, RuleArrays
from rlagents.policies.hpa.arrays.passes import (
    PassArrays,
    ScaleArrays,
    SpecArrays,
    reconcile,
    written,
)
from rlagents.policies.hpa.arrays.pods import PodArrays, SampleArrays

__all__ = [
    "AverageMetric",
    "BehaviorArrays",
    "EventLog",
    "LogArrays",
    "MetricArrays",
    "PassArrays",
    "PodArrays",
    "RecommendationLog",
    "RuleArrays",
    "SampleArrays",
    "ScaleArrays",
    "SharedMetric",
    "SpecArrays",
    "UtilizationMetric",
    "WholeMetric",
    "reconcile",
    "written",
]

"""The HPA over arrays: one pass for thousands of services at once, for the simulator.

The same rules as the scalar form beside it, module by module, and proven equal to it by property tests. The
services of a batch share the structure of their HPA (kinds of metrics, whether there is a `behavior`) and
differ in everything else.

    passes.reconcile, written     one pass, and what follows from writing its sizes
      metrics                     a proposal per metric, from samples or from one figure
        pods                      ready, unready, missing or ignored
      normalizing                 stabilise, note, limit
        logs                      slots that grow and are reused as Kubernetes reuses them
    packing, observations         from specs, logs, pods and figures to arrays

Other than in the scalar form:

- Figures are int64, in milli-units. What the pods of a service use or, where they are missing, are taken to
  use for one metric stays below `counts.LARGEST_TOTAL`, about 9.2e16, in all; other figures within 64 bits.
  `observations` refuses more; arrays made by hand that go beyond it wrap, and their sizes mean nothing.
- Every service's scale was read. One whose scale is unknown is left out of the batch for that pass.
- Reasons and failures are codes, and there are no messages.
"""

from rlagents.policies.hpa.arrays.logs import EventLog, LogArrays, RecommendationLog, forgotten, unseen
from rlagents.policies.hpa.arrays.metrics import (
    AverageMetric,
    FailingMetric,
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
from rlagents.policies.hpa.arrays.proposals import MetricArrays, Proposed

__all__ = [
    "AverageMetric",
    "BehaviorArrays",
    "EventLog",
    "FailingMetric",
    "LogArrays",
    "MetricArrays",
    "PassArrays",
    "PodArrays",
    "Proposed",
    "RecommendationLog",
    "RuleArrays",
    "SampleArrays",
    "ScaleArrays",
    "SharedMetric",
    "SpecArrays",
    "UtilizationMetric",
    "WholeMetric",
    "forgotten",
    "reconcile",
    "unseen",
    "written",
]

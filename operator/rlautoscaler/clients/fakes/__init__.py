"""In-memory doubles of the API server, its metrics APIs and Prometheus, for tests of all that talks to them.

They ship with the package and pass the same contract tests as the real ones.
"""

from rlautoscaler.clients.fakes.kube import FakeKubeApi
from rlautoscaler.clients.fakes.metrics import FakeMetricsApi
from rlautoscaler.clients.fakes.prometheus import FakePrometheus

__all__ = ["FakeKubeApi", "FakeMetricsApi", "FakePrometheus"]

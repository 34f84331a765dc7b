"""In-memory doubles of the API server and of Prometheus, for tests of everything that talks to them.

They ship with the package and pass the same contract tests as the real ones.
"""

from rlautoscaler.clients.fakes.kube import FakeKubeApi
from rlautoscaler.clients.fakes.prometheus import FakePrometheus

__all__ = ["FakeKubeApi", "FakePrometheus"]

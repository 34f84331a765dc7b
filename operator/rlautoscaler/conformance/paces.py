"""How fast the comparison runs, and why the phases of the two autoscalers do not matter in it.

A pass comes every 2 s in place of 15 s, and the windows are shorter in about that measure. The two sides'
passes lie anywhere relative to each other, and drift. Equal sizes at equal times, one sync period
apart at most, can be demanded all the same because

- demand is constant between acts that lie more than four sync periods apart, both sides see it change at the
  same moment, and each notices within one period;
- windows and policies' periods are odd numbers of seconds, half a period away from every multiple of it, so
  that an entry is never just as old as a window is long;
- pods start in a fixed time, after which their first usable sample lies between two passes: `STARTUP` puts
  readiness half a second after the first pass that follows, and Kubernetes' clocks, which count whole
  seconds, delay the sample by at most one more.
"""

from __future__ import annotations

from typing import Final

from rlagents.policies import hpa
from rlautoscaler.resources import durations
from rlautoscaler.sandbox.hpas import HpaFlags

PERIOD: Final = 2.0
"""Seconds between two passes. At 1 s Kubernetes' whole seconds would decide which pass sees a new pod."""
STARTUP: Final = 2.3
"""Seconds from a pod's containers' start to Ready; scheduling and starting take some 0.2 s before it."""
SLOW_STARTUP: Final = 8.3
"""The same four periods and a bit later."""
SAMPLE_WINDOW: Final = 1
"""Seconds that a usage figure is measured over."""
DOWNSCALE_WINDOW: Final = 21.0
CPU_INITIALIZATION: Final = 41.0
READINESS_DELAY: Final = 5.0

FLAGS: Final = HpaFlags(
    sync_period=PERIOD,
    downscale_stabilization=DOWNSCALE_WINDOW,
    cpu_initialization_period=CPU_INITIALIZATION,
    initial_readiness_delay=READINESS_DELAY,
)
"""Of the cluster's controller."""

PARAMETERS: Final = hpa.HpaParameters(
    cpu_initialization_period=CPU_INITIALIZATION,
    initial_readiness_delay=READINESS_DELAY,
    downscale_window=DOWNSCALE_WINDOW,
    # On by default from Kubernetes 1.37 on.
    scale_to_zero=True,
)
"""The same for the pure pass."""

OPERATOR: Final = (
    f"--hpa-downscale-stabilization={durations.written(DOWNSCALE_WINDOW)}",
    f"--hpa-cpu-initialization-period={durations.written(CPU_INITIALIZATION)}",
    f"--hpa-initial-readiness-delay={durations.written(READINESS_DELAY)}",
)
"""The same for the operator."""

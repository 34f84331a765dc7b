"""How the cluster's own HPA controller is set."""

from __future__ import annotations

from dataclasses import dataclass

from rlautoscaler.resources import durations

_PREFIX = "--horizontal-pod-autoscaler"


@dataclass(frozen=True, slots=True)
class HpaFlags:
    """Seconds, and a share; None leaves what kube-controller-manager has by itself.

    A sandbox that runs faster than real time divides all of its durations by the same number.
    """

    sync_period: float | None = None
    """Between two passes; 15 in production."""
    downscale_stabilization: float | None = None
    """How long a recommendation holds off smaller ones; 300 in production."""
    cpu_initialization_period: float | None = None
    """Age up to which a pod's CPU is believed only after a while of readiness; 300 in production."""
    initial_readiness_delay: float | None = None
    """After its start, in which an unready pod counts as never ready; 30 in production."""
    tolerance: float | None = None
    """How far a metric may be from its target; 0.1 in production."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """For the command line of kube-controller-manager."""
        spans = {
            "sync-period": self.sync_period,
            "downscale-stabilization": self.downscale_stabilization,
            "cpu-initialization-period": self.cpu_initialization_period,
            "initial-readiness-delay": self.initial_readiness_delay,
        }
        flags = [
            f"{_PREFIX}-{name}={durations.written(seconds)}"
            for name, seconds in spans.items()
            if seconds is not None
        ]
        if self.tolerance is not None:
            flags.append(f"{_PREFIX}-tolerance={self.tolerance:g}")
        return tuple(flags)

"""What a cluster's administrator sets for all HPAs: the controller manager's flags and feature gates."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HpaParameters:
    """Flags of the kube-controller-manager (`--horizontal-pod-autoscaler-*`) and feature gates of 1.36.

    Durations are seconds. The defaults are Kubernetes'.
    """

    sync_period: float = 15.0
    """Between two passes over one HPA. Nothing here reads it; callers keep the beat."""
    tolerance: float = 0.1
    """How far the ratio may be from 1 without a change of size; greater is calmer."""
    cpu_initialization_period: float = 300.0
    """Age up to which a pod's CPU is believed only after a whole sample window of readiness."""
    initial_readiness_delay: float = 30.0
    """A pod that is unready since less than this after its start counts as never having been ready."""
    downscale_window: float = 300.0
    """How long a recommendation holds off smaller ones, where `behavior` names no window of its own."""
    scale_up_limit_factor: float = 2.0
    """Without `behavior`, a pass may multiply the size by this …"""
    scale_up_limit_minimum: float = 4.0
    """… or raise it to this, whichever is more."""
    configurable_tolerance: bool = True
    """Gate `HPAConfigurableTolerance`: `behavior` may name a tolerance per direction."""
    pod_level_resources: bool = True
    """Gate `PodLevelResources`: requests of a pod as a whole are understood."""
    scale_to_zero: bool = False
    """Gate `HPAScaleToZero`: a minimum of 0 is admitted with an object or external metric."""


PRODUCTION = HpaParameters()
"""What a cluster has unless somebody changed it."""

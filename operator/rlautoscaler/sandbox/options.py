"""How a sandbox is set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rlautoscaler.sandbox.hpas import HpaFlags


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Size, users, the programs' own flags, and where files go."""

    label: str = "library"
    """Who started it, for `rlautoscaler sandbox status`."""
    node_count: int = 3
    node_cpu: str = "32"
    node_memory: str = "128Gi"
    node_pods: int = 250
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Users beside `admin`, with their groups; kube-apiserver reads them once, so none can be added later."""
    hpa: HpaFlags = field(default=HpaFlags())
    """How the cluster's own HPA controller is set."""
    feature_gates: Mapping[str, bool] = field(default_factory=dict)
    """Of Kubernetes, as `HPAScaleToZero`; for the API server and the controller manager alike."""
    audit_policy: str = ""
    """YAML of an audit `Policy`; the API server then writes `logs/audit.log`, one JSON line an event."""
    controller_manager_args: tuple[str, ...] = ()
    """As `--vmodule=horizontal=4`."""
    api_server_args: tuple[str, ...] = ()
    scheduler_args: tuple[str, ...] = ()
    prometheus_config: str = ""
    """YAML, its intervals filled in where they are missing; empty scrapes nothing until told to."""
    scrape_interval: float = 1.0
    """Seconds between scrapes and between evaluations of rules."""
    keep: bool = False
    """Leave the temporary folder, with the logs and Prometheus' data, behind."""
    folder: Path | None = None
    """Where files go and stay, new or empty; None for a temporary folder."""

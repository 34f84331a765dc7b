"""The two autoscalers of the demo, and the flags of those who act on them."""

from __future__ import annotations

from typing import Any

from rlautoscaler.clients.protocols import HORIZONTALPODAUTOSCALERS, Manifest
from rlautoscaler.demo.scenarios import CPU_UTILIZATION, MAX_REPLICAS, MIN_REPLICAS, SPEED, Scenario
from rlautoscaler.resources import durations, names
from rlautoscaler.sandbox.services import SandboxService

INTERVAL = 15.0 / SPEED
"""Seconds between two decisions, of ours and of the HPA controller's."""
SCRAPE_INTERVAL = 15.0 / SPEED
METRICS_PERIOD = 15.0 / SPEED
"""Seconds that a metrics-server measures over."""

_DOWNSCALE_STABILIZATION = 300.0 / SPEED
_CPU_INITIALIZATION = 300.0 / SPEED
_INITIAL_READINESS = 30.0 / SPEED

CONTROLLER_MANAGER = (
    f"--horizontal-pod-autoscaler-sync-period={durations.written(INTERVAL)}",
    f"--horizontal-pod-autoscaler-downscale-stabilization={durations.written(_DOWNSCALE_STABILIZATION)}",
    f"--horizontal-pod-autoscaler-cpu-initialization-period={durations.written(_CPU_INITIALIZATION)}",
    f"--horizontal-pod-autoscaler-initial-readiness-delay={durations.written(_INITIAL_READINESS)}",
)
"""Flags of kube-controller-manager: the HPA's own times, 15 times faster."""

OPERATOR = (
    f"--hpa-cpu-initialization-period={durations.written(_CPU_INITIALIZATION)}",
    f"--hpa-initial-readiness-delay={durations.written(_INITIAL_READINESS)}",
    f"--hpa-downscale-stabilization={durations.written(_DOWNSCALE_STABILIZATION)}",
)
"""Flags of the operator: the same for its baseline."""


def autoscaler(scenario: Scenario) -> Manifest:
    """The RLAutoscaler of our service: the learned policy acts, the baseline stands in."""
    return _autoscaler(scenario, scenario.ours, "Auto")


def baseline_only(scenario: Scenario) -> Manifest:
    """An RLAutoscaler that is nothing but an HPA, for clusters whose own HPA controller cannot be sped up."""
    return _autoscaler(scenario, scenario.twin, "Baseline")


def hpa(scenario: Scenario) -> Manifest:
    """The HPA of the twin: Kubernetes' defaults, with periods and windows divided by 15."""
    service = scenario.twin
    return {
        "apiVersion": HORIZONTALPODAUTOSCALERS.api_version,
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": service.name, "namespace": service.namespace},
        "spec": {
            "scaleTargetRef": _target(service),
            "minReplicas": MIN_REPLICAS,
            "maxReplicas": MAX_REPLICAS,
            "metrics": _metrics(),
            "behavior": _behavior(),
        },
    }


def _autoscaler(scenario: Scenario, service: SandboxService, mode: str) -> Manifest:
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": service.name, "namespace": service.namespace},
        "spec": {
            "scaleTargetRef": _target(service),
            "minReplicas": MIN_REPLICAS,
            "maxReplicas": MAX_REPLICAS,
            "interval": durations.written(INTERVAL),
            "objective": {
                "latency": {"target": durations.written(scenario.latency_target), "quantile": "p99"},
                "errorRate": f"{scenario.error_target:.4%}",
            },
            "metrics": {
                "preset": "istio",
                "window": durations.written(4 * SCRAPE_INTERVAL),
                "staleAfter": durations.written(5 * SCRAPE_INTERVAL),
            },
            "baseline": {"metrics": _metrics(), "behavior": _behavior()},
            "rollout": {"mode": mode},
        },
    }


def _target(service: SandboxService) -> dict[str, str]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": service.name}


def _metrics() -> list[dict[str, Any]]:
    target = {"type": "Utilization", "averageUtilization": CPU_UTILIZATION}
    return [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def _behavior() -> dict[str, Any]:
    period = round(15.0 / SPEED)
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "policies": [
                {"type": "Pods", "value": 4, "periodSeconds": period},
                {"type": "Percent", "value": 100, "periodSeconds": period},
            ],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": round(_DOWNSCALE_STABILIZATION),
            "policies": [{"type": "Percent", "value": 100, "periodSeconds": period}],
        },
    }

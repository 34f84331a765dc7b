"""The objects of a twin: its Deployment, and who scales it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlautoscaler.clients.protocols import DEPLOYMENTS, HORIZONTALPODAUTOSCALERS, Manifest
from rlautoscaler.conformance import paces
from rlautoscaler.conformance.scenarios import NAMESPACE, Twin
from rlautoscaler.resources import durations, names
from rlautoscaler.sandbox import behaviours
from rlautoscaler.sandbox.services import CONTAINER, SERVICE_LABEL

SIDECAR = "proxy"
REQUEST = 0.25
"""Cores that the first container of each pod requests: what 100 % is."""
LIMIT = 0.5
"""Cores that it may use at most."""

_IMAGE = "registry.k8s.io/pause:3.10"
_VERSION = "version"
_BASELINE_FIELDS = ("metrics", "behavior")


def deployment(twin: Twin) -> Manifest:
    """Its pods start in a fixed time."""
    labels = {SERVICE_LABEL: twin.name}
    return {
        "apiVersion": DEPLOYMENTS.api_version,
        "kind": "Deployment",
        "metadata": _metadata(twin),
        "spec": {
            "replicas": twin.scenario.replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": _annotations(twin)},
                "spec": {"containers": _containers(twin), "terminationGracePeriodSeconds": 1},
            },
        },
    }


def autoscaler(twin: Twin) -> Manifest:
    """The RLAutoscaler that is nothing but the HPA."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": _metadata(twin),
        "spec": {
            **_common(twin),
            "interval": durations.written(paces.PERIOD),
            "objective": {"saturation": {}},
            "baseline": {**_rules(twin), "resourceMetrics": "MetricsAPI"},
            "rollout": {"mode": "Baseline"},
        },
    }


def hpa(twin: Twin) -> Manifest:
    """The HorizontalPodAutoscaler."""
    return {
        "apiVersion": HORIZONTALPODAUTOSCALERS.api_version,
        "kind": "HorizontalPodAutoscaler",
        "metadata": _metadata(twin),
        "spec": _common(twin) | _rules(twin),
    }


def hpa_edit(patch: Mapping[str, Any]) -> Manifest:
    """The merge patch for an HPA."""
    return {"spec": dict(patch)}


def autoscaler_edit(patch: Mapping[str, Any]) -> Manifest:
    """The same edit for an RLAutoscaler, which has metrics and behaviour under `baseline`."""
    of_baseline = {name: value for name, value in patch.items() if name in _BASELINE_FIELDS}
    others = {name: value for name, value in patch.items() if name not in _BASELINE_FIELDS}
    return {"spec": others | ({"baseline": of_baseline} if of_baseline else {})}


def release(version: str) -> Manifest:
    """The merge patch that makes a Deployment roll out."""
    return {"spec": {"template": {"metadata": {"annotations": {_VERSION: version}}}}}


def never_ready() -> Manifest:
    """The merge patch that keeps a pod from becoming ready."""
    behaviour = behaviours.Behaviour.NEVER_READY.value
    return {"metadata": {"annotations": {behaviours.BEHAVIOUR: behaviour}}}


def unready(pod: Manifest, now: str) -> Manifest:
    """The merge patch for the status of a pod that stops being ready; `now` as the API writes times."""
    others = [one for one in pod["status"]["conditions"] if one["type"] != "Ready"]
    ready = {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "lastTransitionTime": now}
    return {"status": {"conditions": [*others, ready]}}


def _metadata(twin: Twin) -> Manifest:
    return {"name": twin.name, "namespace": NAMESPACE}


def _annotations(twin: Twin) -> dict[str, str]:
    return {
        behaviours.STARTUP_DELAY: f"{twin.scenario.startup:g}",
        behaviours.STARTUP_SPREAD: "0",
        _VERSION: "1",
    }


def _containers(twin: Twin) -> list[Manifest]:
    app = _container(CONTAINER, f"{round(REQUEST * 1000)}m", f"{round(LIMIT * 1000)}m")
    return [app, _container(SIDECAR, "100m", "100m")] if twin.scenario.has_sidecar else [app]


def _container(name: str, request: str, limit: str) -> Manifest:
    resources = {
        "requests": {"cpu": request, "memory": "64Mi"},
        "limits": {"cpu": limit, "memory": "1Gi"},
    }
    return {"name": name, "image": _IMAGE, "resources": resources}


def _common(twin: Twin) -> Manifest:
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": twin.name},
        "minReplicas": twin.scenario.min_replicas,
        "maxReplicas": twin.scenario.max_replicas,
    }


def _rules(twin: Twin) -> Manifest:
    behavior = twin.scenario.behavior
    return {"metrics": list(twin.scenario.metrics)} | ({} if behavior is None else {"behavior": behavior})

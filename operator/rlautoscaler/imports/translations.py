"""The RLAutoscaler that continues an HPA: the same target, bounds, metrics and behaviour, in Shadow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rlautoscaler.errors import HpaError
from rlautoscaler.imports.hpas import Hpa
from rlautoscaler.resources import names
from rlautoscaler.resources.autoscalers import SpecInvalid, read_spec
from rlautoscaler.resources.baselines import ResourceMetrics
from rlautoscaler.resources.metrics import Preset
from rlautoscaler.resources.rollouts import RolloutMode
from rlautoscaler.resources.specs import Spec


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an HPA does not say, and the user may."""

    name: str = ""
    """Of the RLAutoscaler; empty for the HPA's own, or its ScaledObject's."""
    preset: str = Preset.NONE
    resource_metrics: str = ResourceMetrics.PROMETHEUS
    latency_target: str | None = None
    """As a duration."""
    error_rate: str | None = None
    """As a percentage."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """An RLAutoscaler, and what belongs to it."""

    hpa: Hpa
    document: dict[str, Any]
    """The manifest. It says nothing that the schema fills in by itself, but for what comes from the HPA, and
    the mode, which is the line that its user changes next."""
    notes: tuple[str, ...]
    """What is not as one may think. A sentence each."""

    @property
    def name(self) -> str:
        """Of the RLAutoscaler."""
        return str(self.document["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Of both; empty where nobody names one."""
        return self.hpa.namespace


def continued(hpa: Hpa, wishes: Wishes = Wishes()) -> Continuation:
    """The RLAutoscaler. Raises `HpaError` where there can be none, with a sentence for each obstacle."""
    document = {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": _metadata(hpa, wishes),
        "spec": _spec(hpa, wishes),
    }
    spec = read_spec(document["spec"])
    if isinstance(spec, SpecInvalid):
        raise HpaError(f"{hpa} cannot be continued: {spec}.")
    return Continuation(hpa, document, _notes(hpa, spec))


def _metadata(hpa: Hpa, wishes: Wishes) -> dict[str, Any]:
    place = {"namespace": hpa.namespace} if hpa.namespace else {}
    return {"name": wishes.name or hpa.scaled_object or hpa.name} | place


def _spec(hpa: Hpa, wishes: Wishes) -> dict[str, Any]:
    parts: dict[str, Any] = {"scaleTargetRef": _reference(hpa)}
    if hpa.spec.get("minReplicas", 1) != Spec.model_fields["minReplicas"].default:
        parts["minReplicas"] = hpa.spec["minReplicas"]
    parts["maxReplicas"] = hpa.spec.get("maxReplicas")
    parts["objective"] = _objective(wishes)
    if wishes.preset != Preset.NONE:
        parts["metrics"] = {"preset": wishes.preset}
    parts["baseline"] = _baseline(hpa, wishes)
    return parts | {"rollout": {"mode": RolloutMode.SHADOW.value}}


def _reference(hpa: Hpa) -> Any:
    """The HPA may leave the version out for the core group alone, which is not our default."""
    reference = hpa.spec.get("scaleTargetRef")
    return {"apiVersion": "v1"} | reference if isinstance(reference, dict) else reference


def _objective(wishes: Wishes) -> dict[str, Any]:
    objective: dict[str, Any] = {}
    if wishes.latency_target is not None:
        objective["latency"] = {"target": wishes.latency_target}
    if wishes.error_rate is not None:
        objective["errorRate"] = wishes.error_rate
    return objective or {"saturation": {}}


def _baseline(hpa: Hpa, wishes: Wishes) -> dict[str, Any]:
    parts = {name: hpa.spec[name] for name in ("metrics", "behavior") if name in hpa.spec}
    if wishes.resource_metrics != ResourceMetrics.PROMETHEUS:
        parts["resourceMetrics"] = wishes.resource_metrics
    return parts


def _notes(hpa: Hpa, spec: Spec) -> tuple[str, ...]:
    named = _named(spec)
    notes = [_keda(hpa, named)] if hpa.scaled_object else [_adapters(named)] if named else []
    if spec.minReplicas == 0:
        notes.append(
            "minReplicas is 0: only the baseline goes to 0 and back, the learned policy stops at 1. With the "
            "operator's setting --no-hpa-scale-to-zero the object is refused."
        )
    if _needs_requests(spec):
        notes.append(
            "Latency and errors are measured by a preset (--preset) or by queries of your own "
            "(spec.metrics.queries): without either the objective cannot be judged."
        )
    return tuple(notes)


def _keda(hpa: Hpa, named: Sequence[str]) -> str:
    made = (
        f"{hpa} belongs to KEDA's ScaledObject {hpa.scaled_object}, which makes it anew when it is deleted. "
        "To hand over, annotate the ScaledObject with autoscaling.keda.sh/paused=true, and this RLAutoscaler "
        "with rlautoscaler.io/transfer-ownership=true. KEDA's own steps to and from 0 replicas are not "
        "continued."
    )
    if not named:
        return made
    return (
        f"{made} KEDA serves the {_listed(named)} only as long as the ScaledObject exists: before you delete "
        "it, give each of its metrics a `query` that says in PromQL what its trigger asks."
    )


def _adapters(named: Sequence[str]) -> str:
    return (
        f"The {_listed(named)} will be read from the cluster's metrics APIs, as by the HPA, so the adapter "
        "must stay. Or give such a metric a `query` in PromQL."
    )


def _named(spec: Spec) -> list[str]:
    """Metrics that come from an adapter."""
    sources = (one.pods or one.object or one.external for one in spec.baseline.metrics)
    return list(dict.fromkeys(source.metric.name for source in sources if source is not None))


def _needs_requests(spec: Spec) -> bool:
    objective = spec.objective
    judged = objective.latency is not None or objective.errorRate is not None
    return judged and spec.metrics.preset is Preset.NONE


def _listed(metrics: Sequence[str]) -> str:
    return f"{'metric' if len(metrics) == 1 else 'metrics'} {', '.join(metrics)}"

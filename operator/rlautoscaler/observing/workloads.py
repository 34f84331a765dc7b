"""One target as the caches show it: its pods, its health, and who else claims it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlagents.structs.pods import Pod
from rlagents.structs.states import Health
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.observing import selections
from rlautoscaler.observing.caches import Caches, Target
from rlautoscaler.observing.pods import CRASH_LOOP

READY_PATIENCE = 300.0
"""Seconds within which a pod may take its time to become ready for the first time."""

FIRST_READINESS_SLACK = 30.0
"""A pod that lost its readiness later than this after its start has had it before; the HPA's
`initial-readiness-delay` draws the same line."""

_REVISION = "deployment.kubernetes.io/revision"

_IN_PROGRESS = {
    "NewReplicaSetCreated",
    "FoundNewReplicaSet",
    "ReplicaSetUpdated",
    "ReplicaSetCreateError",
    "ProgressDeadlineExceeded",
}
"""Reasons of a Deployment's condition `Progressing` between two templates. Scaling does not change it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody else who sizes the target."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Workload:
    """One target."""

    target: Target
    manifest: Manifest | None
    """Trimmed; None where it does not exist, or is of a kind that is not followed."""
    pods: tuple[Pod, ...]
    """Its pods by owner references, oldest first."""
    owners: tuple[Owner, ...]
    selector: str = ""
    """The pod selector of its scale, as text; empty where it has none."""

    @property
    def revision(self) -> str:
        """Changes with the template of its pods; empty where nobody tells."""
        metadata, status = self._part("metadata"), self._part("status")
        return str((metadata.get("annotations") or {}).get(_REVISION) or status.get("updateRevision") or "")

    @property
    def is_rolling_out(self) -> bool:
        """Whether it is between two templates."""
        can_roll = self.target.kind in ("Deployment", "StatefulSet")
        return can_roll and self.manifest is not None and is_rolling_out(self.manifest)

    def health(self, now: float, patience: float = READY_PATIENCE) -> Health:
        """What stands against trusting its pods' figures; `patience` as in `is_never_ready`."""
        living = [pod for pod in self.pods if pod.is_living]
        return Health(
            rolling_out=self.is_rolling_out,
            crash_looping=sum(pod.waiting_reason == CRASH_LOOP for pod in living),
            never_ready=sum(is_never_ready(pod, now, patience) for pod in living),
        )

    def _part(self, name: str) -> Mapping[str, Any]:
        return (self.manifest or {}).get(name) or {}


def find(caches: Caches, target: Target, uid: str = "", selector: str = "") -> Workload:
    """A target and what belongs to it.

    Kinds other than Deployment, StatefulSet and ReplicaSet are not followed; with their object's `uid`
    their pods are found all the same, if they or their ReplicaSets refer to it as their controller. The
    `selector` of such a kind is what its scale says.
    """
    manifest = _manifest(caches, target)
    uid = (manifest or {}).get("metadata", {}).get("uid", uid)
    pods = pods_under(caches, uid) if uid else ()
    selector = selector if manifest is None else selections.text((manifest.get("spec") or {}).get("selector"))
    return Workload(target, manifest, pods, owners(caches, target), selector)


def selector_of(caches: Caches, target: Target) -> str:
    """The pod selector of a target that is followed, as text; empty for others."""
    spec = (_manifest(caches, target) or {}).get("spec") or {}
    return selections.text(spec.get("selector"))


def pods_under(caches: Caches, uid: str) -> tuple[Pod, ...]:
    """The pods of a controller, directly or through its ReplicaSets, oldest first."""
    uids = [uid, *(one["metadata"]["uid"] for one in caches.replicasets.find(uid))]
    pods = [pod for owner in uids for pod in caches.pods.find(owner)]
    return tuple(sorted(pods, key=lambda pod: (pod.created_at, pod.name)))


def owners(caches: Caches, target: Target) -> tuple[Owner, ...]:
    """Who else sizes the target. A VPA that only recommends does not."""
    return (
        *_named("HorizontalPodAutoscaler", caches.hpas.find(target)),
        *_named("ScaledObject", caches.scaledobjects.find(target)),
        *_named("VerticalPodAutoscaler", [vpa for vpa in caches.vpas.find(target) if _acts(vpa)]),
    )


def is_rolling_out(manifest: Manifest) -> bool:
    """Whether a Deployment or StatefulSet is between two templates, or has not been looked at yet."""
    metadata, spec, status = (manifest.get(part) or {} for part in ("metadata", "spec", "status"))
    if (status.get("observedGeneration") or 0) < (metadata.get("generation") or 0):
        return True
    if "updateRevision" in status:
        return _stateful_set_rolls(spec, status)
    old_pods = (status.get("replicas") or 0) - (status.get("updatedReplicas") or 0)
    progress = (one for one in status.get("conditions") or () if one.get("type") == "Progressing")
    return old_pods > 0 or any(one.get("reason") in _IN_PROGRESS for one in progress)


def is_never_ready(pod: Pod, now: float, patience: float = READY_PATIENCE) -> bool:
    """Whether a pod should long have been ready and never was.

    One that was ready and is no longer is overloaded or ill, which is another matter: it counts as demand.
    """
    if pod.is_ready or now - pod.created_at < patience:
        return False
    if pod.readiness_changed_at is None or pod.started_at is None:
        return True
    return pod.readiness_changed_at - pod.started_at <= FIRST_READINESS_SLACK


def _stateful_set_rolls(spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    """With a partition, only the pods from it on are to be updated; with OnDelete, nobody knows."""
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete" or status.get("currentRevision") == status.get("updateRevision"):
        return False
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    return int(status.get("updatedReplicas") or 0) < int(spec.get("replicas") or 0) - partition


def _manifest(caches: Caches, target: Target) -> Manifest | None:
    followed = {
        "Deployment": caches.deployments,
        "StatefulSet": caches.statefulsets,
        "ReplicaSet": caches.replicasets,
    }
    cache = followed.get(target.kind) if target.group == "apps" else None
    return cache.get(target.namespace, target.name) if cache is not None else None


def _named(kind: str, manifests: Sequence[Manifest]) -> list[Owner]:
    return [Owner(kind, str(manifest["metadata"].get("name", ""))) for manifest in manifests]


def _acts(vpa: Manifest) -> bool:
    return ((vpa.get("spec") or {}).get("updatePolicy") or {}).get("updateMode") != "Off"

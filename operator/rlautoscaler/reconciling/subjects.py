"""One autoscaler due at a tick, with its target as the cluster shows it, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from rlagents.policies import hpa
from rlagents.structs.pods import Pod
from rlagents.structs.reasons import Reason
from rlagents.structs.states import WorkloadKey
from rlautoscaler.acting import scales
from rlautoscaler.acting.scales import ScaleTarget
from rlautoscaler.acting.ticks import Failure
from rlautoscaler.clients.discoveries import Discoveries
from rlautoscaler.clients.protocols import KubeApi, Manifest
from rlautoscaler.errors import ApiError
from rlautoscaler.observing import selections, workloads
from rlautoscaler.observing.caches import Caches, Place, Target
from rlautoscaler.observing.workloads import Workload
from rlautoscaler.reconciling.stores import Stored
from rlautoscaler.resources.autoscalers import SpecInvalid
from rlautoscaler.resources.specs import Spec

Claim = tuple[str, str]
"""A namespace and the selector of a target in it, as text."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One autoscaler that can be decided about."""

    stored: Stored
    spec: Spec
    workload: Workload
    scale: ScaleTarget
    baseline: hpa.HpaSpec
    current: int
    """Requested replicas of the target."""
    observed: int
    """Replicas that the target's controller counts."""
    quota_room: int | None = None
    """Pods that the namespace's ResourceQuotas still admit; None where nothing limits them."""
    rival: str = ""
    """Another RLAutoscaler that was first to claim the target."""
    selected: tuple[Pod, ...] = ()
    """Every pod behind the selector of the target's scale, oldest first."""
    is_contested: bool = False
    """Whether another autoscaler's target selects some of them, too."""

    @property
    def key(self) -> WorkloadKey:
        """Of the autoscaler."""
        return self.stored.autoscaler.key

    @property
    def selector(self) -> hpa.Selector:
        """What the baseline may make of the selector."""
        if not self.workload.selector:
            return hpa.Selector.INVALID
        return hpa.Selector.AMBIGUOUS if self.is_contested else hpa.Selector.VALID


def target_of(stored: Stored, spec: Spec) -> Target:
    """What an autoscaler refers to."""
    reference = spec.scaleTargetRef
    group = reference.apiVersion.rpartition("/")[0]
    return Target(stored.autoscaler.key.namespace, group, reference.kind, reference.name)


async def find(
    api: KubeApi, discoveries: Discoveries, caches: Caches, stored: Stored, baseline: hpa.HpaSpec
) -> Subject | Failure:
    """The autoscaler with its target. Sizes of Deployments and the like come from the caches; other kinds
    with a scale subresource cost one read each."""
    spec = stored.autoscaler.spec
    if isinstance(spec, SpecInvalid):
        return Failure(Reason.INVALID_SPEC, str(spec))
    target = target_of(stored, spec)
    reference = spec.scaleTargetRef
    try:
        resource = await discoveries.resolve(reference.apiVersion, reference.kind)
    except ApiError as error:
        return Failure(Reason.FAILED_GET_SCALE, str(error))
    scale = ScaleTarget(resource, target.namespace, target.name)
    workload = workloads.find(caches, target)
    if workload.manifest is not None:
        return _followed(stored, spec, baseline, workload, scale)
    try:
        document = await api.get(resource, target.namespace, target.name, subresource="scale")
    except ApiError as error:
        return Failure(Reason.FAILED_GET_SCALE, scales.unreadable(scale, error))
    metadata, status = document.get("metadata") or {}, document.get("status") or {}
    return Subject(
        stored,
        spec,
        workloads.find(
            caches, target, uid=str(metadata.get("uid") or ""), selector=str(status.get("selector") or "")
        ),
        ScaleTarget(resource, target.namespace, target.name, str(metadata.get("resourceVersion") or "")),
        baseline,
        scales.replicas_of(document),
        int(status.get("replicas") or 0),
    )


def selecting(caches: Caches, found: Sequence[Subject], everybody: Sequence[Stored]) -> list[Subject]:
    """The subjects with the pods behind their selectors. Pods of two autoscalers' targets are contested."""
    own = {subject.workload.target: subject.workload.selector for subject in found}
    claims = _claims(caches, own, everybody)
    taken = {
        claim: selections.behind(caches.pods, *claim)
        for claim in {*claims, *((target.namespace, selector) for target, selector in own.items())}
    }
    contested = selections.contested(taken[claim] for claim in claims)
    return [_selecting(subject, taken, contested) for subject in found]


def _selecting(
    subject: Subject, taken: Mapping[Claim, Mapping[Place, Pod]], contested: Set[Place]
) -> Subject:
    behind = taken[subject.workload.target.namespace, subject.workload.selector]
    pods = tuple(sorted(behind.values(), key=lambda pod: (pod.created_at, pod.name)))
    return replace(subject, selected=pods, is_contested=not contested.isdisjoint(behind))


def _claims(caches: Caches, own: Mapping[Target, str], everybody: Sequence[Stored]) -> list[Claim]:
    """Of each target that somebody scales; two on the same target are one claim."""
    specs = [(one, one.autoscaler.spec) for one in everybody]
    targets = {target_of(one, spec) for one, spec in specs if not isinstance(spec, SpecInvalid)}
    targets |= {key for key in caches.hpas.index if isinstance(key, Target)}
    selectors = {target: own.get(target) or workloads.selector_of(caches, target) for target in targets}
    return [(target.namespace, selector) for target, selector in selectors.items() if selector]


def rivals(stored: Sequence[Stored]) -> dict[WorkloadKey, str]:
    """For each autoscaler whose target an older one claims already, the name of that one."""
    first: dict[Target, Stored] = {}
    found: dict[WorkloadKey, str] = {}
    for one in sorted(stored, key=_seniority):
        spec = one.autoscaler.spec
        if isinstance(spec, SpecInvalid):
            continue
        claimed = first.setdefault(target_of(one, spec), one)
        if claimed is not one:
            found[one.autoscaler.key] = claimed.autoscaler.key.name
    return found


def _followed(
    stored: Stored, spec: Spec, baseline: hpa.HpaSpec, workload: Workload, scale: ScaleTarget
) -> Subject:
    manifest: Manifest = workload.manifest or {}
    metadata, wanted, status = (manifest.get(part) or {} for part in ("metadata", "spec", "status"))
    version = str(metadata.get("resourceVersion") or "")
    current = wanted.get("replicas")
    return Subject(
        stored,
        spec,
        workload,
        ScaleTarget(scale.resource, scale.namespace, scale.name, version),
        baseline,
        # The API server fills in 1 where nobody says anything.
        1 if current is None else int(current),
        int(status.get("replicas") or 0),
    )


def _seniority(stored: Stored) -> tuple[str, WorkloadKey]:
    created = str((stored.manifest.get("metadata") or {}).get("creationTimestamp") or "")
    return created, stored.autoscaler.key

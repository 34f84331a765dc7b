"""The size of the target, changed through its `scale` subresource.

Writing `/scale` instead of the object itself needs no right on the object, works for every kind that has
the subresource, and leaves the fields that deployment tools own alone.

A decision rests on the size it was made from. Every write therefore names the version that was observed.
When the object has moved on since (its own status is written often while pods start) it is read once more,
and the write repeated only where the size is still the one decided from. A size that somebody else has set
meanwhile is never overwritten within the tick; the next tick decides anew.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

from rlagents.structs.decisions import Decision, Outcome
from rlagents.structs.reasons import Reason
from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients.protocols import KubeApi, Manifest, Resource
from rlautoscaler.errors import ApiError, ConflictError, NotFoundError


@dataclass(frozen=True, slots=True)
class ScaleTarget:
    """Whose size it is, as far as writing needs to know."""

    resource: Resource
    namespace: str
    name: str
    resource_version: str = ""
    """Of the target when its size was observed; empty where that is unknown, then it is read first."""

    def __str__(self) -> str:
        return f"{self.resource.plural}/{self.name} in {self.namespace}"


@dataclass(frozen=True, slots=True)
class ScalePatch:
    """One change of size, ready to be written.

    Differs from `Decision` (why, for whom) by naming the object in the API, and from `Outcome` (what came
    of it) by lying before the write.
    """

    key: WorkloadKey
    target: ScaleTarget
    replicas_from: int
    replicas_to: int
    dry_run: bool = False
    """Tell what would be written, and write nothing."""

    @property
    def body(self) -> Manifest:
        """The merge patch."""
        return {
            "metadata": {"resourceVersion": self.target.resource_version},
            "spec": {"replicas": self.replicas_to},
        }


def patch_for(decision: Decision, target: ScaleTarget, *, dry_run: bool = False) -> ScalePatch | None:
    """The write that a decision asks for; None where it changes nothing."""
    if not decision.changes_size:
        return None
    return ScalePatch(decision.key, target, decision.replicas_from, decision.replicas_to, dry_run)


async def act(
    api: KubeApi, decision: Decision, target: ScaleTarget, *, at: float, dry_run: bool = False
) -> Outcome:
    """Carry out one decision. Never raises an `ApiError`: what the server refused is an `Outcome` too.

    `at`: seconds since the epoch, noted in the outcome.
    """
    patch = patch_for(decision, target, dry_run=dry_run)
    return unchanged(decision, at=at) if patch is None else await apply(api, patch, at=at)


async def apply(api: KubeApi, patch: ScalePatch, *, at: float) -> Outcome:
    """Write one change of size, at most two attempts."""
    if patch.dry_run:
        message = f"Dry run: {patch.target} would go from {patch.replicas_from} to {patch.replicas_to}."
        return _outcome(patch, at, Reason.SUCCEEDED_GET_SCALE, message)
    try:
        return await _attempt(api, patch, at)
    except NotFoundError:
        return _outcome(patch, at, Reason.FAILED_GET_SCALE, _missing(patch.target))
    except ConflictError:
        message = f"{patch.target} was written by others twice within one tick; the next tick decides anew."
        return _outcome(patch, at, Reason.FAILED_UPDATE_SCALE, message)
    except ApiError as error:
        message = f"The size of {patch.target} could not be written: {error}"
        return _outcome(patch, at, Reason.FAILED_UPDATE_SCALE, message)


def unchanged(decision: Decision, *, at: float) -> Outcome:
    """The outcome of a decision that writes nothing."""
    if decision.replicas_to == decision.replicas_from:
        message = f"The size stays at {decision.replicas_from}."
    else:
        message = f"Only proposed, not written: {decision.replicas_from} to {decision.replicas_to}."
    return Outcome(decision.key, at, decision.replicas_to, None, Reason.SUCCEEDED_GET_SCALE, message)


def unreadable(target: ScaleTarget, error: ApiError) -> str:
    """The sentence where a size could not even be read, so that nothing was decided (`FailedGetScale`)."""
    if isinstance(error, NotFoundError):
        return _missing(target)
    return f"The size of {target} could not be read: {error}"


async def _attempt(api: KubeApi, patch: ScalePatch, at: float) -> Outcome:
    if patch.target.resource_version:
        # Not an error yet: a version moves with every write to the object, a size seldom.
        with contextlib.suppress(ConflictError):
            return await _write(api, patch, at)
    target = patch.target
    scale = await api.get(target.resource, target.namespace, target.name, subresource="scale")
    found = replicas_of(scale)
    if found != patch.replicas_from:
        message = f"Somebody else scaled {target} from {patch.replicas_from} to {found}; nothing was written."
        return _outcome(patch, at, Reason.SCALED_EXTERNALLY, message)
    version = str(scale["metadata"]["resourceVersion"])
    return await _write(api, replace(patch, target=replace(target, resource_version=version)), at)


async def _write(api: KubeApi, patch: ScalePatch, at: float) -> Outcome:
    target = patch.target
    scale = await api.patch(target.resource, target.namespace, target.name, patch.body, subresource="scale")
    accepted = replicas_of(scale)
    message = f"New size: {accepted}, was {patch.replicas_from}."
    return Outcome(patch.key, at, patch.replicas_to, accepted, Reason.SUCCEEDED_RESCALE, message)


def replicas_of(scale: Manifest) -> int:
    """Requested size of a Scale; the API server leaves the field out where it is 0."""
    return int((scale.get("spec") or {}).get("replicas") or 0)


def _outcome(patch: ScalePatch, at: float, reason: Reason, message: str) -> Outcome:
    return Outcome(patch.key, at, patch.replicas_to, None, reason, message)


def _missing(target: ScaleTarget) -> str:
    return f"There is no {target}, or it has no scale subresource; check spec.scaleTargetRef."

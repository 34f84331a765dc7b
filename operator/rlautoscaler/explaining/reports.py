"""What an object tells of its last decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rlagents.deciding.cases import Mode
from rlagents.structs.pods import ConditionStatus
from rlagents.structs.quantities import to_milli
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.errors import ExplanationError
from rlautoscaler.resources.explanations import Explanation
from rlautoscaler.resources.statuses import Condition, HorizontalTarget, Status
from rlautoscaler.resources.timestamps import written


@dataclass(frozen=True, slots=True)
class Report:
    """One decision, and the arithmetic behind the baseline's part in it."""

    namespace: str
    name: str
    mode: str
    """`spec.rollout.mode`."""
    target: HorizontalTarget
    explanation: Explanation | None
    """None where the status holds none: another version wrote it, or it had to be left out."""
    conditions: tuple[Condition, ...]
    age: float
    """Seconds since the decision."""
    is_outdated: bool
    """Whether the spec was changed after it."""

    def plain(self) -> dict[str, Any]:
        """As JSON. Quantities are whole thousandths, the very figures of the arithmetic."""
        target, explanation = self.target, self.explanation
        return {
            "namespace": self.namespace,
            "name": self.name,
            "mode": self.mode,
            "decidedAt": written(target.generatedAt),
            "ageSeconds": round(self.age, 3),
            "specChangedSince": self.is_outdated,
            "decision": _with_thousandths(target.document()),
            "baseline": None if explanation is None else _with_thousandths(explanation.document()),
            "conditions": [condition.document() for condition in self.conditions],
        }


def report(manifest: Manifest, *, now: float) -> Report:
    """The report on an `RLAutoscaler`. Raises `ExplanationError` where nothing has been decided yet.

    now: seconds since the epoch.
    """
    metadata, spec = manifest["metadata"], manifest.get("spec") or {}
    status = _status(manifest)
    target = None if status.horizontal is None else status.horizontal.target
    if status.horizontal is None or target is None:
        raise ExplanationError(_undecided(metadata, status))
    generation = metadata.get("generation")
    return Report(
        namespace=str(metadata["namespace"]),
        name=str(metadata["name"]),
        mode=str((spec.get("rollout") or {}).get("mode") or Mode.SHADOW),
        target=target,
        explanation=status.horizontal.explanation,
        conditions=tuple(status.conditions),
        age=max(0.0, now - target.generatedAt),
        is_outdated=None not in (generation, status.observedGeneration)
        and generation != status.observedGeneration,
    )


def _status(manifest: Manifest) -> Status:
    try:
        return Status.model_validate(manifest.get("status") or {})
    except ValidationError as error:
        metadata = manifest["metadata"]
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ExplanationError(
            f"The status of {metadata['namespace']}/{metadata['name']} cannot be read, {field} does not fit: "
            "use the version of this program that the operator has."
        ) from error


def _undecided(metadata: Mapping[str, Any], status: Status) -> str:
    place = f"{metadata['namespace']}/{metadata['name']}"
    obstacle = next((one for one in status.conditions if one.status is ConditionStatus.FALSE), None)
    if obstacle is not None:
        return f"Nothing has been decided yet about {place}: {obstacle.reason}: {obstacle.message}"
    return (
        f"Nothing has been decided yet about {place}: wait for an interval, and see that an operator runs "
        "and watches this namespace."
    )


_QUANTITIES = ("used", "requested", "averageValue", "value")


def _with_thousandths(part: Any) -> Any:
    """The same with every quantity as an integer, under a name that says of what."""
    if isinstance(part, list):
        return [_with_thousandths(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    return dict(_thousandths(name, value) for name, value in part.items())


def _thousandths(name: str, value: Any) -> tuple[str, Any]:
    if name in _QUANTITIES and isinstance(value, str):
        return f"{name}Milli", to_milli(value)
    return name, _with_thousandths(value)

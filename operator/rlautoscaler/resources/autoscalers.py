"""One RLAutoscaler as the operator sees it, read from a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rlagents.structs.states import WorkloadKey
from rlautoscaler.resources.annotations import Annotations
from rlautoscaler.resources.documents import sentences
from rlautoscaler.resources.specs import Spec
from rlautoscaler.resources.statuses import Status


@dataclass(frozen=True, slots=True)
class SpecInvalid:
    """A spec that nothing can be done with. An older schema, or none, may have let it pass."""

    problems: tuple[str, ...]
    """A sentence each, in the document's order."""

    def __str__(self) -> str:
        return "; ".join(self.problems)


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """One object. Nothing in a manifest makes reading it fail."""

    key: WorkloadKey
    uid: str
    generation: int
    spec: Spec | SpecInvalid
    status: Status
    """Without what could not be read."""
    annotations: Annotations


def read(manifest: Mapping[str, Any]) -> Autoscaler:
    """An object as the API server sent it."""
    metadata = _object(manifest.get("metadata"))
    return Autoscaler(
        key=WorkloadKey(_text(metadata.get("namespace")), _text(metadata.get("name"))),
        uid=_text(metadata.get("uid")),
        generation=_number(metadata.get("generation")),
        spec=read_spec(manifest.get("spec")),
        status=read_status(manifest.get("status")),
        annotations=Annotations.parse(_texts(metadata.get("annotations"))),
    )


def read_spec(document: Any) -> Spec | SpecInvalid:
    """A spec, or what is wrong with it."""
    if document is None:
        return SpecInvalid(("spec: is required",))
    try:
        return Spec.model_validate(document)
    except ValidationError as error:
        return SpecInvalid(sentences(error, root="spec"))


def read_status(document: Any) -> Status:
    """A status part by part, because another version of the operator, or a hand, may have written it."""
    readable: dict[str, Any] = {}
    for name, value in _object(document).items():
        try:
            Status.model_validate({name: value})
        except ValidationError:
            continue
        readable[name] = value
    return Status.model_validate(readable)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _texts(value: Any) -> dict[str, str]:
    return {name: text for name, text in _object(value).items() if isinstance(text, str)}

"""An HPA as a manifest or a file has it, brought into the form of `autoscaling/v2`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

from rlautoscaler.errors import HpaError

Manifest = Mapping[str, Any]

KIND = "HorizontalPodAutoscaler"

CPU_80_PERCENT = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}
"""What an HPA without metrics looks at."""

_ALIKE = ("autoscaling/v2", "autoscaling/v2beta2")
_OLD = "autoscaling/v1"
_ALPHA = "autoscaling.alpha.kubernetes.io/"
"""Prefix of the annotations in which `autoscaling/v1` carries what it has no fields for."""

_QUANTITIES = ("value", "averageValue", "tolerance")


@dataclass(frozen=True, slots=True)
class Hpa:
    """One HPA."""

    name: str
    namespace: str
    """Empty where the manifest names none."""
    spec: Mapping[str, Any]
    """Of `autoscaling/v2`, without nulls; `metrics` are never absent."""
    scaled_object: str = ""
    """KEDA's object that made it; empty where it is the user's own."""

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{KIND} {place}"


def read(manifest: Manifest, namespace: str = "") -> Hpa:
    """An HPA from its manifest. Raises `HpaError`. `namespace`: where the manifest names none."""
    metadata = _object(manifest, "metadata")
    name = metadata.get("name")
    if manifest.get("kind") != KIND or not isinstance(name, str) or not name:
        raise HpaError(f"This is no {KIND} with a name; `kubectl get hpa NAME -o yaml` prints one.")
    return Hpa(
        name=name,
        namespace=str(metadata.get("namespace") or namespace),
        spec=_spec(manifest, metadata, name),
        scaled_object=_scaled_object(metadata),
    )


def find(text: str, name: str = "", namespace: str = "") -> Manifest:
    """The one HPA of a file, which may hold many objects, and lists of them. Raises `HpaError`.

    `name` and `namespace` choose; an HPA of the file without namespace is of any.
    """
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise HpaError(f"The file is neither YAML nor JSON: {' '.join(str(error).split())}.") from error
    found = [one for document in documents for one in _hpas(document) if _is(one, name, namespace)]
    wanted = " ".join(part for part in (KIND, f"{namespace}/{name}".strip("/")) if part)
    if not found:
        raise HpaError(f"The file holds no {wanted}.")
    if len(found) > 1:
        names = ", ".join(str(_object(one, "metadata").get("name")) for one in found)
        raise HpaError(f"The file holds several HPAs: {names}. Name the one that you mean.")
    return found[0]


def _hpas(document: Any) -> Iterator[Manifest]:
    if not isinstance(document, dict):
        return
    if document.get("kind") == KIND:
        yield document
    items = document.get("items")
    for item in items if isinstance(items, list) else ():
        yield from _hpas(item)


def _is(manifest: Manifest, name: str, namespace: str) -> bool:
    metadata = _object(manifest, "metadata")
    own = metadata.get("namespace")
    return name in ("", metadata.get("name")) and (not own or namespace in ("", own))


def _spec(manifest: Manifest, metadata: Manifest, name: str) -> Mapping[str, Any]:
    version = manifest.get("apiVersion")
    spec: dict[str, Any] = _plain(_object(manifest, "spec"))
    if version in _ALIKE:
        return spec | {"metrics": spec.get("metrics") or [CPU_80_PERCENT]}
    annotations = _object(metadata, "annotations")
    if version != _OLD or any(str(key).startswith(_ALPHA) for key in annotations):
        raise HpaError(
            f"{KIND} {name} is written in {version}, which does not tell all of it; "
            f"`kubectl get hpa.v2.autoscaling {name} -o yaml` prints it in autoscaling/v2."
        )
    return _from_v1(spec)


def _from_v1(spec: dict[str, Any]) -> dict[str, Any]:
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    if percent is None:
        return spec | {"metrics": [CPU_80_PERCENT]}
    target = {"type": "Utilization", "averageUtilization": percent}
    return spec | {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]}


def _scaled_object(metadata: Manifest) -> str:
    """By the owner, or by the label, which backups and Git keep where they drop the owner."""
    owners = metadata.get("ownerReferences")
    for owner in owners if isinstance(owners, list) else ():
        if isinstance(owner, dict) and owner.get("kind") == "ScaledObject":
            return str(owner.get("name") or "")
    return str(_object(metadata, "labels").get("scaledobject.keda.sh/name") or "")


def _plain(value: Any, key: str = "") -> Any:
    """Without nulls. A quantity that YAML reads as a fraction becomes text: CRDs know no such numbers."""
    if isinstance(value, dict):
        return {name: _plain(child, name) for name, child in value.items() if child is not None}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    if isinstance(value, float) and key in _QUANTITIES:
        return format(Decimal(repr(value)), "f")
    return value


def _object(holder: Manifest, name: str) -> dict[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}

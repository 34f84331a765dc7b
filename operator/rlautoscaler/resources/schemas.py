"""The CustomResourceDefinition, derived from the models.

Every word about a field comes from its model; here is only what concerns the kind as a whole.
"""

from __future__ import annotations

from typing import Any

import yaml

from rlautoscaler.resources import names
from rlautoscaler.resources.columns import COLUMNS
from rlautoscaler.resources.specs import Spec
from rlautoscaler.resources.statuses import Status
from rlautoscaler.resources.structurals import Converter, Schema

_HEADING = (
    "# Written by `make crds` from operator/rlautoscaler/resources; change the models, not this file.\n"
)


def text() -> str:
    """The CRD as YAML, always the same for the same models."""
    return _HEADING + yaml.dump(crd(), Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


def crd() -> Schema:
    """The CRD as a manifest."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.PLURAL}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": names.KIND,
                "listKind": names.LIST_KIND,
                "plural": names.PLURAL,
                "singular": names.SINGULAR,
                "shortNames": list(names.SHORT_NAMES),
                "categories": list(names.CATEGORIES),
            },
            "versions": [_version()],
        },
    }


def openapi() -> Schema:
    """The schema of a whole object."""
    return {
        "type": "object",
        "description": "RLAutoscaler scales a workload by a learned policy that earns its trust beside the "
        "HorizontalPodAutoscaler it replaces.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"Always `{names.API_VERSION}`."},
            "kind": {"type": "string", "description": f"Always `{names.KIND}`."},
            "metadata": {"type": "object"},
            "spec": _structural(Spec.model_json_schema(), output=False),
            "status": _structural(Status.model_json_schema(mode="serialization"), output=True),
        },
    }


def _version() -> Schema:
    return {
        "name": names.VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [column.document() for column in COLUMNS],
        "schema": {"openAPIV3Schema": openapi()},
    }


def _structural(document: Schema, *, output: bool) -> Schema:
    return Converter(document.get("$defs", {}), output).schema(document)


class _Dumper(yaml.SafeDumper):
    """Writes everything out: anchors are hard to read, and `kubectl` shows them nowhere."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

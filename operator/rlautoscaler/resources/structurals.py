"""From the JSON schema that pydantic writes to the *structural* schema that Kubernetes wants.

Structural means: no references, no unions, one type for each value ("Specifying a structural schema" in the
documentation of CustomResourceDefinitions). Nothing is said here about a field that its model does not say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

_FIRST = ("description", "type", "format", "enum", "default")
_LAST = ("required", "properties", "items", "additionalProperties", "x-kubernetes-validations")
"""Around all other keywords, for readers of the file."""


@dataclass(frozen=True, slots=True)
class Converter:
    """Converts the schemas of one document."""

    definitions: Mapping[str, Schema]
    output: bool
    """Whether only the operator writes it. Then it has no defaults (an absent field is not known), and
    requires nothing that a later version may stop writing."""

    def schema(self, node: Schema) -> Schema:
        """One schema, with all below it."""
        result = self._with_children(self._resolved(node))
        if "description" in result:
            result["description"] = " ".join(result["description"].split())
        if "default" in result:
            result["default"] = _without_nulls(result["default"])
        _describe_numbers(result)
        _describe_lists(result)
        unwanted = {"title", "$defs", "readOnly"} | ({"default", "required"} if self.output else set())
        return {key: result[key] for key in sorted(result, key=_place) if key not in unwanted}

    def _resolved(self, node: Schema) -> Schema:
        """Without reference and without `null`, which the API server drops before it looks."""
        own = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
        if own.get("default", ...) is None:
            del own["default"]
        if "$ref" in node:
            definition = self.definitions[node["$ref"].rsplit("/", 1)[1]]
            return self._resolved({**definition, **own, **_description(definition, own)})
        if "anyOf" in node:
            (choice,) = (choice for choice in node["anyOf"] if choice != {"type": "null"})
            return self._resolved({**choice, **own})
        return own

    def _with_children(self, node: Schema) -> Schema:
        result = dict(node)
        if "properties" in node:
            result["properties"] = {name: self.schema(child) for name, child in node["properties"].items()}
        if "items" in node:
            result["items"] = self.schema(node["items"])
        # False is what structural schemas mean anyway, and they refuse to be told.
        if result.pop("additionalProperties", False):
            result["additionalProperties"] = self.schema(node["additionalProperties"])
        return result


def _description(definition: Schema, own: Schema) -> Schema:
    """What an object is, from its class, and what its place here adds."""
    texts = [part["description"] for part in (definition, own) if "description" in part]
    return {"description": " ".join(texts)} if "properties" in definition else {}


def _without_nulls(default: Any) -> Any:
    """A default as the API server wants it: whole, because rules are tried on it before it is filled in."""
    if isinstance(default, list):
        return [_without_nulls(entry) for entry in default]
    if isinstance(default, dict):
        return {name: _without_nulls(value) for name, value in default.items() if value is not None}
    return default


def _describe_numbers(schema: Schema) -> None:
    """OpenAPI 3.0 has a flag where JSON schema has a figure, and names the width of numbers."""
    for exclusive, inclusive in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if exclusive in schema:
            schema[inclusive], schema[exclusive] = schema[exclusive], True
    if schema.get("type") == "integer":
        schema["format"] = "int32" if schema.get("maximum", 2**31) < 2**31 else "int64"
    if schema.get("type") == "number":
        schema["format"] = "double"


def _describe_lists(schema: Schema) -> None:
    """Server-side apply merges the entries of a list by key where it has one, else replaces the list."""
    if "x-kubernetes-list-map-keys" in schema:
        schema["x-kubernetes-list-type"] = "map"
        schema["items"]["required"] = schema["x-kubernetes-list-map-keys"]
    elif schema.get("type") == "array":
        schema["x-kubernetes-list-type"] = "atomic"


def _place(keyword: str) -> tuple[int, int, str]:
    if keyword in _FIRST:
        return 0, _FIRST.index(keyword), ""
    if keyword in _LAST:
        return 2, _LAST.index(keyword), ""
    return 1, 0, keyword

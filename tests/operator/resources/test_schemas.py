"""The CustomResourceDefinition that the models make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
import yaml
from typer.testing import CliRunner

from rlautoscaler.cli import crds
from rlautoscaler.clients.protocols import RLAUTOSCALERS
from rlautoscaler.resources import names, schemas
from rlautoscaler.resources.columns import COLUMNS

FILE = Path(__file__).parents[3] / "crds" / "rlautoscalers.yaml"
SCHEMA = schemas.openapi()

STRUCTURAL = {
    *(
        "description",
        "type",
        "format",
        "enum",
        "default",
        "pattern",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
    ),
    *("maxProperties", "minimum", "maximum", "exclusiveMinimum", "required", "properties", "items"),
    *("additionalProperties", "x-kubernetes-validations", "x-kubernetes-int-or-string"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys"),
}


def below(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema with its path."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from below(child, f"{path}.{name}")
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if keyword in schema:
            yield from below(schema[keyword], path + mark)


EVERY = dict(below(SCHEMA))


def test_the_committed_file_is_what_the_models_make() -> None:
    """`crds/rlautoscalers.yaml` is up to date; `make crds` writes it."""
    assert FILE.read_text(encoding="utf-8") == schemas.text()


def test_the_text_is_the_manifest() -> None:
    """The YAML reads back as the manifest, so quoting and anchors change nothing."""
    assert yaml.safe_load(schemas.text()) == schemas.crd()
    assert "&id" not in schemas.text()


def test_the_command_prints_the_same() -> None:
    """`rlautoscaler crd` needs no file, so the wheel has the CRD with it."""
    app = typer.Typer()
    app.command()(crds.crd)
    assert CliRunner().invoke(app).stdout == schemas.text()


def test_the_names_are_those_that_the_clients_use() -> None:
    """Group, version and plural are the same wherever the kind is addressed."""
    assert (
        RLAUTOSCALERS.group,
        RLAUTOSCALERS.version,
        RLAUTOSCALERS.plural,
    ) == (names.GROUP, names.VERSION, names.PLURAL)


def test_every_field_is_described() -> None:
    """`kubectl explain` has a sentence about everything but metadata, which describes itself."""
    fields = {
        path: schema for path, schema in EVERY.items() if re.search(r"\.\w+$", path) and path != ".metadata"
    }
    assert [path for path, schema in fields.items() if not schema.get("description", "").endswith(".")] == []


def test_descriptions_tell_the_default() -> None:
    """Every field of the spec that has a default names it."""
    silent = [
        path
        for path, schema in EVERY.items()
        if path.startswith(".spec.") and "default" in schema and "Default" not in schema["description"]
    ]
    assert silent == []


def test_every_required_field_of_the_spec_says_so() -> None:
    """Where a field is required, its description begins or ends by saying it."""
    silent = [
        f"{path}.{name}"
        for path, schema in EVERY.items()
        if path.startswith(".spec")
        for name in schema.get("required", [])
        if "Required" not in schema["properties"][name]["description"]
        and not path.startswith(".spec.metrics.queries")
    ]
    assert silent == []


def test_the_schema_is_structural() -> None:
    """One type for each value, and no keyword that Kubernetes refuses or ignores."""
    assert {keyword for schema in EVERY.values() for keyword in schema} <= STRUCTURAL
    untyped = [path for path, schema in EVERY.items() if "type" not in schema]
    assert all(EVERY[path].get("x-kubernetes-int-or-string") for path in untyped)


def test_every_list_map_and_text_of_the_spec_is_bounded() -> None:
    """Without bounds the API server would refuse the rules for their cost."""
    bound = {"array": "maxItems", "string": "maxLength"}
    unbounded = [
        path
        for path, schema in EVERY.items()
        if path.startswith(".spec")
        and (
            (schema.get("type") in bound and not {bound[schema["type"]], "enum"} & set(schema))
            or ("additionalProperties" in schema and "maxProperties" not in schema)
        )
    ]
    assert unbounded == []


def test_rules_speak_in_sentences() -> None:
    """Each rule has a message, and the field it is reported at exists."""
    for path, schema in EVERY.items():
        for rule in schema.get("x-kubernetes-validations", []):
            assert len(rule["message"]) > 15
            assert rule.get("fieldPath", "").removeprefix(".") in {"", *schema.get("properties", {})}, path


def test_the_status_has_neither_defaults_nor_demands() -> None:
    """An absent field of the status is not known; only the keys of merged lists are required."""
    status = {path: schema for path, schema in EVERY.items() if path.startswith(".status")}
    assert not any("default" in schema for schema in status.values())
    required = {path: schema["required"] for path, schema in status.items() if "required" in schema}
    assert required == {
        ".status.currentMetrics[]": ["name"],
        ".status.vertical.recommendations[]": ["name"],
        ".status.conditions[]": ["type"],
    }


def test_every_column_finds_its_value() -> None:
    """Each JSONPath of a column is a path of the schema, with a type that can be shown."""
    for column in COLUMNS:
        path = re.sub(r'\[\?\(@\.type=="\w+"\)\]', "[]", column.path)
        if path == ".metadata.creationTimestamp":
            continue
        assert path in EVERY, column.path
        shown = "date" if EVERY[path].get("format") == "date-time" else EVERY[path]["type"]
        assert column.type == shown, column.path


def test_columns_are_those_of_the_design() -> None:
    """Ten columns for everyone, six more for `-o wide`."""
    narrow = [column.name for column in COLUMNS if not column.wide]
    wide = [column.name for column in COLUMNS if column.wide]
    assert narrow == ["Target", "Mode", "Min", "Max", "Replicas", "Desired", "RL%", "Source", "Ready", "Age"]
    assert wide == ["CPU", "Memory", "Last Scale", "Model", "Paused", "Fallback"]

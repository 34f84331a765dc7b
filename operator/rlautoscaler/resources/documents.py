"""What every object of the document shares: strict types, no unknown fields, its rules, and plain sentences.

Types are as strict as the API server's: a number in quotes is no number, `true` is no 1. Nulls are dropped
before anything is looked at, because the API server drops them, too. In one point the two differ: a whole
number written with a point (`10.0`) is refused here, while the server stores it as 10 wherever no rule looks
at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from rlautoscaler.resources import refusals
from rlautoscaler.resources.rules import PROBLEM, Rule


def _without_null_values(data: Any) -> Any:
    return (
        {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data
    )


DROPS_NULLS = BeforeValidator(_without_null_values)
"""For maps with free keys, which the API server rids of nulls, too."""


class Part(BaseModel):
    """One object of the spec."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    place: ClassVar[str] = ""
    """Where it stands below `spec`, as the table of refusals names it."""
    own_rules: ClassVar[tuple[Rule, ...]] = ()

    @classmethod
    def rules(cls) -> tuple[Rule, ...]:
        """All demands on this object: its own, and those that stand until a later version lifts them."""
        return (*cls.own_rules, *refusals.rules(cls.place))

    def document(self) -> dict[str, Any]:
        """As JSON, defaults written out."""
        return self.model_dump(mode="json", exclude_none=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None or key not in cls.model_fields}

    @model_validator(mode="after")
    def _keeps_rules(self) -> Self:
        broken = [rule for rule in self.rules() if not rule.holds(self)]
        if broken:
            details = [_problem(rule, self) for rule in broken]
            raise ValidationError.from_exception_data(type(self).__name__, details)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        document = handler(schema)
        rules = cls.rules()
        if rules:
            handler.resolve_ref_schema(document)["x-kubernetes-validations"] = [
                rule.document() for rule in rules
            ]
        return document


def sentences(error: ValidationError, *, root: str) -> tuple[str, ...]:
    """One sentence for each problem, in the document's order, with the path as `kubectl` writes it."""
    return tuple(f"{_path(root, one['loc'])}: {_sentence(one)}" for one in error.errors(include_url=False))


_SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "is not a field that this version knows; correct its name, or remove it",
    "enum": "must be {expected}",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "string_type": "must be text",
    "list_type": "must be a list",
    "dict_type": "must be a map",
    "model_type": "must be an object",
    "greater_than_equal": "must be at least {ge:.10g}",
    "greater_than": "must be above {gt:.10g}",
    "less_than_equal": "must be at most {le:.10g}",
    "less_than": "must be below {lt:.10g}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries",
}
"""By pydantic's type of error; pydantic's own message stands for all others."""


def _sentence(error: Any) -> str:
    known = _SENTENCES.get(error["type"])
    return str(error["msg"]) if known is None else known.format(**error.get("ctx", {}))


def _path(root: str, location: Sequence[int | str]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return root + "".join(steps)


def _problem(rule: Rule, part: Part) -> InitErrorDetails:
    return InitErrorDetails(
        type=PydanticCustomError(PROBLEM, "{message}", {"message": rule.message}),
        loc=(rule.field,) if rule.field else (),
        input=part,
    )

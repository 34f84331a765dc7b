"""What a document must satisfy beyond types and ranges: each demand is written once, in two languages.

CEL is for the API server, which refuses a bad document when it is applied. Python is for the operator, which
meets documents that an older or a missing schema let pass. That both say the same is tested against a real
API server.

`Rule` is about an object and may compare its fields. `Text` is about one value that is written as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

PROBLEM = "rule"
"""Error type of pydantic under which the messages of this module are found again."""


class Cause(StrEnum):
    """What kind of refusal the API server reports (`reason` of a validation rule)."""

    INVALID = "FieldValueInvalid"
    FORBIDDEN = "FieldValueForbidden"
    REQUIRED = "FieldValueRequired"


@dataclass(frozen=True, slots=True)
class Rule:
    """One demand on an object."""

    cel: str
    """Over `self`, the object with its defaults filled in."""
    holds: Callable[[Any], bool]
    """The same over the parsed object."""
    message: str
    """A sentence that tells what to write instead."""
    field: str = ""
    """The property it is reported at; empty for the object itself."""
    cause: Cause = Cause.INVALID

    def document(self) -> dict[str, str]:
        """As one entry of `x-kubernetes-validations`."""
        entry = {"rule": self.cel, "message": self.message, "reason": self.cause.value}
        if self.field:
            entry["fieldPath"] = f".{self.field}"
        return entry


@dataclass(frozen=True, slots=True)
class Text:
    """One demand on a value written as text. Used as metadata: `Annotated[str, durations.between(…)]`."""

    pattern: str
    """Anchored; understood alike by RE2 and by `re`."""
    message: str
    """A sentence that tells what to write instead."""
    longest: int
    """Characters; a bound on it is what makes the API server's cost estimate of `cel` finite."""
    shortest: int = 1
    cel: str = ""
    """Over `self`, beyond the pattern; empty for nothing."""
    holds: Callable[[str], bool] = lambda _: True
    """The same in Python; asked only where the pattern matches."""
    or_integer: bool = False
    """Whether a bare number may stand for the text, as in `cpu: 4`."""

    def parse(self, value: object) -> str | int:
        """The value as it was, or an error with this demand's message."""
        if self.or_integer and isinstance(value, int) and not isinstance(value, bool):
            accepted = self.accepts(str(value))
        else:
            accepted = isinstance(value, str) and self.accepts(value)
        if not accepted or not isinstance(value, str | int):
            raise PydanticCustomError(PROBLEM, "{message}", {"message": self.message})
        return value

    def accepts(self, text: str) -> bool:
        """Whether a text satisfies it."""
        if not self.shortest <= len(text) <= self.longest:
            return False
        return re.fullmatch(self.pattern, text) is not None and self.holds(text)

    def document(self) -> dict[str, Any]:
        """As a structural schema."""
        self_text = "string(self)" if self.or_integer else "self"
        rule = f"{self_text}.matches('{_escaped(self.pattern)}')"
        if self.cel:
            rule += f" && {self.cel}"
        kind = {"x-kubernetes-int-or-string": True} if self.or_integer else {"type": "string"}
        return kind | {
            "minLength": self.shortest,
            "maxLength": self.longest,
            "pattern": self.pattern,
            "x-kubernetes-validations": [{"rule": rule, "message": self.message}],
        }

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return self.document()


def _escaped(pattern: str) -> str:
    """For a CEL string literal in single quotes."""
    return pattern.replace("\\", "\\\\").replace("'", "\\'")

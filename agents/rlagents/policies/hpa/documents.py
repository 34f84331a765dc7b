"""Reading plain documents (YAML, JSON) with errors that name the place and the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from rlagents.structs import quantities
from rlagents.structs.errors import InvalidSpecError

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Document:
    """A part of a document, with the path at which users find it."""

    value: Any
    path: str

    def refused(self, remedy: str) -> InvalidSpecError:
        """The error to raise for this part; `remedy` goes on from the path."""
        return InvalidSpecError(f"{self.path} {remedy}.")

    def only(self, *keys: str) -> None:
        """Refuse fields that nobody would read: a typo must not pass as a default."""
        unknown = sorted(str(key) for key in self._fields() if key not in keys)
        if unknown:
            raise self.refused(f"has no field {', '.join(unknown)}; it has {', '.join(keys)}")

    def find(self, key: str) -> Document | None:
        """The part below, None where absent or null."""
        value = self._fields().get(key)
        return None if value is None else Document(value, f"{self.path}.{key}")

    def at(self, key: str) -> Document:
        """The part below, which must be there."""
        part = self.find(key)
        if part is None:
            raise self.refused(f"needs the field {key}")
        return part

    def items(self) -> Iterator[Document]:
        """The entries of a list."""
        if not isinstance(self.value, list | tuple):
            raise self.refused("must be a list")
        for index, value in enumerate(self.value):
            yield Document(value, f"{self.path}[{index}]")

    def text(self) -> str:
        """A string with something in it."""
        if not isinstance(self.value, str) or not self.value:
            raise self.refused("must be a non-empty string")
        return self.value

    def word(self, words: type[Word]) -> Word:
        """One of a closed set of words."""
        if self.value not in list(words):
            raise self.refused(f"must be one of {', '.join(words)}, not {self.value!r}")
        return words(self.value)

    def integer(self, low: int, high: int) -> int:
        """A whole number in a range, both ends included."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.refused(f"must be a whole number, not {self.value!r}")
        if not low <= self.value <= high:
            raise self.refused(f"must be from {low} to {high}, not {self.value}")
        return self.value

    def quantity(self) -> int:
        """A positive Kubernetes quantity, in milli-units."""
        milli = self._quantity(quantities.to_milli)
        if milli <= 0:
            raise self.refused(f"must be above 0, not {self.value}")
        return int(milli)

    def share(self) -> float:
        """A Kubernetes quantity of at least 0, as a double."""
        share = self._quantity(quantities.to_float)
        if share < 0:
            raise self.refused(f"must be at least 0, not {self.value}")
        return float(share)

    def _quantity(self, read: Any) -> Any:
        try:
            return read(self.value)
        except InvalidSpecError as error:
            raise InvalidSpecError(f"{self.path}: {error}") from error

    def _fields(self) -> Mapping[str, Any]:
        if not isinstance(self.value, Mapping):
            raise self.refused("must be a mapping")
        return self.value

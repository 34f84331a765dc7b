"""Percentages as people write them: `1%`, `0.5%`, `25%`."""

from __future__ import annotations

import re
from decimal import Decimal

from rlautoscaler.resources.rules import Text

PATTERN = r"^[0-9]{1,4}(\.[0-9]{1,4})?%$"


def share(text: str) -> float:
    """The share of one that a percentage says: `25%` is 0.25; ValueError for any other text."""
    if re.fullmatch(PATTERN, text) is None:
        raise ValueError(f"{text!r} is not a percentage; write it like 1% or 0.5%")
    return float(Decimal(text.removesuffix("%")) / 100)


def between(lowest: str, highest: str, *, usual: str) -> Text:
    """A percentage within bounds, both allowed; `usual` is the example that the message gives."""
    low, high = share(lowest), share(highest)
    number = "double(self.replace('%', ''))"
    return Text(
        pattern=PATTERN,
        shortest=2,
        longest=10,
        cel=f"{number} >= {_double(lowest)} && {number} <= {_double(highest)}",
        holds=lambda text: low <= share(text) <= high,
        message=f"must be a percentage from {lowest} to {highest}, such as {usual}",
    )


def _double(text: str) -> str:
    """As a CEL literal, which needs a point to be a double."""
    number = text.removesuffix("%")
    return number if "." in number else f"{number}.0"

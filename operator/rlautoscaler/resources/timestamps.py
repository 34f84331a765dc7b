"""Moments as the API writes them (RFC 3339, UTC), from and to seconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema


def written(at: float) -> str:
    """With milliseconds, where there are any: what steers within a second must survive a restart."""
    moment = datetime.fromtimestamp(round(at, 3), UTC)
    finest = "seconds" if moment.microsecond == 0 else "milliseconds"
    return moment.isoformat(timespec=finest).replace("+00:00", "Z")


def seconds(text: str) -> float:
    """Seconds since the epoch; ValueError for what is not a moment. Without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def _read(value: object) -> object:
    return seconds(value) if isinstance(value, str) else value


Timestamp = Annotated[
    float,
    BeforeValidator(_read),
    PlainSerializer(written, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A field that is seconds since the epoch in Python and text in the document."""

"""Sentences for people, made safe for the API server: one line, bounded in bytes, valid UTF-8."""

from __future__ import annotations

MESSAGE_BYTES = 256
"""Of one message; some forty of them stand in a status of at most 16 KiB."""

_ELLIPSIS = "…"


def fitted(text: str, limit: int = MESSAGE_BYTES) -> str:
    """The text on one line in at most `limit` bytes; what is cut off is marked.

    Error messages quote what others wrote (queries, answers of proxies), so anything may be in them: line
    ends, control characters that JSON writes as six bytes each, halves of surrogate pairs.
    """
    line = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(line.split())
    encoded = line.encode("utf-8")
    if len(encoded) <= limit:
        return encoded.decode("utf-8")
    kept = encoded[: limit - len(_ELLIPSIS.encode())].decode("utf-8", "ignore")
    return kept.rstrip() + _ELLIPSIS

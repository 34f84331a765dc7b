"""Pieces of PromQL, put together so that no user's text can become more than a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rlautoscaler.errors import QueryError

MOST_ALTERNATIVES = 100
"""Namespaces up to which a query is narrowed to them; a longer list costs more than it saves."""

_LABEL_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*|_[a-zA-Z0-9][a-zA-Z0-9_]*")
"""Without the names that begin with two underscores: `__name__` would change the metric."""


def quoted(text: str) -> str:
    """A string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def equal(labels: Mapping[str, str]) -> list[str]:
    """Matchers for exact values. Raises `QueryError` for what is no name of a label."""
    return [f"{_checked(name)}={quoted(value)}" for name, value in sorted(labels.items())]


def equal_or_absent(labels: Mapping[str, str]) -> list[str]:
    """Matchers that series without the label satisfy too. Raises `QueryError` as `equal`."""
    return [f"{_checked(name)}=~{quoted(_literal(value) + '|')}" for name, value in sorted(labels.items())]


def one_of(label: str, values: Iterable[str], *, or_absent: bool = False) -> list[str]:
    """A matcher for some values; none where they are too many to be worth it."""
    alternatives = sorted(set(values))
    if len(alternatives) > MOST_ALTERNATIVES:
        return []
    pattern = "|".join([*map(_literal, alternatives), *([""] if or_absent else [])])
    return [f"{label}=~{quoted(pattern)}"]


def selector(metric: str, matchers: Iterable[str]) -> str:
    """A vector selector."""
    return f"{metric}{{{','.join(matchers)}}}"


def duration(seconds: float) -> str:
    """A time span to the millisecond; 0 is not one."""
    milliseconds = max(1, round(seconds * 1000))
    return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"


def age(timestamps: str) -> str:
    """Seconds since the timestamps that an expression gives, by Prometheus' own clock.

    Taken there because the operator's clock may differ, and an age would then be wrong unnoticed. The line
    break ends a comment that the expression may end with.
    """
    return f"time() - (\n{timestamps}\n)"


def _checked(name: str) -> str:
    if _LABEL_NAME.fullmatch(name) is None:
        raise QueryError(
            f"{name!r} is not a label that can be matched: use letters, digits and single underscores "
            "at the start in spec.metrics.labels."
        )
    return name


def _literal(value: str) -> str:
    """A regular expression for exactly this text, in RE2."""
    return re.sub(r"([\\.+*?()\[\]{}|^$])", r"\\\1", value)

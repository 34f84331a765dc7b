"""Label selectors as the API server reads them from `labelSelector`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

_REQUIREMENT = re.compile(
    r"\s*(?:"
    r"(?P<absent>!\s*)?(?P<only>[^\s,!=()]+)"
    r"|(?P<equal_key>[^\s,!=()]+)\s*(?P<equal>==|=|!=)\s*(?P<equal_value>[^\s,!=()]*)"
    r"|(?P<set_key>[^\s,!=()]+)\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\)"
    r")\s*(?:,|$)"
)


Selector = Callable[[Mapping[str, str]], bool]


@lru_cache(maxsize=4096)
def parse(text: str) -> Selector:
    """A predicate on labels that demands every requirement. Raises `ValueError` for what is no selector."""
    requirements = []
    position = 0
    while position < len(text):
        requirement = _REQUIREMENT.match(text, position)
        if requirement is None:
            raise ValueError(f'"{text[position:]}" is not a label selector')
        requirements.append(requirement.groupdict())
        position = requirement.end()
    return lambda labels: all(_satisfied(part, labels) for part in requirements)


def _satisfied(part: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    if part["only"]:
        return (part["only"] in labels) is not bool(part["absent"])
    if part["equal"]:
        return (labels.get(part["equal_key"]) == part["equal_value"]) is (part["equal"] != "!=")
    values = {value.strip() for value in part["values"].split(",")}
    return (labels.get(part["set_key"]) in values) is (part["set"] == "in")

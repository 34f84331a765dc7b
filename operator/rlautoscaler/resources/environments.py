"""Environment variables that look like settings and are none: a misspelt one would pass unnoticed.

Kubernetes itself writes variables with our prefix: for a Service called `rlautoscaler…` every pod of its
namespace gets `RLAUTOSCALER_…_SERVICE_HOST`, `…_SERVICE_PORT_HTTP`, `…_PORT`, `…_PORT_8080_TCP_ADDR` and
the like. Those are no misspellings.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from rlautoscaler.resources.settings import PREFIX, Settings

_OF_A_SERVICE = re.compile(
    r".*_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_PORT = "_PORT"
_ADDRESS = re.compile(r"(tcp|udp|sctp)://.*")
"""What Kubernetes writes into `…_PORT`; settings that end so hold a number."""


def misspelt(environment: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each variable that is taken for a setting and is not one."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name, value in sorted(environment.items()):
        upper = name.upper()
        if upper.startswith(PREFIX) and upper not in known and not _is_of_a_service(upper, value):
            yield _sentence(name, difflib.get_close_matches(upper, known, n=1))


def _is_of_a_service(name: str, value: str) -> bool:
    is_address = name.endswith(_PORT) and _ADDRESS.fullmatch(value) is not None
    return is_address or _OF_A_SERVICE.fullmatch(name) is not None


def _sentence(name: str, close: list[str]) -> str:
    advice = f"did you mean {close[0]}?" if close else "`rlautoscaler run --help` lists them all."
    return f"{name} in the environment is no setting and changes nothing; {advice}"

"""What a user may write onto an RLAutoscaler by hand, without touching its spec.

    kubectl annotate rla checkout rlautoscaler.io/paused=true

In doubt an annotation means what is safer: a value of `paused` that is no boolean pauses (as in KEDA), a size
that is no number holds the size where it is, and only a plain `true` hands over somebody else's target.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rlautoscaler.resources.names import GROUP

PAUSED = f"{GROUP}/paused"
"""Nothing is scaled; everything is still computed and shown."""
PAUSED_SCALE_IN = f"{GROUP}/paused-scale-in"
"""Nothing is removed."""
PAUSED_SCALE_OUT = f"{GROUP}/paused-scale-out"
"""Nothing is added."""
PAUSED_REPLICAS = f"{GROUP}/paused-replicas"
"""The target is held at this size, also outside `minReplicas` and `maxReplicas`."""
FORCE_BASELINE = f"{GROUP}/force-baseline"
"""The learned policy may not act. On a namespace, as a label: for all autoscalers in it."""
TRANSFER_OWNERSHIP = f"{GROUP}/transfer-ownership"
"""This autoscaler may scale a target that another autoscaler scales, too."""

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
"""As Go's `strconv.ParseBool` reads them, which is what users of KEDA know."""

_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Annotations:
    """What the annotations of one object say."""

    paused: bool = False
    paused_scale_in: bool = False
    paused_scale_out: bool = False
    paused_replicas: int | None = None
    force_baseline: bool = False
    transfer_ownership: bool = False
    problems: tuple[str, ...] = ()
    """A sentence for each value that could not be read as it was meant."""

    @staticmethod
    def parse(annotations: Mapping[str, str] | None) -> Annotations:
        """What the annotations of an object say. Never raises."""
        found = annotations or {}
        replicas, problems = _replicas(found.get(PAUSED_REPLICAS))
        transfer, unclear = _transfer(found.get(TRANSFER_OWNERSHIP))
        return Annotations(
            paused=is_on(found.get(PAUSED)) or bool(problems),
            paused_scale_in=is_on(found.get(PAUSED_SCALE_IN)),
            paused_scale_out=is_on(found.get(PAUSED_SCALE_OUT)),
            paused_replicas=replicas,
            force_baseline=is_on(found.get(FORCE_BASELINE)),
            transfer_ownership=transfer,
            problems=problems + unclear,
        )


def is_on(value: str | None) -> bool:
    """Whether a switch that only makes things safer is on: where it is there and does not say false."""
    return value is not None and value.strip() not in _FALSE


def _replicas(value: str | None) -> tuple[int | None, tuple[str, ...]]:
    if value is None:
        return None, ()
    digits = value.strip()
    if re.fullmatch("[0-9]{1,10}", digits) is not None and int(digits) <= _LARGEST:
        return int(digits), ()
    problem = (
        f"Annotation {PAUSED_REPLICAS} is {value[:40]!r}, not a whole number of at least 0: "
        "the size is held where it is until you correct or remove it."
    )
    return None, (problem,)


def _transfer(value: str | None) -> tuple[bool, tuple[str, ...]]:
    if value is None or value.strip() in _TRUE | _FALSE:
        return value is not None and value.strip() in _TRUE, ()
    problem = (
        f"Annotation {TRANSFER_OWNERSHIP} is {value[:40]!r}, neither true nor false: "
        "the target stays with its other autoscaler until you write true."
    )
    return False, (problem,)

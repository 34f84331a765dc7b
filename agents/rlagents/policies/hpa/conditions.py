"""The conditions of an HPA: what it can do, whether it does, and what holds it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rlagents.structs.pods import ConditionStatus
from rlagents.structs.reasons import Reason


class ConditionType(StrEnum):
    """`type` of an HPA's condition."""

    ABLE_TO_SCALE = "AbleToScale"
    """The scale can be read and written; tells, too, whether a window holds the size."""
    SCALING_ACTIVE = "ScalingActive"
    """The metrics give a size."""
    SCALING_LIMITED = "ScalingLimited"
    """A bound or a rate changed the size."""
    SCALED_TO_ZERO = "ScaledToZero"
    """This HPA set the size to 0, which differs from somebody's turning it off."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, without its times: a pass knows only what is so now."""

    type: ConditionType
    status: ConditionStatus
    reason: Reason
    message: str

    @property
    def is_true(self) -> bool:
        """Whether the status is `True`."""
        return self.status is ConditionStatus.TRUE


SCALED_TO_ZERO: Final = Condition(
    ConditionType.SCALED_TO_ZERO, ConditionStatus.TRUE, Reason.SCALED_TO_ZERO, "the metrics ask for no pods"
)
"""The mark of an HPA that set the size to 0 itself."""


def state(kind: ConditionType, value: bool, reason: Reason, message: str) -> Condition:
    """A condition that is `True` or `False`."""
    return Condition(kind, ConditionStatus.TRUE if value else ConditionStatus.FALSE, reason, message)


def merged(old: Iterable[Condition], *new: Condition) -> tuple[Condition, ...]:
    """The old conditions with the new put in their place; what a pass does not mention keeps what it had."""
    by_type = {condition.type: condition for condition in (*old, *new)}
    return tuple(by_type.values())


def without(old: Iterable[Condition], kind: ConditionType) -> tuple[Condition, ...]:
    """The conditions but the one."""
    return tuple(condition for condition in old if condition.type is not kind)


def is_true(conditions: Iterable[Condition], kind: ConditionType) -> bool:
    """Whether the condition is there and `True`."""
    return any(condition.type is kind and condition.is_true for condition in conditions)


def is_scaled_to_zero(conditions: Iterable[Condition]) -> bool:
    """Whether a size of 0 is the HPA's own doing."""
    return is_true(conditions, ConditionType.SCALED_TO_ZERO)

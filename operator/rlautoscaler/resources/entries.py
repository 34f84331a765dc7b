"""What every object of the status shares, and the lists in it: changes of size, the baseline's logs.

The status is written by the operator and read back by it, perhaps by another version of it: fields it does
not know are passed over, and texts and lists are cut to size instead of being refused, because a status that
the API server refuses would leave the user without any.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rlagents.structs.reasons import Source
from rlautoscaler.resources.timestamps import Timestamp

LONGEST_MESSAGE = 512
LONGEST_HISTORY = 20
LONGEST_LOG = 96
"""Entries of one log of the baseline."""


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_MESSAGE:
        return value[: LONGEST_MESSAGE - 1] + "…"
    return value


Message = Annotated[str, BeforeValidator(_shortened), Field(max_length=LONGEST_MESSAGE)]
"""A sentence for people."""

ReasonText = Annotated[str, Field(max_length=128)]
"""A reason in CamelCase. Open, because a newer version may know more of them."""

Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Entry(BaseModel):
    """One object of the status."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)

    def document(self) -> dict[str, Any]:
        """As JSON, without what is not known."""
        return self.model_dump(mode="json", exclude_none=True)


class SizeRecord(Entry):
    """A size at a moment."""

    time: Timestamp
    """When."""

    replicas: Count
    """How many replicas."""


class Change(Entry):
    """A change of size that took place."""

    time: Timestamp
    """When the API server took it."""

    fromReplicas: Count
    """The size before."""

    toReplicas: Count
    """The size after."""

    source: Source
    """Whose size it was: `Baseline`, `Policy`, `Manual` (an annotation of yours) or `External` (somebody else
    wrote it)."""

    reason: ReasonText
    """Why it was this source's turn."""

    limitedReason: ReasonText | None = None
    """Which bound, rate or guard had the last word; absent where the size is as proposed."""

    baseline: Count | None = None
    """What the HPA would have set; absent where it had no valid metric."""

    policy: Count | None = None
    """What the learned policy would have set, after its guards; absent where it was not asked."""

    message: Message = ""
    """The change in one sentence."""


def _newest(limit: int) -> BeforeValidator:
    return BeforeValidator(lambda value: list(value)[-limit:] if isinstance(value, list | tuple) else value)


History = Annotated[list[Change], _newest(LONGEST_HISTORY), Field(max_length=LONGEST_HISTORY)]
Log = Annotated[list[SizeRecord], _newest(LONGEST_LOG), Field(max_length=LONGEST_LOG)]


class BaselineLogs(Entry):
    """What the HPA remembers, so that a restart forgets nothing."""

    recommendations: Log = Field(default=[])
    """Sizes that the HPA proposed, oldest first; only those that can still hold a later size back."""

    scaleUps: Log = Field(default=[])
    """Replicas added, oldest first, as far back as the rates in `spec.baseline.behavior` look."""

    scaleDowns: Log = Field(default=[])
    """Replicas removed, oldest first, as far back as the rates in `spec.baseline.behavior` look."""

    scaledToZero: bool = False
    """Whether a size of 0 is the HPA's own doing, so that it may also end it; one set by hand means off."""

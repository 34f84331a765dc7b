"""The rule of leader election over one `coordination.k8s.io` Lease: what a candidate should do now. Pure.

Nobody's clock is trusted but one's own: a candidate notes when *it* saw the Lease change last, by its
monotonic clock, and takes over when nothing has changed for the lease time. What others wrote into
`renewTime` is compared, never read as a time (as in client-go's leaderelection, which documents the same
tolerance: clocks may be apart, they may not run at rates that differ by more than lease time / renew
deadline).

Two leaders at once are excluded by three inequalities. A leader stops at the *start* of its last successful
renewal + the renew deadline; a successor sees that renewal after it was sent, and waits the longer lease
time from then; and every write names the version that was read, so of two candidates one gets a conflict.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rlautoscaler.acting import times
from rlautoscaler.clients.protocols import LEASES, Manifest
from rlautoscaler.errors import SettingsError


@dataclass(frozen=True, slots=True)
class LeaseDurations:
    """The three times of an election, in seconds; the defaults are those of Kubernetes' controllers."""

    lease: float = 15.0
    """For how long an unchanged Lease keeps others off. Longer: a killed leader is replaced later."""
    renew: float = 10.0
    """Without a successful renewal for so long the leader gives up. Longer: bears longer API outages."""
    retry: float = 2.0
    """Between two looks. Shorter: a released Lease is taken sooner, at more requests."""

    @property
    def turn(self) -> float:
        """The longest time between two turns of a loop that is well: one hanging request, one pause."""
        return self.renew + self.retry

    def __post_init__(self) -> None:
        if not 0 < self.retry < self.renew < self.lease:
            raise SettingsError(
                f"Leader election needs 0 < retry < renew < lease, got {self.retry:g}, {self.renew:g} and "
                f"{self.lease:g} seconds; change the lease settings."
            )


class Move(StrEnum):
    """What a candidate should do with the Lease now."""

    ACQUIRE = "Acquire"
    RENEW = "Renew"
    WAIT = "Wait"
    LOST = "Lost"
    """It led and may not lead any more; final."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a candidate knows by its own clock (monotonic seconds)."""

    record: tuple[str, str, str] = ("", "", "")
    """Holder, renewal and transitions as they stood in the Lease when it was last seen to differ."""
    changed_at: float = 0.0
    """When it was first seen like that."""
    renewed_at: float | None = None
    """When the last successful renewal of one's own was begun; None while not leading."""

    @property
    def leads(self) -> bool:
        """Whether this candidate took the Lease and has not given it up."""
        return self.renewed_at is not None


def look(sight: Sight | None, lease: Manifest | None, now: float) -> Sight:
    """The sight after reading the Lease at `now`; None where there is no Lease (or none seen before)."""
    record = record_of(lease)
    if sight is None:
        return Sight(record, now)
    if sight.record == record:
        return sight
    return Sight(record, now, sight.renewed_at)


def next_move(
    lease: Manifest | None, sight: Sight, identity: str, now: float, durations: LeaseDurations
) -> Move:
    """The move of candidate `identity` at `now`, with `sight` already updated by `look`."""
    holder = holder_of(lease)
    if sight.renewed_at is not None:
        in_time = now - sight.renewed_at < durations.renew
        if not in_time or holder not in (identity, ""):
            return Move.LOST
        return Move.RENEW if holder == identity else Move.ACQUIRE
    if holder in (identity, ""):
        return Move.ACQUIRE
    expired = now - sight.changed_at >= _declared(lease, durations.lease)
    return Move.ACQUIRE if expired else Move.WAIT


def holder_of(lease: Manifest | None) -> str:
    """Who holds the Lease; empty where nobody does."""
    return str(_spec(lease).get("holderIdentity") or "")


def record_of(lease: Manifest | None) -> tuple[str, str, str]:
    """What every renewal changes: another record means that the holder was alive."""
    spec = _spec(lease)
    return holder_of(lease), str(spec.get("renewTime")), str(spec.get("leaseTransitions"))


def taken(
    lease: Manifest | None, identity: str, durations: LeaseDurations, *, name: str, wall: float
) -> Manifest:
    """The Lease as its holder writes it, made from what was read (its version is the precondition).

    wall: seconds since the epoch, for people's eyes only.
    """
    spec = _spec(lease)
    renewing = holder_of(lease) == identity
    transitions = int(spec.get("leaseTransitions") or 0) + (lease is not None and not renewing)
    acquired = spec.get("acquireTime") if renewing else None
    return {
        "apiVersion": LEASES.api_version,
        "kind": "Lease",
        "metadata": dict(lease["metadata"]) if lease is not None else {"name": name},
        "spec": {
            **spec,
            "holderIdentity": identity,
            # Rounded up: others must never wait for less than we rely on.
            "leaseDurationSeconds": math.ceil(durations.lease),
            "acquireTime": acquired or times.micro(wall),
            "renewTime": times.micro(wall),
            "leaseTransitions": transitions,
        },
    }


def released(lease: Manifest, *, wall: float) -> Manifest:
    """The Lease as its holder leaves it: nobody's, so that the next look of another takes it."""
    spec = {**_spec(lease), "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": times.micro(wall)}
    return {**lease, "spec": spec}


def _spec(lease: Manifest | None) -> dict[str, Any]:
    return dict((lease or {}).get("spec") or {})


def _declared(lease: Manifest | None, default: float) -> float:
    """The holder's own lease time, which may differ from ours while settings are rolled out."""
    seconds = _spec(lease).get("leaseDurationSeconds")
    return float(seconds) if isinstance(seconds, int) and seconds > 0 else default

"""Leader election: one `coordination.k8s.io` Lease, held by the only process that may act.

`next_move` is the whole rule, pure; `Elector` is the thin loop around it.

Nobody's clock is trusted but one's own: a candidate notes when *it* saw the Lease change last, by its
monotonic clock, and takes over when nothing has changed for the lease time. What others wrote into
`renewTime` is compared, never read as a time (as in client-go's leaderelection, which documents the same
tolerance: clocks may be apart, they may not run at rates that differ by more than lease time / renew
deadline).

Two leaders at once are excluded by three inequalities. A leader stops at the *start* of its last successful
renewal + the renew deadline; a successor sees that renewal after it was sent, and waits the longer lease
time from then; and every write names the version that was read, so of two candidates one gets a conflict.

`kubernetes.aio.leaderelection` (37.0) was considered and does not do: it measures with the wall clock,
labels local time as UTC, ends with an exception on a network error (only `ApiException` is caught), lets a
hanging request outlive the renew deadline, and cannot release.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rlautoscaler.acting import times
from rlautoscaler.clients.protocols import LEASES, KubeApi, Manifest
from rlautoscaler.errors import ApiError, ConflictError, NotFoundError, SettingsError

logger = logging.getLogger(__name__)


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
    record = _record(lease)
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
            "leaseDurationSeconds": max(1, round(durations.lease)),
            "acquireTime": acquired or times.micro(wall),
            "renewTime": times.micro(wall),
            "leaseTransitions": transitions,
        },
    }


def released(lease: Manifest, *, wall: float) -> Manifest:
    """The Lease as its holder leaves it: nobody's, so that the next look of another takes it."""
    spec = {**_spec(lease), "holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": times.micro(wall)}
    return {**lease, "spec": spec}


class Elector:
    """One candidate's loop. `run` it first; act only while `may_act`.

    Order of a graceful stop: end what acts, cancel `run`, then `release`; a Lease released earlier would
    let the next leader act beside this one.

    monotonic, wall: clocks in seconds; sleep: passed in so that tests own the time; beat: called at every
    turn of the loop, for the health probe; on_lost: called once with a sentence, has to end the process.
    """

    def __init__(
        self,
        api: KubeApi,
        *,
        namespace: str,
        name: str,
        identity: str,
        on_lost: Callable[[str], None],
        monotonic: Callable[[], float],
        wall: Callable[[], float],
        durations: LeaseDurations | None = None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._on_lost = on_lost
        self._monotonic = monotonic
        self._wall = wall
        self._durations = durations or LeaseDurations()
        self._sleep = sleep
        self._beat = beat
        self._sight: Sight | None = None
        self._acquired = asyncio.Event()

    @property
    def may_act(self) -> bool:
        """Whether this process leads *now*: also False when the loop that renews is itself late."""
        renewed_at = None if self._sight is None else self._sight.renewed_at
        return renewed_at is not None and self._monotonic() - renewed_at < self._durations.renew

    async def acquired(self) -> None:
        """Return when this process has become the leader."""
        await self._acquired.wait()

    async def run(self) -> None:
        """Stand by, lead, and return after `on_lost` was called.

        Whoever awaits it must take an exception for a loss: from then on nobody renews.
        """
        while True:
            self._beat()
            failure = await self._turn()
            if failure:
                self._sight = None
                self._on_lost(failure)
                return
            await self._sleep(self._durations.retry)

    async def release(self) -> None:
        """Give the Lease up, if it is held. An API server that is away is no obstacle: the Lease runs out."""
        if not self.may_act:
            return
        self._sight = None
        try:
            lease = await self._api.get(LEASES, self._namespace, self._name)
            if holder_of(lease) == self._identity:
                body = released(lease, wall=self._wall())
                await self._api.replace(LEASES, self._namespace, self._name, body)
        except ApiError as error:
            logger.warning("The lease could not be released; another takes over when it ends. %s", error)

    async def _turn(self) -> str:
        """One look and one move; the sentence why leadership is lost, empty while it is not."""
        try:
            async with asyncio.timeout(self._patience()):
                return await self._move()
        except ConflictError:
            logger.debug("Somebody else wrote the lease first.")
        except (ApiError, TimeoutError) as error:
            logger.warning("The lease could not be read or written: %s", error or "no answer in time.")
        return self._overdue()

    async def _move(self) -> str:
        lease = await self._read()
        began = self._monotonic()
        self._sight = look(self._sight, lease, began)
        move = next_move(lease, self._sight, self._identity, began, self._durations)
        if move is Move.LOST:
            return self._overdue() or f"The lease is held by {holder_of(lease)}."
        if move is not Move.WAIT:
            await self._take(lease, began)
        return ""

    async def _take(self, lease: Manifest | None, began: float) -> None:
        body = taken(lease, self._identity, self._durations, name=self._name, wall=self._wall())
        if lease is None:
            stored = await self._api.create(LEASES, self._namespace, body)
        else:
            stored = await self._api.replace(LEASES, self._namespace, self._name, body)
        if self._sight is None or not self._sight.leads:
            logger.info("Leading as %s.", self._identity)
        self._sight = Sight(_record(stored), began, began)
        self._acquired.set()

    async def _read(self) -> Manifest | None:
        try:
            return await self._api.get(LEASES, self._namespace, self._name)
        except NotFoundError:
            return None

    def _patience(self) -> float:
        """Seconds a turn may take: the rest until the deadline for a leader, all of it for a candidate."""
        renewed_at = None if self._sight is None else self._sight.renewed_at
        if renewed_at is None:
            return self._durations.renew
        return max(0.0, renewed_at + self._durations.renew - self._monotonic())

    def _overdue(self) -> str:
        if self._sight is None or not self._sight.leads or self.may_act:
            return ""
        return f"The lease was not renewed for {self._durations.renew:g} seconds."


def _spec(lease: Manifest | None) -> dict[str, Any]:
    return dict((lease or {}).get("spec") or {})


def _record(lease: Manifest | None) -> tuple[str, str, str]:
    spec = _spec(lease)
    return holder_of(lease), str(spec.get("renewTime")), str(spec.get("leaseTransitions"))


def _declared(lease: Manifest | None, default: float) -> float:
    """The holder's own lease time, which may differ from ours while settings are rolled out."""
    seconds = _spec(lease).get("leaseDurationSeconds")
    return float(seconds) if isinstance(seconds, int) and seconds > 0 else default

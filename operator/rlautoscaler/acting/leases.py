"""Leader election as a process lives it: stand by, lead, give up, release. The rule is in `elections`.

`kubernetes.aio.leaderelection` (37.0) was considered and does not do: it measures with the wall clock,
labels local time as UTC, ends with an exception on a network error (only `ApiException` is caught), lets a
hanging request outlive the renew deadline, and cannot release.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rlautoscaler.acting import elections
from rlautoscaler.acting.elections import LeaseDurations, Move, Sight
from rlautoscaler.clients.protocols import LEASES, KubeApi, Manifest
from rlautoscaler.errors import ApiError, ConflictError, ForbiddenError, NotFoundError

__all__ = ["Elector", "LeaseDurations"]

logger = logging.getLogger(__name__)


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
        self._complaint = ""
        self._obstacle = ""

    @property
    def may_act(self) -> bool:
        """Whether this process leads *now*: also False when the loop that renews is itself late."""
        renewed_at = None if self._sight is None else self._sight.renewed_at
        return renewed_at is not None and self._monotonic() - renewed_at < self._durations.renew

    @property
    def obstacle(self) -> str:
        """Why it cannot lead until somebody helps, as a sentence; empty while nothing is in its way."""
        return self._obstacle

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
            async with asyncio.timeout(self._durations.renew):
                await self._give_up()
        except (ApiError, TimeoutError) as error:
            cause = str(error) or "No answer in time."
            logger.warning("The lease could not be released; another takes over when it runs out. %s", cause)

    async def _give_up(self) -> None:
        lease = await self._api.get(LEASES, self._namespace, self._name)
        if elections.holder_of(lease) == self._identity:
            body = elections.released(lease, wall=self._wall())
            await self._api.replace(LEASES, self._namespace, self._name, body)

    async def _turn(self) -> str:
        """One look and one move; the sentence why leadership is lost, empty while it is not."""
        try:
            async with asyncio.timeout(self._patience()):
                failure = await self._move()
        except ConflictError:
            logger.debug("Somebody else wrote the lease first.")
        except (ApiError, TimeoutError) as error:
            self._complain(error)
        else:
            self._complaint = self._obstacle = ""
            return failure
        return self._overdue()

    def _complain(self, error: ApiError | TimeoutError) -> None:
        """Tell a cause once: it comes back at every turn."""
        cause = str(error) or "No answer in time."
        if cause != self._complaint:
            logger.warning("The lease could not be read or written. %s", cause)
        self._complaint = cause
        self._obstacle = cause if isinstance(error, (NotFoundError, ForbiddenError)) else ""

    async def _move(self) -> str:
        lease = await self._read()
        began = self._monotonic()
        self._sight = elections.look(self._sight, lease, began)
        move = elections.next_move(lease, self._sight, self._identity, began, self._durations)
        if move is Move.LOST:
            return self._overdue() or f"The lease is held by {elections.holder_of(lease)}."
        if move is not Move.WAIT:
            await self._take(lease, began)
        return ""

    async def _take(self, lease: Manifest | None, began: float) -> None:
        body = elections.taken(lease, self._identity, self._durations, name=self._name, wall=self._wall())
        if lease is None:
            stored = await self._create(body)
        else:
            stored = await self._api.replace(LEASES, self._namespace, self._name, body)
        if self._sight is None or not self._sight.leads:
            logger.info("Leading as %s.", self._identity)
        self._sight = Sight(elections.record_of(stored), began, began)
        self._acquired.set()

    async def _create(self, body: Manifest) -> Manifest:
        try:
            return await self._api.create(LEASES, self._namespace, body)
        except NotFoundError as error:
            raise NotFoundError(
                f"There is no namespace {self._namespace} to hold it: create the namespace, or name another "
                "with --lease-namespace. Nothing is scaled until then.",
                status=error.status,
                reason=error.reason,
            ) from error

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

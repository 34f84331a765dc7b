"""Leader election: the rule as a table, and whole scenarios on a clock of the test's own."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlautoscaler.acting import elections
from rlautoscaler.acting.elections import LeaseDurations, Move, Sight
from rlautoscaler.acting.leases import Elector
from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import LEASES, Manifest, Resource
from rlautoscaler.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    SettingsError,
    UnreachableError,
)

DURATIONS = LeaseDurations()
NAMESPACE, NAME = "system", "rlautoscaler"


def lease(holder: str | None, *, renewed: str = "t1", seconds: object = 15) -> Manifest:
    spec = {"renewTime": renewed, "leaseDurationSeconds": seconds, "leaseTransitions": 0}
    return {"metadata": {"resourceVersion": "7"}, "spec": spec | {"holderIdentity": holder}}


def seen(manifest: Manifest | None, at: float, *, renewed_at: float | None = None) -> Sight:
    sight = elections.look(None, manifest, at)
    return Sight(sight.record, sight.changed_at, renewed_at)


NOBODY, OURS, THEIRS = lease(""), lease("me"), lease("other")


@pytest.mark.parametrize(
    ("manifest", "sight", "now", "move"),
    [
        pytest.param(None, seen(None, 0), 0, Move.ACQUIRE, id="no lease: take it"),
        pytest.param(NOBODY, seen(NOBODY, 0), 0, Move.ACQUIRE, id="released: take it at once"),
        pytest.param(lease(None), seen(None, 0), 0, Move.ACQUIRE, id="a lease without holder is nobody's"),
        pytest.param({"metadata": {}}, seen(None, 0), 0, Move.ACQUIRE, id="so is one without a spec"),
        pytest.param(THEIRS, seen(THEIRS, 0), 14.9, Move.WAIT, id="held and perhaps alive: wait"),
        pytest.param(THEIRS, seen(THEIRS, 0), 15, Move.ACQUIRE, id="unchanged for the lease time: take it"),
        pytest.param(
            lease("other", seconds=40),
            seen(lease("other", seconds=40), 0),
            30,
            Move.WAIT,
            id="the holder's own lease time counts",
        ),
        pytest.param(
            lease("other", seconds="x"),
            seen(lease("other", seconds="x"), 0),
            15,
            Move.ACQUIRE,
            id="an unreadable lease time is ours",
        ),
        pytest.param(OURS, seen(OURS, 0), 1, Move.ACQUIRE, id="stored although the answer was lost: confirm"),
        pytest.param(OURS, seen(OURS, 0, renewed_at=0), 9.9, Move.RENEW, id="leading in time: renew"),
        pytest.param(OURS, seen(OURS, 0, renewed_at=0), 10, Move.LOST, id="leading and too late: lost"),
        pytest.param(THEIRS, seen(THEIRS, 0, renewed_at=0), 1, Move.LOST, id="taken by another: lost"),
        pytest.param(None, seen(None, 0, renewed_at=0), 1, Move.ACQUIRE, id="deleted by hand: make it anew"),
        pytest.param(
            NOBODY, seen(NOBODY, 0, renewed_at=0), 1, Move.ACQUIRE, id="emptied by hand: take it back"
        ),
    ],
)
def test_moves(manifest: Manifest | None, sight: Sight, now: float, move: Move) -> None:
    """The move follows from the lease, one's own clock, and nothing else."""
    assert elections.next_move(manifest, sight, "me", now, DURATIONS) is move


def test_a_sight_changes_only_with_the_lease() -> None:
    """Seeing the same lease again keeps the first time; another renewal starts anew."""
    first = elections.look(None, THEIRS, 5)
    assert elections.look(first, THEIRS, 9) is first
    assert elections.look(first, lease("other", renewed="t2"), 9).changed_at == 9
    assert elections.look(first, NOBODY, 9).changed_at == 9


def test_transitions_count_changes_of_holder() -> None:
    """A renewal keeps the time of acquisition; a take-over counts and sets it."""
    first = elections.taken(None, "me", DURATIONS, name=NAME, wall=0)
    assert first["spec"]["leaseTransitions"] == 0
    assert first["spec"]["acquireTime"] == "1970-01-01T00:00:00.000000Z"
    renewed = elections.taken(first, "me", DURATIONS, name=NAME, wall=60)
    assert renewed["spec"]["acquireTime"] == first["spec"]["acquireTime"]
    assert renewed["spec"]["renewTime"] == "1970-01-01T00:01:00.000000Z"
    over = elections.taken(renewed, "other", DURATIONS, name=NAME, wall=90)
    assert over["spec"]["leaseTransitions"] == 1
    assert over["spec"]["acquireTime"] == over["spec"]["renewTime"]


@pytest.mark.parametrize(("seconds", "declared"), [(15.0, 15), (15.4, 16), (0.3, 1)])
def test_the_declared_time_is_never_shorter(seconds: float, declared: int) -> None:
    """Whole seconds are all that a Lease can say; others wait the longer time."""
    durations = LeaseDurations(seconds, seconds * 0.9, seconds * 0.1)
    spec = elections.taken(None, "me", durations, name=NAME, wall=0)["spec"]
    assert spec["leaseDurationSeconds"] == declared


@pytest.mark.parametrize(
    "durations",
    [
        pytest.param((10, 10, 2), id="a renew deadline as long as the lease leaves no margin"),
        pytest.param((15, 2, 2), id="a deadline of one retry allows no second attempt"),
        pytest.param((15, 10, 0), id="no pause would be a busy loop"),
        pytest.param((float("nan"), 10, 2), id="not a number"),
    ],
)
def test_durations_that_cannot_work(durations: tuple[float, float, float]) -> None:
    """Settings under which two could lead are refused with a sentence."""
    with pytest.raises(SettingsError, match="0 < retry < renew < lease"):
        LeaseDurations(*durations)


# Scenarios.


class Time:
    """A clock that moves when told to, and wakes who sleeps on it in order."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        until = self.now + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            self.now, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
            await self._settle()
        self.now = until

    async def _settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


class Cable(FakeKubeApi):
    """One candidate's own connection to a server that all share; it can be cut."""

    def __init__(self, server: FakeKubeApi) -> None:
        super().__init__()
        self.server = server
        self.cut = False

    async def get(
        self, resource: Resource, namespace: str | None, name: str, *, subresource: str = ""
    ) -> Manifest:
        self._check()
        return await self.server.get(resource, namespace, name, subresource=subresource)

    async def create(self, resource: Resource, namespace: str | None, body: Manifest) -> Manifest:
        self._check()
        return await self.server.create(resource, namespace, body)

    async def replace(self, resource: Resource, namespace: str | None, name: str, body: Manifest) -> Manifest:
        self._check()
        return await self.server.replace(resource, namespace, name, body)

    def _check(self) -> None:
        if self.cut:
            raise UnreachableError("The cable is cut.")


@dataclass
class Candidate:
    """One process."""

    elector: Elector
    cable: Cable
    task: asyncio.Task[None]
    lost: list[str] = field(default_factory=list)
    beats: list[float] = field(default_factory=list)

    async def kill(self) -> None:
        """End it as SIGKILL does: nothing is released."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


def leads(candidate: Candidate) -> bool:
    """Whether a candidate may act at this moment."""
    return candidate.elector.may_act


class World:
    """Candidates around one API server."""

    def __init__(self) -> None:
        self.time = Time()
        self.server = FakeKubeApi()
        self.candidates: list[Candidate] = []

    def start(self, identity: str, *, skew: float = 0.0, rate: float = 1.0) -> Candidate:
        """A candidate whose wall clock is `skew` seconds off and whose clocks run at `rate`."""
        cable = Cable(self.server)
        lost: list[str] = []
        beats: list[float] = []
        elector = Elector(
            cable,
            namespace=NAMESPACE,
            name=NAME,
            identity=identity,
            on_lost=lost.append,
            monotonic=lambda: self.time.now * rate,
            wall=lambda: 1.7e9 + self.time.now + skew,
            sleep=lambda seconds: self.time.sleep(seconds / rate),
            beat=lambda: beats.append(self.time.now),
        )
        candidate = Candidate(elector, cable, asyncio.create_task(elector.run()), lost, beats)
        self.candidates.append(candidate)
        return candidate

    @property
    def lease(self) -> dict[str, Any]:
        return dict(self.server.stored(LEASES, NAMESPACE, NAME)["spec"])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with a_world() as world:
        yield world


@asynccontextmanager
async def a_world() -> AsyncIterator[World]:
    world = World()
    yield world
    for candidate in world.candidates:
        await candidate.kill()


async def test_the_first_leads_and_the_second_waits(world: World) -> None:
    """One of two leads, for as long as it renews; both loops turn."""
    first = world.start("first")
    await world.time.advance(0)
    second = world.start("second")
    await world.time.advance(120)
    assert (leads(first), leads(second)) == (True, False)
    assert world.lease["holderIdentity"] == "first"
    assert world.lease["leaseTransitions"] == 0
    assert max(first.beats) > 117
    assert max(second.beats) > 117


async def test_of_two_that_start_at_once_one_leads(world: World) -> None:
    """Creation is atomic: whoever comes second gets a conflict and waits."""
    both = [world.start("first"), world.start("second")]
    await world.time.advance(30)
    assert sorted(leads(candidate) for candidate in both) == [False, True]


async def test_a_killed_leader_is_replaced_within_one_lease_time(world: World) -> None:
    """The successor waits the lease time from the last renewal it saw, and one look more at most."""
    first = world.start("first")
    await world.time.advance(0)
    second = world.start("second")
    await world.time.advance(30)
    await first.kill()
    await world.time.advance(DURATIONS.lease - DURATIONS.retry - 0.1)
    assert not leads(second)
    await world.time.advance(2 * DURATIONS.retry + 0.1)
    assert leads(second)
    assert world.lease["leaseTransitions"] == 1
    await asyncio.wait_for(second.elector.acquired(), 1)


async def test_a_released_lease_is_taken_at_the_next_look(world: World) -> None:
    """A graceful stop hands over within one retry."""
    first = world.start("first")
    await world.time.advance(0)
    second = world.start("second")
    await world.time.advance(30)
    await first.kill()
    await first.elector.release()
    assert world.lease["holderIdentity"] == ""
    assert not leads(first)
    await world.time.advance(DURATIONS.retry)
    assert leads(second)


async def test_release_leaves_a_successors_lease_alone(world: World) -> None:
    """Who does not hold the lease any more has nothing to release, and neither has a standby."""
    first = world.start("first")
    await world.time.advance(5)
    await first.kill()
    stored = world.server.stored(LEASES, NAMESPACE, NAME)
    stored["spec"]["holderIdentity"] = "second"
    world.server.seed(LEASES, stored)
    await first.elector.release()
    assert world.lease["holderIdentity"] == "second"
    standby = world.start("standby")
    await world.time.advance(0)
    asked = len(world.server.calls)
    await standby.elector.release()
    assert len(world.server.calls) == asked
    assert world.lease["holderIdentity"] == "second"


async def test_release_during_an_outage_is_no_obstacle(world: World) -> None:
    """A stop during an outage does not raise: the lease runs out by itself."""
    first = world.start("first")
    await world.time.advance(5)
    await first.kill()
    first.cable.cut = True
    await first.elector.release()
    assert not leads(first)
    assert world.lease["holderIdentity"] == "first"


async def test_an_outage_shorter_than_the_deadline_is_survived(world: World) -> None:
    """A leader goes on through an API outage that ends in time."""
    first = world.start("first")
    await world.time.advance(30)
    first.cable.cut = True
    await world.time.advance(DURATIONS.renew - DURATIONS.retry - 0.1)
    first.cable.cut = False
    await world.time.advance(60)
    assert leads(first)
    assert first.lost == []


async def test_a_longer_outage_ends_the_leader_before_another_leads(world: World) -> None:
    """The leader that cannot renew gives up, once and for all, before the standby may take over."""
    first = world.start("first")
    await world.time.advance(0)
    second = world.start("second")
    await world.time.advance(30)
    first.cable.cut = True
    acting = []
    for _ in range(400):
        await world.time.advance(0.1)
        acting.append((leads(first), leads(second)))
    assert (True, True) not in acting
    assert acting[-1] == (False, True)
    assert first.lost == ["The lease was not renewed for 10 seconds."]
    assert first.task.done()


async def test_an_outage_for_all_elects_one_afterwards(world: World) -> None:
    """Standbys live through an outage of any length, and one of them leads when it ends."""
    standbys = [world.start("first"), world.start("second")]
    for standby in standbys:
        standby.cable.cut = True
    await world.time.advance(300)
    assert [standby.lost for standby in standbys] == [[], []]
    for standby in standbys:
        standby.cable.cut = False
    await world.time.advance(5)
    assert sum(leads(standby) for standby in standbys) == 1


async def test_a_lease_taken_by_hand_ends_the_leader(world: World) -> None:
    """Somebody who edits the lease wins: the leader stops at its next look."""
    first = world.start("first")
    await world.time.advance(30)
    stored = world.server.stored(LEASES, NAMESPACE, NAME)
    stored["spec"]["holderIdentity"] = "admin"
    world.server.seed(LEASES, stored)
    await world.time.advance(DURATIONS.retry)
    assert first.lost == ["The lease is held by admin."]
    assert not leads(first)


async def test_a_deleted_lease_is_made_anew(world: World) -> None:
    """Deleting the lease does not end a healthy leader."""
    first = world.start("first")
    await world.time.advance(30)
    await world.server.delete(LEASES, NAMESPACE, NAME)
    await world.time.advance(DURATIONS.retry)
    assert leads(first)
    assert world.lease["holderIdentity"] == "first"


async def test_missing_rights_keep_a_candidate_waiting(world: World) -> None:
    """Without the right to read leases nobody leads, and the loop goes on looking."""
    world.server.fail(ForbiddenError("Grant the operator get on leases."), resource=LEASES, times=10**6)
    first = world.start("first")
    await world.time.advance(60)
    assert not leads(first)
    assert len(first.beats) == 31
    world.server.heal()
    await world.time.advance(DURATIONS.retry)
    assert leads(first)


async def test_a_leader_whose_loop_stands_still_may_not_act(world: World) -> None:
    """`may_act` does not rely on the loop that renews: a process that slept does not act on waking."""
    first = world.start("first")
    await world.time.advance(5)
    before = leads(first)
    world.time.now += DURATIONS.renew
    assert (before, leads(first)) == (True, False)


@pytest.mark.parametrize("skew", [-86400.0, -30.0, 30.0, 86400.0])
async def test_wall_clocks_may_differ(world: World, skew: float) -> None:
    """A day between two wall clocks neither steals a lease nor keeps a dead leader's."""
    first = world.start("first")
    await world.time.advance(0)
    second = world.start("second", skew=skew)
    await world.time.advance(120)
    assert (leads(first), leads(second)) == (True, False)
    await first.kill()
    await world.time.advance(DURATIONS.lease + DURATIONS.retry)
    assert leads(second)


class Storm:
    """A random history of cuts, deaths and starts."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.names = itertools.count()

    async def do(self, event: str, which: int) -> None:
        living = [candidate for candidate in self.world.candidates if not candidate.task.done()]
        if event == "start" and len(living) < 3:
            rate = (0.9, 1.0, 1.2)[which % 3]
            self.world.start(f"candidate-{next(self.names)}", skew=which * 100, rate=rate)
        elif living:
            chosen = living[which % len(living)]
            match event:
                case "cut":
                    chosen.cable.cut = True
                case "mend":
                    chosen.cable.cut = False
                case "kill":
                    await chosen.kill()
                case "stop":
                    await chosen.kill()
                    await chosen.elector.release()


_EVENTS = st.tuples(
    st.sampled_from(["start", "cut", "mend", "kill", "stop"]),
    st.integers(0, 5),
    st.sampled_from([0.5, 3.0, 12.0]),
)


@settings(max_examples=40, deadline=None)
@given(history=st.lists(_EVENTS, max_size=15))
async def test_never_two_leaders(history: list[tuple[str, int, float]]) -> None:
    """Whatever fails, with clocks that differ in time and rate, at most one process may act."""
    async with a_world() as world:
        storm = Storm(world)
        for event, which, seconds in [("start", 1, 0.0), ("start", 2, 0.0), *history]:
            await storm.do(event, which)
            for _ in range(max(1, int(seconds / 0.5))):
                await world.time.advance(0.5)
                living = [candidate for candidate in world.candidates if not candidate.task.done()]
                assert sum(leads(candidate) for candidate in living) <= 1


class HangingKubeApi(FakeKubeApi):
    """Answers until told to hang."""

    hanging = False

    async def get(
        self, resource: Resource, namespace: str | None, name: str, *, subresource: str = ""
    ) -> Manifest:
        if self.hanging:
            await asyncio.Event().wait()
        return await super().get(resource, namespace, name, subresource=subresource)


def hurried(api: FakeKubeApi, lost: list[str]) -> Elector:
    """A candidate on the real clock, with a renew deadline of a tenth of a second."""
    return Elector(
        api,
        namespace=NAMESPACE,
        name=NAME,
        identity="me",
        on_lost=lost.append,
        monotonic=time.monotonic,
        wall=time.time,
        durations=LeaseDurations(0.3, 0.1, 0.01),
    )


async def test_a_hanging_release_does_not_hold_up_the_stop() -> None:
    """A process that stops while the API server hangs goes on stopping after the renew deadline."""
    api = HangingKubeApi()
    elector = hurried(api, [])
    task = asyncio.create_task(elector.run())
    await elector.acquired()
    api.hanging = True
    task.cancel()
    await asyncio.wait_for(elector.release(), 2)
    assert not elector.may_act


async def test_a_hanging_request_does_not_outlive_the_deadline() -> None:
    """A request without an answer ends the leader at the renew deadline, not at the client's time-out."""
    api, lost = HangingKubeApi(), list[str]()
    elector = hurried(api, lost)
    task = asyncio.create_task(elector.run())
    await elector.acquired()
    api.hanging = True
    await asyncio.wait_for(task, 2)
    assert lost == ["The lease was not renewed for 0.1 seconds."]
    assert not elector.may_act


async def test_a_lost_answer_to_a_stored_renewal(world: World) -> None:
    """A renewal that was stored although its answer was lost does not make its writer a stranger."""
    first = world.start("first")
    await world.time.advance(5)
    original = world.server.replace

    async def swallowed(resource: Resource, namespace: str | None, name: str, body: Manifest) -> Manifest:
        await original(resource, namespace, name, body)
        raise UnreachableError("The answer was lost.")

    world.server.replace = swallowed  # type: ignore[method-assign]
    await world.time.advance(DURATIONS.retry)
    world.server.replace = original  # type: ignore[method-assign]
    await world.time.advance(30)
    assert leads(first)
    assert world.lease["leaseTransitions"] == 0


async def test_conflicts_are_no_alarm(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Losing a race for the lease is normal and makes no warning."""
    world.server.fail(ConflictError("exists"), verb="create")
    first = world.start("first")
    await world.time.advance(5)
    assert leads(first)
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


@pytest.mark.parametrize(
    ("error", "verb", "sentence"),
    [
        pytest.param(
            NotFoundError('namespaces "system" not found', status=404),
            "create",
            "There is no namespace system to hold it: create the namespace, or name another",
            id="no namespace",
        ),
        pytest.param(ForbiddenError("Grant it.", status=403), "get", "Grant it.", id="no rights"),
    ],
)
async def test_what_only_people_can_mend_is_told_once_and_shown_until_then(
    world: World,
    caplog: pytest.LogCaptureFixture,
    error: NotFoundError | ForbiddenError,
    verb: str,
    sentence: str,
) -> None:
    """One warning instead of one every two seconds; whoever asks sees it, until it is mended."""
    world.server.fail(error, verb=verb, times=30)
    first = world.start("first")
    await world.time.advance(50)
    assert not leads(first)
    assert sentence in first.elector.obstacle
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert sentence in warnings[0]
    await world.time.advance(15)
    assert leads(first)
    assert first.elector.obstacle == ""


async def test_an_outage_is_no_obstacle(world: World) -> None:
    """It passes by itself: the process stays ready, and leads when it is over."""
    first = world.start("first")
    first.cable.cut = True
    await world.time.advance(20)
    assert first.elector.obstacle == ""

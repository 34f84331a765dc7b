"""Decisions written to the target's scale, and the races that this may lose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlagents.structs.decisions import Decision, Outcome
from rlagents.structs.reasons import Reason, Source
from rlagents.structs.states import WorkloadKey
from rlautoscaler.acting import scales
from rlautoscaler.acting.scales import ScaleTarget
from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import DEPLOYMENTS, PODS, STATEFULSETS, Manifest, PatchType, Resource
from rlautoscaler.errors import ApiError, ForbiddenError, UnreachableError

KEY = WorkloadKey("shop", "checkout-autoscaler")
TARGET = ScaleTarget(DEPLOYMENTS, "shop", "checkout")


class RacingKubeApi(FakeKubeApi):
    """Lets somebody else write just before the next patches arrive, once for each race."""

    def __init__(self) -> None:
        super().__init__()
        self.races: list[Callable[[], None]] = []

    async def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        patch: Manifest | Sequence[Manifest],
        *,
        subresource: str = "",
        patch_type: PatchType = PatchType.MERGE,
    ) -> Manifest:
        if self.races:
            self.races.pop(0)()
        return await super().patch(
            resource, namespace, name, patch, subresource=subresource, patch_type=patch_type
        )


@pytest.fixture
def api() -> RacingKubeApi:
    api = RacingKubeApi()
    deployment(api, replicas=4)
    return api


def deployment(api: FakeKubeApi, *, replicas: int, ready: int = 0) -> Manifest:
    return api.seed(
        DEPLOYMENTS,
        {
            "metadata": {"namespace": "shop", "name": "checkout"},
            "spec": {"replicas": replicas},
            "status": {"readyReplicas": ready},
        },
    )


def decision(before: int = 4, after: int = 6, *, writes: bool = True) -> Decision:
    return Decision(
        key=KEY,
        at=100.0,
        replicas_from=before,
        replicas_to=after,
        source=Source.BASELINE,
        reason=Reason.BASELINE_MODE,
        message="",
        baseline=None,
        policy=None,
        writes=writes,
    )


def observed(api: FakeKubeApi) -> ScaleTarget:
    version = api.stored(DEPLOYMENTS, "shop", "checkout")["metadata"]["resourceVersion"]
    return replace(TARGET, resource_version=version)


def size(api: FakeKubeApi) -> int:
    return int(api.stored(DEPLOYMENTS, "shop", "checkout")["spec"]["replicas"])


def writes(api: FakeKubeApi) -> int:
    return sum(call.verb not in ("get", "list", "watch") for call in api.calls)


async def act(api: FakeKubeApi, what: Decision, target: ScaleTarget, *, dry_run: bool = False) -> Outcome:
    return await scales.act(api, what, target, at=101.0, dry_run=dry_run)


async def test_one_patch_changes_the_size(api: RacingKubeApi) -> None:
    """In peace a decision costs one request, to the scale subresource."""
    outcome = await act(api, decision(), observed(api))
    assert outcome == Outcome(KEY, 101.0, 6, 6, Reason.SUCCEEDED_RESCALE, "New size: 6, was 4.")
    assert [str(call) for call in api.calls] == ["patch deployments/scale shop/checkout"]
    assert size(api) == 6


async def test_every_kind_with_a_scale() -> None:
    """A StatefulSet is scaled by the same path."""
    api = FakeKubeApi()
    seeded = api.seed(
        STATEFULSETS, {"metadata": {"namespace": "shop", "name": "db"}, "spec": {"replicas": 4}}
    )
    target = ScaleTarget(STATEFULSETS, "shop", "db", seeded["metadata"]["resourceVersion"])
    assert (await act(api, decision(4, 3), target)).accepted == 3
    assert api.stored(STATEFULSETS, "shop", "db")["spec"]["replicas"] == 3


async def test_down_to_zero_and_up_from_it(api: RacingKubeApi) -> None:
    """Zero is a size, although the API server leaves it out of a Scale."""
    assert (await act(api, decision(4, 0), observed(api))).accepted == 0
    assert scales.replicas_of({"spec": {}, "status": {"replicas": 0}}) == 0
    assert (await act(api, decision(0, 2), TARGET)).accepted == 2


@pytest.mark.parametrize(
    ("what", "dry_run", "message"),
    [
        pytest.param(decision(4, 4), False, "The size stays at 4.", id="the same size"),
        pytest.param(
            decision(4, 6, writes=False),
            False,
            "Only proposed, not written: 4 to 6.",
            id="only a proposal is wanted",
        ),
        pytest.param(
            decision(4, 6),
            True,
            "Dry run: deployments/checkout in shop would go from 4 to 6.",
            id="a dry run",
        ),
    ],
)
async def test_nothing_is_written_when_nothing_changes(
    api: RacingKubeApi, what: Decision, dry_run: bool, message: str
) -> None:
    """Without a change to make, the API server is not asked at all."""
    outcome = await act(api, what, observed(api), dry_run=dry_run)
    assert (outcome.accepted, outcome.reason) == (None, Reason.SUCCEEDED_GET_SCALE)
    assert outcome.message == message
    assert api.calls == []


async def test_a_moved_version_with_the_same_size_is_retried(api: RacingKubeApi) -> None:
    """A status written by the deployment's controller makes a conflict, and the second attempt succeeds."""
    target = observed(api)
    deployment(api, replicas=4, ready=3)
    outcome = await act(api, decision(), target)
    assert outcome.reason is Reason.SUCCEEDED_RESCALE
    assert size(api) == 6
    assert [call.verb for call in api.calls] == ["patch", "get", "patch"]


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(5, id="somebody set another size"),
        pytest.param(6, id="also where it is the one that was wanted"),
        pytest.param(0, id="somebody switched it off"),
    ],
)
async def test_somebody_else_scaled(api: RacingKubeApi, found: int) -> None:
    """A size set by others between observation and write stays as it is."""
    target = observed(api)
    deployment(api, replicas=found)
    outcome = await act(api, decision(), target)
    assert (outcome.accepted, outcome.reason) == (None, Reason.SCALED_EXTERNALLY)
    assert f"from 4 to {found}" in outcome.message
    assert size(api) == found


async def test_two_lost_races_end_the_attempts(api: RacingKubeApi) -> None:
    """A conflict of the second attempt is left to the next tick."""
    api.races = [
        lambda: void(deployment(api, replicas=4, ready=1)),
        lambda: void(deployment(api, replicas=4, ready=2)),
    ]
    outcome = await act(api, decision(), observed(api))
    assert (outcome.accepted, outcome.reason) == (None, Reason.FAILED_UPDATE_SCALE)
    assert "twice" in outcome.message
    assert size(api) == 4
    assert writes(api) == 2


async def test_a_size_set_between_read_and_second_attempt_stays(api: RacingKubeApi) -> None:
    """The second attempt names the version that it read, too."""
    api.races = [
        lambda: void(deployment(api, replicas=4, ready=1)),
        lambda: void(deployment(api, replicas=9)),
    ]
    outcome = await act(api, decision(), observed(api))
    assert outcome.reason is Reason.FAILED_UPDATE_SCALE
    assert size(api) == 9


async def test_without_an_observed_version_the_scale_is_read_first(api: RacingKubeApi) -> None:
    """No write is ever unconditional."""
    assert (await act(api, decision(), TARGET)).accepted == 6
    assert [call.verb for call in api.calls] == ["get", "patch"]
    outcome = await act(api, decision(4, 8), TARGET)
    assert outcome.reason is Reason.SCALED_EXTERNALLY
    assert size(api) == 6


async def test_two_deciders_cannot_both_win(api: RacingKubeApi) -> None:
    """Of two writes from one observation, exactly one is stored."""
    target = observed(api)
    first = await act(api, decision(4, 6), target)
    second = await act(api, decision(4, 2), target)
    assert [first.accepted, second.accepted] == [6, None]
    assert size(api) == 6


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(ForbiddenError("no right"), Reason.FAILED_UPDATE_SCALE, id="missing rights"),
        pytest.param(UnreachableError("no answer"), Reason.FAILED_UPDATE_SCALE, id="no answer"),
        pytest.param(ApiError("teapot"), Reason.FAILED_UPDATE_SCALE, id="anything else"),
    ],
)
async def test_refusals_are_outcomes(api: RacingKubeApi, error: ApiError, reason: Reason) -> None:
    """What the API server refuses does not raise, and its sentence is kept."""
    api.fail(error, verb="patch")
    outcome = await act(api, decision(), observed(api))
    assert (outcome.accepted, outcome.reason) == (None, reason)
    assert str(error) in outcome.message


async def test_a_missing_target(api: RacingKubeApi) -> None:
    """A target that is gone, or has no scale, is `FailedGetScale` with what to check."""
    await api.delete(DEPLOYMENTS, "shop", "checkout")
    outcome = await act(api, decision(), TARGET)
    assert outcome.reason is Reason.FAILED_GET_SCALE
    assert "spec.scaleTargetRef" in outcome.message
    api.seed(PODS, {"metadata": {"namespace": "shop", "name": "checkout"}, "spec": {}})
    unscalable = replace(TARGET, resource=PODS)
    assert (await act(api, decision(), unscalable)).reason is Reason.FAILED_GET_SCALE


async def test_an_unreadable_size_is_told() -> None:
    """Where nothing could be decided, the sentence says what was missing."""
    api = FakeKubeApi()
    with pytest.raises(ApiError) as caught:
        await api.get(DEPLOYMENTS, "shop", "checkout", subresource="scale")
    assert scales.unreadable(TARGET, caught.value).startswith("There is no deployments/checkout in shop")
    assert "no answer" in scales.unreadable(TARGET, UnreachableError("no answer"))


@settings(deadline=None)
@given(before=st.integers(0, 50), after=st.integers(0, 50), writes=st.booleans())
def test_a_patch_exists_only_for_a_change(before: int, after: int, writes: bool) -> None:
    """There is a patch exactly where the decision changes the size, and it carries the decision's figures."""
    patch = scales.patch_for(decision(before, after, writes=writes), TARGET)
    assert (patch is not None) is (writes and before != after)
    if patch is not None:
        assert (patch.replicas_from, patch.replicas_to) == (before, after)
        assert patch.body["spec"] == {"replicas": after}


def void(_: object) -> None:
    """Drop a result."""

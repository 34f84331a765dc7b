"""Events: written once, then counted, never too many, and never in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from rlagents.structs.states import WorkloadKey
from rlautoscaler.acting import events
from rlautoscaler.acting.events import BURST, EventReason, EventType, Notice, Recorder
from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import EVENTS, Manifest
from rlautoscaler.errors import ApiError, ForbiddenError, UnreachableError
from rlautoscaler.telemetry.metrics import Metrics

KEY = WorkloadKey("shop", "checkout")
RESCALED = Notice(EventType.NORMAL, EventReason.SUCCESSFUL_RESCALE, "New size: 6; CPU above target.")


class Clock:
    def __init__(self) -> None:
        self.now = 1.7e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api() -> FakeKubeApi:
    return FakeKubeApi()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def recorder(api: FakeKubeApi, registry: CollectorRegistry, clock: Clock) -> Recorder:
    return Recorder(api, Metrics(registry, version="1"), clock=clock, instance="pod-1")


async def stored(api: FakeKubeApi) -> list[Manifest]:
    return (await api.list(EVENTS, "shop")).items


async def test_what_kubectl_describe_shows(api: FakeKubeApi, recorder: Recorder) -> None:
    """An event names its object, who reports it, and since when."""
    await recorder.post(KEY, "uid-1", RESCALED)
    (event,) = await stored(api)
    assert event["involvedObject"] == {
        "apiVersion": "rlautoscaler.io/v1alpha1",
        "kind": "RLAutoscaler",
        "namespace": "shop",
        "name": "checkout",
        "uid": "uid-1",
    }
    assert (event["type"], event["reason"], event["count"]) == ("Normal", "SuccessfulRescale", 1)
    assert event["message"] == "New size: 6; CPU above target."
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2023-11-14T22:13:20Z"
    assert event["source"] == {"component": "rlautoscaler"}
    assert event["reportingInstance"] == "pod-1"


async def test_repetitions_are_counted(api: FakeKubeApi, recorder: Recorder, clock: Clock) -> None:
    """The same notice within the hour counts up instead of standing there twice."""
    for _ in range(3):
        await recorder.post(KEY, "uid-1", RESCALED)
        clock.now += 60
    (event,) = await stored(api)
    assert event["count"] == 3
    assert event["firstTimestamp"] == "2023-11-14T22:13:20Z"
    assert event["lastTimestamp"] == "2023-11-14T22:15:20Z"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(RESCALED, message="New size: 7; CPU above target."), id="another message"),
        pytest.param(replace(RESCALED, reason=EventReason.FAILED_RESCALE), id="another reason"),
        pytest.param(replace(RESCALED, type=EventType.WARNING), id="another type"),
    ],
)
async def test_what_differs_stands_alone(api: FakeKubeApi, recorder: Recorder, other: Notice) -> None:
    """Only equal notices are counted together, also when both come within one microsecond."""
    await recorder.post(KEY, "uid-1", RESCALED)
    await recorder.post(KEY, "uid-1", other)
    assert [event["count"] for event in await stored(api)] == [1, 1]


async def test_another_object_has_events_of_its_own(api: FakeKubeApi, recorder: Recorder) -> None:
    """Two autoscalers never share an event."""
    await recorder.post(KEY, "uid-1", RESCALED)
    await recorder.post(WorkloadKey("shop", "search"), "uid-2", RESCALED)
    assert sorted(event["involvedObject"]["uid"] for event in await stored(api)) == ["uid-1", "uid-2"]


async def test_a_new_hour_begins_a_new_event(api: FakeKubeApi, recorder: Recorder, clock: Clock) -> None:
    """After an hour the count starts anew."""
    await recorder.post(KEY, "uid-1", RESCALED)
    clock.now += 3600
    await recorder.post(KEY, "uid-1", RESCALED)
    assert [event["count"] for event in await stored(api)] == [1, 1]


async def test_an_event_that_is_gone_is_written_anew(api: FakeKubeApi, recorder: Recorder) -> None:
    """The API server may have dropped an event before its hour is over."""
    await recorder.post(KEY, "uid-1", RESCALED)
    (event,) = await stored(api)
    await api.delete(EVENTS, "shop", event["metadata"]["name"])
    await recorder.post(KEY, "uid-1", RESCALED)
    (anew,) = await stored(api)
    assert anew["count"] == 1
    assert anew["metadata"]["name"] != event["metadata"]["name"]


async def test_a_forgotten_object_starts_anew(api: FakeKubeApi, recorder: Recorder) -> None:
    """An autoscaler made again under its old name does not count on the old one's events."""
    await recorder.post(KEY, "uid-1", RESCALED)
    recorder.forget(KEY)
    await recorder.post(KEY, "uid-2", RESCALED)
    assert sorted(event["involvedObject"]["uid"] for event in await stored(api)) == ["uid-1", "uid-2"]


async def test_a_flapping_target_cannot_flood(
    api: FakeKubeApi, recorder: Recorder, registry: CollectorRegistry, clock: Clock
) -> None:
    """One autoscaler has a burst, then one a minute; what is dropped is counted, and others are not hurt."""
    for number in range(BURST + 10):
        await recorder.post(KEY, "uid-1", replace(RESCALED, message=f"New size: {number}"))
    assert len(await stored(api)) == BURST
    assert registry.get_sample_value("rlautoscaler_events_dropped_total") == 10
    await recorder.post(WorkloadKey("shop", "search"), "uid-2", RESCALED)
    assert len(await stored(api)) == BURST + 1
    clock.now += 60
    for number in range(5):
        await recorder.post(KEY, "uid-1", replace(RESCALED, message=f"later: {number}"))
    assert len(await stored(api)) == BURST + 2


async def test_a_clock_set_back_gives_nothing_away(
    api: FakeKubeApi, recorder: Recorder, clock: Clock
) -> None:
    """Neither a clock that goes back nor the same instant again refills the bucket or repeats a name."""
    for number in range(BURST + 5):
        await recorder.post(KEY, "uid-1", replace(RESCALED, message=f"New size: {number}"))
        clock.now -= 10
    assert len(await stored(api)) == BURST


@pytest.mark.parametrize("verb", ["create", "patch"])
@pytest.mark.parametrize(
    "error", [ForbiddenError("no right"), UnreachableError("no answer"), ApiError("odd")]
)
async def test_refusals_are_counted_and_not_raised(
    api: FakeKubeApi, recorder: Recorder, registry: CollectorRegistry, verb: str, error: ApiError
) -> None:
    """An event that cannot be written does not stop the tick, and a later one is written again."""
    if verb == "patch":
        await recorder.post(KEY, "uid-1", RESCALED)
    api.fail(error, verb=verb)
    await recorder.post(KEY, "uid-1", RESCALED)
    assert registry.get_sample_value("rlautoscaler_write_errors_total", {"kind": "event"}) == 1
    await recorder.post(KEY, "uid-1", RESCALED)
    (event,) = await stored(api)
    assert event["count"] == (2 if verb == "patch" else 1)


def test_events_fit_what_the_api_server_takes() -> None:
    """Long names and messages are cut to the limits of an Event."""
    key = WorkloadKey("n" * 63, "a" * 253)
    event = events.manifest(
        key, "u", replace(RESCALED, message="ü" * 5000), at=1e9, serial=2**60, instance="i"
    )
    assert len(event["metadata"]["name"]) <= 253
    assert len(event["message"].encode()) <= 1024


def test_reasons_are_camel_case_words() -> None:
    """Reasons are stable, unique CamelCase words, as alerts match them."""
    values = [reason.value for reason in EventReason]
    assert len(set(values)) == len(values)
    assert all(value.isalpha() and value[0].isupper() for value in values)

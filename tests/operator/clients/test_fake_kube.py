"""What the fake API server has beyond the contract: a scene that tests can set."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import (
    CONFIGMAPS,
    DEPLOYMENTS,
    PODS,
    RLAUTOSCALERS,
    Manifest,
    PatchType,
    WatchEvent,
)
from rlautoscaler.clients.refusals import Call
from rlautoscaler.errors import (
    ConflictError,
    GoneError,
    InvalidObjectError,
    NotFoundError,
    UnreachableError,
)


def configmap(name: str = "settings") -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}}


def pod(cpu: str = "100m") -> Manifest:
    container = {"name": "app", "image": "app:1", "resources": {"requests": {"cpu": cpu}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-0", "namespace": "shop"},
        "spec": {"containers": [container]},
        "status": {"phase": "Running"},
    }


async def collect(api: FakeKubeApi, version: str, count: int) -> list[WatchEvent]:
    events: list[WatchEvent] = []
    async with aclosing(api.watch(CONFIGMAPS, "shop", resource_version=version)) as stream:
        async for event in stream:
            events.append(event)
            if len(events) == count:
                break
    return events


async def test_a_seeded_object_has_its_status() -> None:
    """Seeding stores as controllers would have left it, and seeding again is a change."""
    api = FakeKubeApi()
    first = api.seed(PODS, pod())
    second = api.seed(PODS, pod("200m"))
    assert (await api.get(PODS, "shop", "web-0"))["status"] == {"phase": "Running"}
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])


async def test_answers_are_copies() -> None:
    """Changing an answer changes nothing that is stored or that watchers will see."""
    api = FakeKubeApi()
    version = (await api.list(CONFIGMAPS)).resource_version
    created = await api.create(CONFIGMAPS, "shop", configmap())
    created["metadata"]["name"] = "other"
    (await api.get(CONFIGMAPS, "shop", "settings"))["metadata"]["name"] = "other"
    (await api.list(CONFIGMAPS)).items[0]["metadata"]["name"] = "other"
    api.stored(CONFIGMAPS, "shop", "settings")["metadata"]["name"] = "other"
    assert [event.object["metadata"]["name"] for event in await collect(api, version, 1)] == ["settings"]
    assert api.stored(CONFIGMAPS, "shop", "settings")["metadata"]["name"] == "settings"


async def test_calls_are_recorded_in_order() -> None:
    """Tests of frugality can count what was asked."""
    api = FakeKubeApi()
    await api.create(CONFIGMAPS, "shop", configmap())
    await api.list(CONFIGMAPS, "shop")
    with pytest.raises(NotFoundError):
        await api.get(DEPLOYMENTS, "shop", "web", subresource="scale")
    assert api.calls == [
        Call("create", CONFIGMAPS, "shop"),
        Call("list", CONFIGMAPS, "shop"),
        Call("get", DEPLOYMENTS, "shop", "web", "scale"),
    ]


async def test_a_failure_hits_the_calls_it_was_meant_for_and_then_ends() -> None:
    """A failure can be narrowed to a verb and a kind, and lasts as long as was asked."""
    api = FakeKubeApi()
    api.fail(UnreachableError("down"), verb="list", resource=CONFIGMAPS, times=2)
    await api.list(PODS)
    for _ in range(2):
        with pytest.raises(UnreachableError):
            await api.list(CONFIGMAPS)
    assert (await api.list(CONFIGMAPS)).items == []


async def test_healing_forgets_failures() -> None:
    """After `heal` nothing fails any more."""
    api = FakeKubeApi()
    api.fail(UnreachableError("down"), times=100)
    api.heal()
    assert (await api.list(CONFIGMAPS)).items == []


async def test_a_watch_from_before_a_compaction_is_gone() -> None:
    """Versions that were compacted away can no longer be watched from; later ones can."""
    api = FakeKubeApi()
    version = (await api.list(CONFIGMAPS)).resource_version
    await api.create(CONFIGMAPS, "shop", configmap("a"))
    api.compact()
    with pytest.raises(GoneError):
        await collect(api, version, 1)
    version = (await api.list(CONFIGMAPS)).resource_version
    await api.create(CONFIGMAPS, "shop", configmap("b"))
    assert [event.object["metadata"]["name"] for event in await collect(api, version, 1)] == ["b"]


async def test_a_bookmark_reaches_every_watch() -> None:
    """A bookmark carries a version and nothing else."""
    api = FakeKubeApi()
    version = (await api.list(CONFIGMAPS)).resource_version
    api.bookmark()
    [event] = await collect(api, version, 1)
    assert event.type == "BOOKMARK"
    assert int(event.object["metadata"]["resourceVersion"]) > int(version)


@pytest.mark.parametrize("error", [None, UnreachableError("cut")])
async def test_open_watches_can_be_ended(error: UnreachableError | None) -> None:
    """Ending closes a waiting watch cleanly or with the error, and leaves later watches alone."""
    api = FakeKubeApi()
    task = asyncio.create_task(collect(api, "1", 99))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    api.end_watches(error)
    if error is None:
        assert await task == []
    else:
        with pytest.raises(UnreachableError):
            await task
    await api.create(CONFIGMAPS, "shop", configmap())
    assert len(await collect(api, "1", 1)) == 1


async def test_a_watch_sees_its_own_kind_and_namespace_only() -> None:
    """Events of other kinds and namespaces do not reach a watch."""
    api = FakeKubeApi()
    elsewhere = configmap()
    elsewhere["metadata"]["namespace"] = "bank"
    await api.create(CONFIGMAPS, "bank", elsewhere)
    api.seed(PODS, pod())
    await api.create(CONFIGMAPS, "shop", configmap("mine"))
    assert [event.object["metadata"]["name"] for event in await collect(api, "1", 1)] == ["mine"]


async def test_resizing_a_pod_changes_its_resources_alone() -> None:
    """The `resize` subresource takes resources and ignores the rest."""
    api = FakeKubeApi()
    api.seed(PODS, pod())
    container = {"name": "app", "image": "evil:1", "resources": {"requests": {"cpu": "300m"}}}
    patch = {"spec": {"containers": [container]}, "metadata": {"labels": {"a": "b"}}}
    resized = await api.patch(PODS, "shop", "web-0", patch, subresource="resize")
    assert resized["spec"]["containers"] == [
        {"name": "app", "image": "app:1", "resources": {"requests": {"cpu": "300m"}}}
    ]
    assert "labels" not in resized["metadata"]
    assert resized["metadata"]["generation"] == 2


async def test_the_status_of_our_own_kind_is_applied_and_taken_back() -> None:
    """Server-side apply on `status` removes what the next apply leaves out."""
    api = FakeKubeApi()
    head = {"apiVersion": "rlautoscaler.io/v1alpha1", "kind": "RLAutoscaler"}
    body: Manifest = head | {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"maxReplicas": 4}}
    api.seed(RLAUTOSCALERS, body)
    for status in ({"stage": "Shadow", "ratio": 0.1}, {"stage": "Baseline"}):
        await api.patch(
            RLAUTOSCALERS,
            "shop",
            "web",
            head | {"status": status},
            subresource="status",
            patch_type=PatchType.APPLY,
        )
    assert api.stored(RLAUTOSCALERS, "shop", "web")["status"] == {"stage": "Baseline"}
    assert api.stored(RLAUTOSCALERS, "shop", "web")["spec"] == {"maxReplicas": 4}


async def test_applying_to_the_status_of_nothing_is_not_found() -> None:
    """An apply through a subresource creates no object."""
    with pytest.raises(NotFoundError):
        await FakeKubeApi().patch(
            DEPLOYMENTS, "shop", "web", {"status": {}}, subresource="status", patch_type=PatchType.APPLY
        )


async def test_a_list_as_a_merge_patch_is_refused() -> None:
    """A JSON patch must be sent as one."""
    api = FakeKubeApi()
    await api.create(CONFIGMAPS, "shop", configmap())
    with pytest.raises(InvalidObjectError):
        await api.patch(CONFIGMAPS, "shop", "settings", [{"op": "remove", "path": "/data"}])


async def test_a_stale_version_in_a_patch_is_a_conflict_even_where_nothing_changes() -> None:
    """The optimistic lock is looked at before the contents."""
    api = FakeKubeApi()
    created = await api.create(CONFIGMAPS, "shop", configmap())
    await api.patch(CONFIGMAPS, "shop", "settings", {"data": {"a": "b"}})
    version = created["metadata"]["resourceVersion"]
    with pytest.raises(ConflictError):
        await api.patch(CONFIGMAPS, "shop", "settings", {"metadata": {"resourceVersion": version}})

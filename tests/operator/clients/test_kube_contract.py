"""What every `KubeApi` does, the fake like the real API server."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
import pytest_asyncio

from rlautoscaler.clients import kube
from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import (
    CONFIGMAPS,
    DEPLOYMENTS,
    LEASES,
    NAMESPACES,
    SCALEDOBJECTS,
    KubeApi,
    Manifest,
    PatchType,
)
from rlautoscaler.errors import ConflictError, InvalidObjectError, NotFoundError


@pytest_asyncio.fixture(params=["fake", pytest.param("real", marks=pytest.mark.cluster)])
async def api(request: pytest.FixtureRequest) -> AsyncIterator[KubeApi]:
    if request.param == "fake":
        yield FakeKubeApi(clock=lambda: 1_700_000_000.0, missing={SCALEDOBJECTS})
        return
    async with kube.connect(kubeconfig=request.getfixturevalue("sandbox").kubeconfig) as client:
        yield client


@pytest_asyncio.fixture
async def namespace(api: KubeApi) -> AsyncIterator[str]:
    name = f"contract-{uuid.uuid4().hex[:8]}"
    await api.create(NAMESPACES, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    await api.delete(NAMESPACES, None, name)


def configmap(namespace: str, name: str = "settings", **data: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def deployment(namespace: str, replicas: int = 3) -> Manifest:
    """Paused, so that no controller interferes with the test's own writes."""
    labels = {"app": "web", "tier": "front"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "paused": True,
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "app", "image": "registry.invalid/app:1"}]},
            },
        },
    }


async def test_a_created_object_has_an_identity_and_a_version(api: KubeApi, namespace: str) -> None:
    """The server gives uid, resource version, creation time and, where a kind has one, generation 1."""
    metadata = (await api.create(DEPLOYMENTS, namespace, deployment(namespace)))["metadata"]
    assert metadata["uid"]
    assert metadata["resourceVersion"]
    assert metadata["creationTimestamp"].endswith("Z")
    assert metadata["generation"] == 1


async def test_what_was_created_can_be_read(api: KubeApi, namespace: str) -> None:
    """Reading gives the same contents and version as creating."""
    created = await api.create(CONFIGMAPS, namespace, configmap(namespace, colour="red"))
    read = await api.get(CONFIGMAPS, namespace, "settings")
    assert read["data"] == {"colour": "red"}
    assert read["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]


async def test_creating_twice_is_a_conflict(api: KubeApi, namespace: str) -> None:
    """The second create of a name fails as AlreadyExists."""
    await api.create(CONFIGMAPS, namespace, configmap(namespace))
    with pytest.raises(ConflictError) as caught:
        await api.create(CONFIGMAPS, namespace, configmap(namespace))
    assert (caught.value.status, caught.value.reason) == (409, "AlreadyExists")


async def test_a_generated_name_is_completed(api: KubeApi, namespace: str) -> None:
    """With `generateName` the server picks the rest, another each time."""
    body = configmap(namespace)
    del body["metadata"]["name"]
    body["metadata"]["generateName"] = "settings-"
    names = {(await api.create(CONFIGMAPS, namespace, body))["metadata"]["name"] for _ in range(2)}
    assert len(names) == 2
    assert all(name.startswith("settings-") and len(name) == len("settings-") + 5 for name in names)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"apiVersion": "apps/v1"}, id="another API version"),
        pytest.param({"metadata": {"name": "x", "namespace": "elsewhere"}}, id="another namespace"),
        pytest.param({"metadata": {}}, id="no name"),
    ],
)
async def test_bodies_that_do_not_fit_the_url_are_refused(
    api: KubeApi, namespace: str, change: Manifest
) -> None:
    """What the body says of itself must fit where it is sent."""
    with pytest.raises(InvalidObjectError):
        await api.create(CONFIGMAPS, namespace, configmap(namespace) | change)


async def test_a_missing_object_is_not_found_and_the_message_names_the_call(
    api: KubeApi, namespace: str
) -> None:
    """The error tells verb, resource, place and what to think of it."""
    with pytest.raises(NotFoundError, match=rf"`get deployments/scale {namespace}/web`.*does not exist"):
        await api.get(DEPLOYMENTS, namespace, "web", subresource="scale")


async def test_a_kind_the_server_does_not_know_is_not_found(api: KubeApi, namespace: str) -> None:
    """A CRD that is not installed looks like a missing object, also for a list."""
    with pytest.raises(NotFoundError):
        await api.list(SCALEDOBJECTS, namespace)


@pytest.mark.parametrize("name", ["..", ".", "a/b", "web%2f..", "../../../../api/v1/secrets"])
async def test_a_name_cannot_lead_elsewhere(api: KubeApi, namespace: str, name: str) -> None:
    """Users write names of targets; one that would change the URL's path is refused before it is sent."""
    with pytest.raises(InvalidObjectError, match="not a name"):
        await api.get(DEPLOYMENTS, namespace, name)


async def test_replacing_an_old_version_is_a_conflict(api: KubeApi, namespace: str) -> None:
    """Who replaces must have seen the newest version."""
    old = await api.create(CONFIGMAPS, namespace, configmap(namespace, colour="red"))
    await api.patch(CONFIGMAPS, namespace, "settings", {"data": {"colour": "blue"}})
    with pytest.raises(ConflictError):
        await api.replace(CONFIGMAPS, namespace, "settings", old | {"data": {"colour": "green"}})
    assert (await api.get(CONFIGMAPS, namespace, "settings"))["data"] == {"colour": "blue"}


async def test_replacing_the_newest_version_succeeds(api: KubeApi, namespace: str) -> None:
    """A replace with the version just read stores the body and a new version."""
    old = await api.create(CONFIGMAPS, namespace, configmap(namespace, colour="red"))
    new = await api.replace(CONFIGMAPS, namespace, "settings", old | {"data": {"size": "big"}})
    assert new["data"] == {"size": "big"}
    assert new["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"]
    assert new["metadata"]["uid"] == old["metadata"]["uid"]


async def test_a_lease_is_only_replaced_by_version(api: KubeApi, namespace: str) -> None:
    """No leader can overwrite a lease blindly: without a version it is refused."""
    lease: Manifest = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "leader", "namespace": namespace},
        "spec": {"holderIdentity": "a"},
    }
    await api.create(LEASES, namespace, lease)
    with pytest.raises(InvalidObjectError):
        await api.replace(LEASES, namespace, "leader", lease)


async def test_only_a_changed_spec_raises_the_generation(api: KubeApi, namespace: str) -> None:
    """Labels leave the generation alone, `spec` raises it."""
    await api.create(DEPLOYMENTS, namespace, deployment(namespace))
    labelled = await api.patch(DEPLOYMENTS, namespace, "web", {"metadata": {"labels": {"a": "b"}}})
    resized = await api.patch(DEPLOYMENTS, namespace, "web", {"spec": {"replicas": 5}})
    assert labelled["metadata"]["generation"] == 1
    assert resized["metadata"]["generation"] == 2


async def test_an_ordinary_write_leaves_the_status_alone(api: KubeApi, namespace: str) -> None:
    """Status in a create or in a patch of the main resource is dropped without a word."""
    body = deployment(namespace) | {"status": {"replicas": 7}}
    created = await api.create(DEPLOYMENTS, namespace, body)
    patched = await api.patch(DEPLOYMENTS, namespace, "web", {"status": {"replicas": 7}})
    assert created.get("status", {}).get("replicas") is None
    assert patched.get("status", {}).get("replicas") is None


async def test_the_status_subresource_changes_nothing_but_status(api: KubeApi, namespace: str) -> None:
    """A status patch stores status, ignores `spec` and raises no generation."""
    await api.create(DEPLOYMENTS, namespace, deployment(namespace))
    patch = {"status": {"collisionCount": 4}, "spec": {"replicas": 9}}
    patched = await api.patch(DEPLOYMENTS, namespace, "web", patch, subresource="status")
    assert patched["status"]["collisionCount"] == 4
    assert patched["spec"]["replicas"] == 3
    assert patched["metadata"]["generation"] == 1


async def test_the_scale_shows_size_and_selector(api: KubeApi, namespace: str) -> None:
    """A scale has the wanted size, the observed size and the selector as text."""
    await api.create(DEPLOYMENTS, namespace, deployment(namespace))
    scale = await api.get(DEPLOYMENTS, namespace, "web", subresource="scale")
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"] == {"replicas": 3}
    assert scale["status"] == {"replicas": 0, "selector": "app=web,tier=front"}


async def test_patching_the_scale_resizes_the_deployment(api: KubeApi, namespace: str) -> None:
    """The scale's `spec.replicas` is the Deployment's, and raises its generation."""
    await api.create(DEPLOYMENTS, namespace, deployment(namespace))
    scale = await api.patch(DEPLOYMENTS, namespace, "web", {"spec": {"replicas": 6}}, subresource="scale")
    stored = await api.get(DEPLOYMENTS, namespace, "web")
    assert scale["spec"]["replicas"] == 6
    assert stored["spec"]["replicas"] == 6
    assert stored["metadata"]["generation"] == 2


async def test_a_scale_patch_that_names_an_old_version_is_a_conflict(api: KubeApi, namespace: str) -> None:
    """The optimistic lock holds for scales too."""
    await api.create(DEPLOYMENTS, namespace, deployment(namespace))
    patch = {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 6}}
    with pytest.raises(ConflictError):
        await api.patch(DEPLOYMENTS, namespace, "web", patch, subresource="scale")


async def test_a_negative_size_is_refused(api: KubeApi, namespace: str) -> None:
    """The server does not store a size below zero."""
    await api.create(DEPLOYMENTS, namespace, deployment(namespace))
    with pytest.raises(InvalidObjectError, match="greater than or equal to 0"):
        await api.patch(DEPLOYMENTS, namespace, "web", {"spec": {"replicas": -1}}, subresource="scale")


async def test_an_unknown_subresource_is_not_found(api: KubeApi, namespace: str) -> None:
    """A kind without that subresource answers 404."""
    await api.create(CONFIGMAPS, namespace, configmap(namespace))
    with pytest.raises(NotFoundError):
        await api.get(CONFIGMAPS, namespace, "settings", subresource="scale")


async def test_a_patch_without_effect_keeps_the_version(api: KubeApi, namespace: str) -> None:
    """Writing what is stored already is no change."""
    created = await api.create(CONFIGMAPS, namespace, configmap(namespace, colour="red"))
    patched = await api.patch(CONFIGMAPS, namespace, "settings", {"data": {"colour": "red"}})
    assert patched["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]


async def test_a_merge_patch_removes_with_null(api: KubeApi, namespace: str) -> None:
    """Null in a merge patch removes the key and leaves its neighbours."""
    await api.create(CONFIGMAPS, namespace, configmap(namespace, colour="red", size="big"))
    patched = await api.patch(CONFIGMAPS, namespace, "settings", {"data": {"colour": None}})
    assert patched["data"] == {"size": "big"}


async def test_a_json_patch_edits_in_place(api: KubeApi, namespace: str) -> None:
    """Operations are applied in order."""
    await api.create(CONFIGMAPS, namespace, configmap(namespace, colour="red"))
    operations = [
        {"op": "test", "path": "/data/colour", "value": "red"},
        {"op": "replace", "path": "/data/colour", "value": "blue"},
    ]
    patched = await api.patch(CONFIGMAPS, namespace, "settings", operations, patch_type=PatchType.JSON)
    assert patched["data"] == {"colour": "blue"}


async def test_a_json_patch_whose_test_fails_changes_nothing(api: KubeApi, namespace: str) -> None:
    """A failed `test` refuses the whole patch."""
    await api.create(CONFIGMAPS, namespace, configmap(namespace, colour="red"))
    operations = [
        {"op": "replace", "path": "/data/colour", "value": "blue"},
        {"op": "test", "path": "/data/colour", "value": "red"},
    ]
    with pytest.raises(InvalidObjectError):
        await api.patch(CONFIGMAPS, namespace, "settings", operations, patch_type=PatchType.JSON)
    assert (await api.get(CONFIGMAPS, namespace, "settings"))["data"] == {"colour": "red"}


async def test_an_apply_creates_and_then_takes_back_what_it_no_longer_wants(
    api: KubeApi, namespace: str
) -> None:
    """Fields that one apply set and the next leaves out vanish; fields of others stay."""
    both = configmap(namespace, colour="red", size="big")
    created = await api.patch(CONFIGMAPS, namespace, "settings", both, patch_type=PatchType.APPLY)
    assert created["data"] == {"colour": "red", "size": "big"}
    await api.patch(CONFIGMAPS, namespace, "settings", {"metadata": {"labels": {"of": "others"}}})
    one = configmap(namespace, colour="red")
    applied = await api.patch(CONFIGMAPS, namespace, "settings", one, patch_type=PatchType.APPLY)
    assert applied["data"] == {"colour": "red"}
    assert applied["metadata"]["labels"] == {"of": "others"}


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        pytest.param("", ["a", "b", "c"], id="no selector: all"),
        pytest.param("app=x", ["a", "b"], id="equality"),
        pytest.param("app=x,tier!=back", ["a"], id="two requirements, one negative"),
        pytest.param("tier", ["a", "b"], id="existence"),
        pytest.param("!tier", ["c"], id="absence"),
        pytest.param("app in (y, z)", ["c"], id="a set"),
        pytest.param("app notin (x)", ["c"], id="outside a set"),
    ],
)
async def test_lists_are_filtered_by_label(
    api: KubeApi, namespace: str, selector: str, names: list[str]
) -> None:
    """`labelSelector` means the same everywhere."""
    labels = {"a": {"app": "x", "tier": "front"}, "b": {"app": "x", "tier": "back"}, "c": {"app": "y"}}
    for name, values in labels.items():
        body = configmap(namespace, name)
        body["metadata"]["labels"] = values
        await api.create(CONFIGMAPS, namespace, body)
    found = (await api.list(CONFIGMAPS, namespace, selector=selector)).items
    ours = [item["metadata"]["name"] for item in found if item["metadata"]["name"] in labels]
    assert ours == names


async def test_a_wrong_selector_is_refused(api: KubeApi, namespace: str) -> None:
    """What is no selector is an invalid request, not an empty list."""
    with pytest.raises(InvalidObjectError):
        await api.list(CONFIGMAPS, namespace, selector="app=(")


async def test_a_list_is_of_one_namespace_or_of_all(api: KubeApi, namespace: str) -> None:
    """Without a namespace the whole cluster is listed."""
    await api.create(CONFIGMAPS, namespace, configmap(namespace, "mine"))
    for where in (namespace, None):
        items = (await api.list(CONFIGMAPS, where)).items
        assert (namespace, "mine") in {(i["metadata"]["namespace"], i["metadata"]["name"]) for i in items}
    assert (await api.list(CONFIGMAPS, "no-such-namespace")).items == []


async def test_pages_make_up_the_list(api: KubeApi, namespace: str) -> None:
    """All pages together are the list, and the last knows where a watch goes on."""
    await api.create(CONFIGMAPS, namespace, configmap(namespace, "mine"))
    pages = [page async for page in api.pages(CONFIGMAPS, namespace)]
    assert "mine" in [item["metadata"]["name"] for page in pages for item in page.items]
    assert int(pages[-1].resource_version) > 0


async def test_a_watch_tells_what_happened_since_a_version(api: KubeApi, namespace: str) -> None:
    """Events come in order, with whole objects, beginning after the version named."""
    version = (await api.list(DEPLOYMENTS, namespace)).resource_version
    await api.create(DEPLOYMENTS, namespace, deployment(namespace))
    await api.patch(DEPLOYMENTS, namespace, "web", {"metadata": {"labels": {"a": "b"}}})
    await api.delete(DEPLOYMENTS, namespace, "web")
    seen = []
    async with aclosing(api.watch(DEPLOYMENTS, namespace, resource_version=version)) as events:
        async for event in events:
            seen.append((event.type, event.object["metadata"].get("labels")))
            if event.type == "DELETED":
                break
    told = list(dict.fromkeys((kind, str(labels)) for kind, labels in seen))  # controllers write status too
    assert told[0] == ("ADDED", "None")
    assert told[-1] == ("DELETED", "{'a': 'b'}")
    assert ("MODIFIED", "{'a': 'b'}") in told


async def test_deleting_what_is_not_there_is_not_found(api: KubeApi, namespace: str) -> None:
    """Deleting twice fails the second time."""
    await api.create(CONFIGMAPS, namespace, configmap(namespace))
    await api.delete(CONFIGMAPS, namespace, "settings")
    with pytest.raises(NotFoundError):
        await api.delete(CONFIGMAPS, namespace, "settings")


async def test_a_finalizer_delays_the_deletion(api: KubeApi, namespace: str) -> None:
    """An object with a finalizer stays, marked, until the finalizer goes."""
    body = configmap(namespace)
    body["metadata"]["finalizers"] = ["example.com/wait"]
    await api.create(CONFIGMAPS, namespace, body)
    await api.delete(CONFIGMAPS, namespace, "settings")
    assert (await api.get(CONFIGMAPS, namespace, "settings"))["metadata"]["deletionTimestamp"]
    await api.patch(CONFIGMAPS, namespace, "settings", {"metadata": {"finalizers": None}})
    with pytest.raises(NotFoundError):
        await api.get(CONFIGMAPS, namespace, "settings")

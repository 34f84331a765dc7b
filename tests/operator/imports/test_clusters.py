"""HPAs read from a cluster, RLAutoscalers created in it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlautoscaler.clients.fakes.kube import FakeKubeApi
from rlautoscaler.clients.protocols import HORIZONTALPODAUTOSCALERS, RLAUTOSCALERS
from rlautoscaler.errors import HpaError, NotFoundError, UnreachableError
from rlautoscaler.imports import clusters, hpas, translations
from rlautoscaler.imports.clusters import Place


def kubeconfig(folder: Path, current: str = "one") -> Path:
    """Two contexts, of which the first has a namespace."""
    contexts = [
        {"name": "one", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
        {"name": "two", "context": {"cluster": "c", "user": "u"}},
    ]
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "contexts": contexts,
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {}}],
    }
    file = folder / "config"
    file.write_text(yaml.safe_dump(document))
    return file


def test_the_namespace_is_the_one_that_kubectl_would_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that is named, else the context's, else `default`."""
    file = kubeconfig(tmp_path)
    assert Place("mine", None, file).chosen_namespace() == "mine"
    assert Place(None, None, file).chosen_namespace() == "shop"
    assert Place(None, "two", file).chosen_namespace() == "default"
    monkeypatch.setenv("KUBECONFIG", str(file))
    assert Place().chosen_namespace() == "shop"
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    assert Place().chosen_namespace() == "default"


@pytest.mark.parametrize("content", ["", "x", "- 1", "contexts: {a: [", "current-context: 1\ncontexts: 5\n"])
def test_a_damaged_kubeconfig_is_left_to_be_told_by_who_connects(tmp_path: Path, content: str) -> None:
    """Asking for its namespace does not fail."""
    file = tmp_path / "config"
    file.write_text(content)
    assert Place(None, None, file).chosen_namespace() == "default"


def test_an_hpa_is_found_or_told_to_be_missing(manifest: Any) -> None:
    """A missing one is a sentence; an API server that is not there stays that."""

    async def story() -> None:
        api = FakeKubeApi()
        await api.create(HORIZONTALPODAUTOSCALERS, "shop", manifest())
        assert (await clusters.find(api, "shop", "web"))["metadata"]["name"] == "web"
        with pytest.raises(HpaError, match="no HorizontalPodAutoscaler web in namespace other"):
            await clusters.find(api, "other", "web")
        api.fail(UnreachableError("down"))
        with pytest.raises(UnreachableError):
            await clusters.find(api, "shop", "web")

    asyncio.run(story())


def test_an_rlautoscaler_is_created_once(manifest: Any) -> None:
    """One that exists is never changed."""
    continuation = translations.continued(hpas.read(manifest()))

    async def story() -> None:
        api = FakeKubeApi()
        await clusters.create(api, continuation, "shop")
        stored = await api.get(RLAUTOSCALERS, "shop", "web")
        assert stored["spec"] == continuation.document["spec"]
        with pytest.raises(HpaError, match=r"shop/web exists already.*--name"):
            await clusters.create(api, continuation, "shop")
        assert await api.get(RLAUTOSCALERS, "shop", "web") == stored

    asyncio.run(story())


def test_a_missing_kind_is_told_from_a_missing_namespace(manifest: Any) -> None:
    """The API server answers 404 to both, with a reason of its own only where it knows the kind."""
    continuation = translations.continued(hpas.read(manifest()))

    async def story() -> None:
        api = FakeKubeApi()
        api.fail(NotFoundError("404 page not found", status=404), times=1)
        with pytest.raises(HpaError, match="rlautoscaler crd"):
            await clusters.create(api, continuation, "shop")
        api.fail(NotFoundError('namespaces "shop" not found', status=404, reason="NotFound"), times=1)
        with pytest.raises(NotFoundError, match="namespaces"):
            await clusters.create(api, continuation, "shop")

    asyncio.run(story())

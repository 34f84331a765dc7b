"""Finding the object, or saying in a sentence why it cannot be had."""

from __future__ import annotations

import pytest

from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import RLAUTOSCALERS
from rlautoscaler.errors import ExplanationError, ForbiddenError, UnreachableError
from rlautoscaler.explaining import lookups


@pytest.fixture
def api() -> FakeKubeApi:
    api = FakeKubeApi(clock=lambda: 0.0)
    api.seed(RLAUTOSCALERS, {"metadata": {"namespace": "shop", "name": "checkout"}, "spec": {}})
    return api


async def test_it_is_found(api: FakeKubeApi) -> None:
    """By namespace and name."""
    found = await lookups.find(api, "shop", "checkout")
    assert found["metadata"]["name"] == "checkout"


async def test_a_wrong_name(api: FakeKubeApi) -> None:
    """The sentence says where it was looked for, and how to list."""
    with pytest.raises(ExplanationError, match=r"no RLAutoscaler basket in namespace shop: .kubectl get rla"):
        await lookups.find(api, "shop", "basket")


async def test_a_cluster_that_does_not_know_the_kind() -> None:
    """The sentence says how to make it known."""
    api = FakeKubeApi(missing=[RLAUTOSCALERS])
    with pytest.raises(ExplanationError, match="rlautoscaler crd"):
        await lookups.find(api, "shop", "checkout")


async def test_missing_rights(api: FakeKubeApi) -> None:
    """The sentence names the verb and the kind to ask for."""
    api.fail(ForbiddenError("No.", status=403))
    with pytest.raises(ExplanationError, match=r"\(403\): ask for the verb get on rlautoscalers"):
        await lookups.find(api, "shop", "checkout")


async def test_a_silent_server(api: FakeKubeApi) -> None:
    """It says itself what to do."""
    api.fail(UnreachableError("No answer."))
    with pytest.raises(UnreachableError):
        await lookups.find(api, "shop", "checkout")

"""Kinds to plurals."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rlautoscaler.clients.discoveries import DEFINITIONS, Discoveries
from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import DEPLOYMENTS, Resource
from rlautoscaler.errors import ForbiddenError, NotFoundError

ROLLOUTS = Resource("argoproj.io", "v1alpha1", "rollouts")


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api() -> FakeKubeApi:
    return FakeKubeApi()


@pytest.fixture
def discoveries(api: FakeKubeApi, clock: Clock) -> Discoveries:
    return Discoveries(api, clock=clock)


def define(api: FakeKubeApi, kind: str, plural: str, *versions: dict[str, Any]) -> None:
    api.seed(
        DEFINITIONS,
        {
            "metadata": {"name": f"{plural}.argoproj.io"},
            "spec": {
                "group": "argoproj.io",
                "names": {"kind": kind, "plural": plural},
                "versions": list(versions),
            },
        },
    )


def version(name: str, *, served: bool = True, scale: bool = True) -> dict[str, Any]:
    subresources: dict[str, Any] = {"status": {}} | ({"scale": {}} if scale else {})
    return {"name": name, "served": served, "subresources": subresources}


async def test_built_in_kinds_cost_no_request(api: FakeKubeApi, discoveries: Discoveries) -> None:
    """Kubernetes' own kinds are known beforehand."""
    assert await discoveries.resolve("apps/v1", "Deployment") == DEPLOYMENTS
    core = await discoveries.resolve("v1", "ReplicationController")
    assert core.path("shop", "checkout") == "/api/v1/namespaces/shop/replicationcontrollers/checkout"
    assert api.calls == []


async def test_custom_kinds_are_looked_up_once(api: FakeKubeApi, discoveries: Discoveries) -> None:
    """The plural of any other kind comes from its definition, and is remembered."""
    define(api, "Rollout", "rollouts", version("v1alpha1"))
    asked = [discoveries.resolve("argoproj.io/v1alpha1", "Rollout") for _ in range(5)]
    assert await asyncio.gather(*asked) == [ROLLOUTS] * 5
    assert len(api.calls) == 1


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        pytest.param("argoproj.io/v1alpha1", "Rollouts", id="a mistyped kind"),
        pytest.param("argoproj.io/v2", "Rollout", id="a version that does not exist"),
        pytest.param("argoproj.io/v1", "Rollout", id="a version that is not served"),
        pytest.param("argoproj.io/v1beta1", "Rollout", id="a version without a scale subresource"),
        pytest.param("example.org/v1alpha1", "Rollout", id="another group"),
        pytest.param("v1", "Pod", id="a built-in kind without a scale"),
    ],
)
async def test_kinds_that_cannot_be_scaled(
    api: FakeKubeApi, discoveries: Discoveries, api_version: str, kind: str
) -> None:
    """A kind without a scale subresource is refused with what to check."""
    define(
        api,
        "Rollout",
        "rollouts",
        version("v1alpha1"),
        version("v1", served=False),
        version("v1beta1", scale=False),
    )
    with pytest.raises(NotFoundError, match=r"spec\.scaleTargetRef"):
        await discoveries.resolve(api_version, kind)


async def test_a_definition_that_comes_later_is_found(
    api: FakeKubeApi, discoveries: Discoveries, clock: Clock
) -> None:
    """What was not found is looked for again, but not at every tick."""
    for _ in range(3):
        with pytest.raises(NotFoundError):
            await discoveries.resolve("argoproj.io/v1alpha1", "Rollout")
    assert len(api.calls) == 1
    define(api, "Rollout", "rollouts", version("v1alpha1"))
    clock.now += 61
    assert await discoveries.resolve("argoproj.io/v1alpha1", "Rollout") == ROLLOUTS
    assert await discoveries.resolve("apps/v1", "Deployment") == DEPLOYMENTS


async def test_a_failed_look_is_repeated(api: FakeKubeApi, discoveries: Discoveries) -> None:
    """An error of the API server is passed on and not remembered as an answer."""
    define(api, "Rollout", "rollouts", version("v1alpha1"))
    api.fail(ForbiddenError("no right to list definitions"))
    with pytest.raises(ForbiddenError):
        await discoveries.resolve("argoproj.io/v1alpha1", "Rollout")
    assert await discoveries.resolve("argoproj.io/v1alpha1", "Rollout") == ROLLOUTS

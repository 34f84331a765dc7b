"""Manners on the user's own cluster."""

from __future__ import annotations

from typing import Any

import pytest

from rlautoscaler.clients.discoveries import DEFINITIONS
from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import NAMESPACES, Resource
from rlautoscaler.demo import guests
from rlautoscaler.errors import DemoError, ForbiddenError, NotFoundError

CRD = "rlautoscalers.rlautoscaler.io"
THERE = {
    "a namespace of that name": (NAMESPACES, guests.NAMESPACE),
    "the custom resource, and so perhaps an operator": (DEFINITIONS, CRD),
}


def named(resource: Resource, name: str) -> dict[str, Any]:
    return {"apiVersion": resource.api_version, "metadata": {"name": name}}


async def visit(api: FakeKubeApi, *, fail: Exception | None = None, forbidden: bool = False) -> None:
    async with guests.visiting(api):
        await api.create(NAMESPACES, None, named(NAMESPACES, guests.NAMESPACE))
        await api.create(DEFINITIONS, None, named(DEFINITIONS, CRD))
        if forbidden:
            api.fail(ForbiddenError("No."), verb="delete", resource=NAMESPACES)
        if fail is not None:
            raise fail


@pytest.mark.parametrize(("resource", "name"), THERE.values(), ids=THERE.keys())
async def test_it_does_not_come_where_it_has_been(resource: Resource, name: str) -> None:
    """What is there already is not the demo's to use or to delete."""
    api = FakeKubeApi()
    api.seed(resource, named(resource, name))
    with pytest.raises(DemoError, match=name):
        async with guests.visiting(api):
            raise AssertionError
    assert api.stored(resource, None, name)


async def test_it_leaves_nothing_behind() -> None:
    """Namespace and custom resource are gone afterwards, also after an error, and others' are left."""
    api = FakeKubeApi()
    api.seed(NAMESPACES, named(NAMESPACES, "theirs"))
    with pytest.raises(ZeroDivisionError):
        await visit(api, fail=ZeroDivisionError())
    for resource, name in THERE.values():
        with pytest.raises(NotFoundError):
            api.stored(resource, None, name)
    assert api.stored(NAMESPACES, None, "theirs")


async def test_what_it_cannot_remove_is_named() -> None:
    """The user is told what to delete by hand."""
    api = FakeKubeApi()
    with pytest.raises(DemoError, match=f"namespaces {guests.NAMESPACE}"):
        await visit(api, forbidden=True)

"""The demo as a guest on the user's own cluster: it touches nothing of theirs, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rlautoscaler.clients.discoveries import DEFINITIONS
from rlautoscaler.clients.protocols import NAMESPACES, KubeApi, Resource
from rlautoscaler.errors import ApiError, DemoError, NotFoundError
from rlautoscaler.resources import names

NAMESPACE = "rlautoscaler-demo"

_DEFINITION = f"{names.PLURAL}.{names.GROUP}"
_OURS = ((NAMESPACES, NAMESPACE), (DEFINITIONS, _DEFINITION))


@asynccontextmanager
async def visiting(api: KubeApi) -> AsyncIterator[None]:
    """Refuse where anything of the demo's is there already; remove it in the end.

    Raises `DemoError`: an operator that runs in the cluster would act on the demo's RLAutoscalers, too.
    """
    for resource, name in _OURS:
        if await _exists(api, resource, name):
            raise DemoError(
                f"The cluster has {resource.plural} {name} already. The demo brings its own and removes it "
                "in the end: use a cluster without it, or delete it if an earlier demo left it."
            )
    try:
        yield
    finally:
        # Shielded: a second Ctrl-C must not leave half of it behind.
        await asyncio.shield(_leave(api))


async def _exists(api: KubeApi, resource: Resource, name: str) -> bool:
    try:
        await api.get(resource, None, name)
    except NotFoundError:
        return False
    return True


async def _leave(api: KubeApi) -> None:
    left = []
    for resource, name in _OURS:
        try:
            await api.delete(resource, None, name)
        except NotFoundError:
            continue
        except ApiError:
            left.append(f"{resource.plural} {name}")
    if left:
        raise DemoError(f"The cluster did not let go of {' and '.join(left)}: delete what is left yourself.")

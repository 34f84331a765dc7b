"""The custom resource that is to be explained."""

from __future__ import annotations

from rlautoscaler.clients.protocols import RLAUTOSCALERS, KubeApi, Manifest
from rlautoscaler.errors import ExplanationError, ForbiddenError, NotFoundError


async def find(api: KubeApi, namespace: str, name: str) -> Manifest:
    """The object. Raises `ExplanationError` where it cannot be had, an `ApiError` where nobody answers."""
    try:
        return await api.get(RLAUTOSCALERS, namespace, name)
    except NotFoundError as error:
        # The server gives a reason where an object is not there, and none where it does not know the kind.
        raise ExplanationError(_missing(namespace, name) if error.reason else _UNSERVED) from error
    except ForbiddenError as error:
        raise ExplanationError(
            f"You may not read RLAutoscaler {name} in namespace {namespace} ({error.status}): ask for the "
            f"verb get on rlautoscalers of the API group {RLAUTOSCALERS.group}, or renew your kubeconfig."
        ) from error


_UNSERVED = (
    "The cluster does not know RLAutoscalers: apply the definition (rlautoscaler crd | kubectl apply "
    "--server-side -f -), or name another cluster with --context."
)


def _missing(namespace: str, name: str) -> str:
    return (
        f"There is no RLAutoscaler {name} in namespace {namespace}: `kubectl get rla -A` lists those there "
        "are, -n names another namespace."
    )

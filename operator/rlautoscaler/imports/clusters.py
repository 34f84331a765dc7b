"""Where HPAs are read and RLAutoscalers created: a cluster, as kubectl would find it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import yaml
from kubernetes.aio import config

from rlautoscaler.clients import kube
from rlautoscaler.clients.protocols import (
    HORIZONTALPODAUTOSCALERS,
    RLAUTOSCALERS,
    KubeApi,
    Manifest,
)
from rlautoscaler.errors import ConflictError, HpaError, NotFoundError
from rlautoscaler.imports.translations import Continuation

_DEFAULT = "default"
_OF_THE_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")

_UNREADABLE = (
    config.ConfigException,
    yaml.YAMLError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
)
"""What the official loader lets escape from a damaged file."""


@dataclass(frozen=True, slots=True)
class Place:
    """A namespace of a cluster, in kubectl's words; None for what kubectl would take."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: Path | None = None

    def chosen_namespace(self) -> str:
        """The one that was named, or the context's, or the pod's, or `default`."""
        if self.namespace is not None:
            return self.namespace
        files = os.environ.get("KUBECONFIG") if self.kubeconfig is None else str(self.kubeconfig)
        # A kubeconfig that cannot be read is told of when it is used to connect.
        with contextlib.suppress(*_UNREADABLE):
            contexts, current = config.list_kube_config_contexts(files)
            chosen = next((one for one in contexts if one["name"] == self.context), current)
            return str(chosen["context"].get("namespace") or _DEFAULT)
        with contextlib.suppress(OSError):
            return _OF_THE_POD.read_text().strip()
        return _DEFAULT


async def fetch(place: Place, name: str) -> Manifest:
    """An HPA of a cluster. Raises as `find`, and `SettingsError` where there is no cluster to ask."""
    namespace = place.chosen_namespace()
    async with kube.connect(kubeconfig=place.kubeconfig, context=place.context) as api:
        return await find(api, namespace, name)


async def submit(place: Place, continuation: Continuation) -> str:
    """Create the RLAutoscaler in a cluster; its namespace. Raises as `create`, and `SettingsError`."""
    namespace = continuation.namespace or place.chosen_namespace()
    async with kube.connect(kubeconfig=place.kubeconfig, context=place.context) as api:
        await create(api, continuation, namespace)
    return namespace


async def find(api: KubeApi, namespace: str, name: str) -> Manifest:
    """An HPA. Raises `HpaError` where there is none, an `ApiError` where nobody can tell."""
    try:
        return await api.get(HORIZONTALPODAUTOSCALERS, namespace, name)
    except NotFoundError as error:
        raise HpaError(
            f"There is no HorizontalPodAutoscaler {name} in namespace {namespace}; "
            "`kubectl get hpa -A` lists all."
        ) from error


async def create(api: KubeApi, continuation: Continuation, namespace: str) -> None:
    """Create the RLAutoscaler. Raises `HpaError` where one of its name exists or the kind is not installed.

    An existing one is never changed: its user may have gone on from where an import once began.
    """
    try:
        await api.create(RLAUTOSCALERS, namespace, continuation.document)
    except ConflictError as error:
        raise HpaError(
            f"RLAutoscaler {namespace}/{continuation.name} exists already, and stays as it is: choose "
            "another name with --name, or delete it first."
        ) from error
    except NotFoundError as error:
        if error.reason:  # a Status of the API server: the kind is there, the namespace is not
            raise
        raise HpaError(
            "The cluster does not know RLAutoscalers yet: "
            "`rlautoscaler crd | kubectl apply --server-side -f -`, then once more."
        ) from error

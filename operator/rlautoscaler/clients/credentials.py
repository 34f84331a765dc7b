"""Where the API server is, and how to prove who asks.

The official client reads kubeconfig files and ServiceAccount mounts; this module decides which of them,
keeps tokens fresh, and turns what can go wrong into sentences.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from kubernetes.aio import config as sources
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import kube_config

from rlautoscaler.errors import SettingsError

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 60.0
"""How often a kubeconfig's token file or credential plugin is looked at again. Kubelets renew projected
tokens long before they expire, and the in-cluster loader uses the same minute."""

DEFAULT_KUBECONFIG = Path("~/.kube/config")
POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
DEFAULT = "default"
"""The namespace where none is named."""

_UNREADABLE = (
    sources.ConfigException,
    yaml.YAMLError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
)
"""What the official loader lets escape from a damaged file."""


async def load(
    kubeconfig: Path | None = None,
    context: str | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    clock: Callable[[], float] = time.monotonic,
) -> Configuration:
    """The connection's settings, from the first of these that is there.

    A file or context that was named; the files of `KUBECONFIG`; the pod's ServiceAccount; `~/.kube/config`.
    Raises `SettingsError`.
    """
    configuration = Configuration()
    # client-go accepts certificate authorities without the extensions that Python 3.13 demands.
    configuration.disable_strict_ssl_verification = True
    if kubeconfig is None and context is None and _in_cluster(environ):
        _load_service_account(configuration)
    else:
        await _load_kubeconfig(configuration, _files(kubeconfig, environ), context, clock)
    return configuration


def namespace(
    kubeconfig: Path | None = None, context: str | None = None, *, environ: Mapping[str, str] = os.environ
) -> str:
    """Where kubectl would look: the context's namespace, or the pod's own, or `default`.

    Raises `SettingsError`.
    """
    if kubeconfig is None and context is None and _in_cluster(environ):
        return POD_NAMESPACE.read_text(encoding="utf-8").strip() if POD_NAMESPACE.is_file() else DEFAULT
    files = _files(kubeconfig, environ)
    _check_existence(files)
    try:
        merged = kube_config.KubeConfigMerger(files).config
        loader = kube_config.KubeConfigLoader(config_dict=merged, active_context=context)
        return str(loader.current_context["context"].get("namespace") or DEFAULT)
    except _UNREADABLE as error:
        raise _unusable(files, error) from error


def _in_cluster(environ: Mapping[str, str]) -> bool:
    return not environ.get("KUBECONFIG") and bool(environ.get("KUBERNETES_SERVICE_HOST"))


def _files(kubeconfig: Path | None, environ: Mapping[str, str]) -> str:
    if kubeconfig is not None:
        return str(kubeconfig)
    return environ.get("KUBECONFIG") or str(DEFAULT_KUBECONFIG)


def _load_service_account(configuration: Configuration) -> None:
    try:
        sources.load_incluster_config(client_configuration=configuration)
    except _UNREADABLE as error:
        raise SettingsError(
            f"The pod's ServiceAccount cannot be used: {error} "
            "Let the pod mount its token (automountServiceAccountToken), or name a kubeconfig."
        ) from error


async def _load_kubeconfig(
    configuration: Configuration, files: str, context: str | None, clock: Callable[[], float]
) -> None:
    _check_existence(files)
    try:
        loader = await sources.load_kube_config(
            config_file=files, context=context, client_configuration=configuration, persist_config=False
        )
    except _UNREADABLE as error:
        raise _unusable(files, error) from error
    configuration.refresh_api_key_hook = _reload_each_minute(loader, clock)


def _check_existence(files: str) -> None:
    if not any(Path(part).expanduser().is_file() for part in files.split(os.pathsep) if part):
        raise SettingsError(
            f"There is no kubeconfig at {files} and this is not a pod. "
            "Name one with --kubeconfig or KUBECONFIG, or run inside a cluster."
        )


def _unusable(files: str, error: Exception) -> SettingsError:
    return SettingsError(
        f"The kubeconfig {files} cannot be used: {str(error).rstrip('.')}. "
        "`kubectl config get-contexts` lists the contexts it has."
    )


def _reload_each_minute(
    loader: Any, clock: Callable[[], float]
) -> Callable[[Configuration], Awaitable[None]]:
    """A hook that the official client calls before each request.

    Its own kubeconfig loader reads a token file once and lets a plugin's token expire.
    """
    read_at = clock()

    async def reload(configuration: Configuration) -> None:
        nonlocal read_at
        if clock() - read_at < REFRESH_SECONDS:
            return
        read_at = clock()
        try:
            await loader.load_and_set(configuration)
        except _UNREADABLE as error:
            logger.warning("The kubeconfig could not be read again, the old token stays in use: %s", error)

    return reload

"""Finding a program: KUBEBUILDER_ASSETS, then the user's cache, then building it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import builds, components, folders, locks, toolchains


def ensure(
    wanted: Iterable[components.Component],
    listener: builds.Listener,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Path]:
    """Path by component name; what is not found is built, which takes minutes and tells the listener."""
    return {component.name: _ensure_one(component, listener, environment) for component in wanted}


def find(component: components.Component, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The program where it is there already."""
    candidates = [cached(component, environment)]
    assets = environment.get("KUBEBUILDER_ASSETS")
    if assets and component.is_envtest_asset:
        candidates.insert(0, Path(assets) / component.name)
    return next((path for path in candidates if path.is_file() and os.access(path, os.X_OK)), None)


def missing(
    wanted: Iterable[components.Component], environment: Mapping[str, str] = os.environ
) -> list[components.Component]:
    """Those that would have to be built."""
    return [component for component in wanted if find(component, environment) is None]


def cached(component: components.Component, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the cache holds it, by version and platform."""
    name = f"{component.name}-{component.version}-{folders.platform_name()}"
    return folders.cache(environment) / "bin" / name


def _ensure_one(
    component: components.Component, listener: builds.Listener, environment: Mapping[str, str]
) -> Path:
    found = find(component, environment)
    if found is not None:
        return found
    target = cached(component, environment)

    def told(stage: builds.BuildStage) -> Callable[[], None]:
        return lambda: listener(builds.BuildReport(component, stage))

    try:
        with locks.held(target.parent / f"{component.name}.lock", told(builds.BuildStage.WAITING)):
            if not target.exists():  # another run may have built it while this one waited
                go = toolchains.find(
                    toolchains.required_version(component),
                    folders.cache(environment),
                    told(builds.BuildStage.INSTALLING_GO),
                )
                builds.build(component, go, target, listener)
    except OSError as error:
        raise SandboxError(
            f"{component.name} cannot be built in {target.parent}: {error}. "
            "Free some space there or set XDG_CACHE_HOME."
        ) from error
    return target

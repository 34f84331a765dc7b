"""What several suites share: a running sandbox."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from rich.console import Console

from rlautoscaler.sandbox import binaries, components, progresses
from rlautoscaler.sandbox.options import SandboxOptions
from rlautoscaler.sandbox.planes import Sandbox

PROGRAMS = (*components.RUNNING, components.KUBECTL)


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest) -> None:
    """The sandbox's programs; skips where they are not built and nobody asked for the cluster tests by name.

    Building takes minutes, which a plain `pytest` should not spend in silence.
    """
    missing = binaries.missing(PROGRAMS)
    if not missing:
        return
    if "cluster" not in request.config.option.markexpr:
        names = ", ".join(component.name for component in missing)
        pytest.skip(f"not built yet: {names}; run `rlautoscaler sandbox build` or `pytest -m cluster`")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with (
        capture.global_and_fixture_disabled(),
        progresses.shown(Console(file=sys.stderr), missing) as listener,
    ):
        binaries.ensure(PROGRAMS, listener)


@pytest.fixture(scope="session")
def sandbox(programs: None) -> Iterator[Sandbox]:
    """One control plane for all tests of the session. Use a namespace of your own, and stop no part of it."""
    with Sandbox(SandboxOptions(label="tests")) as running:
        yield running

"""Where the demo runs: on a sandbox, or on the user's own cluster with a Prometheus beside it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rlautoscaler.demo import manifests
from rlautoscaler.sandbox import (
    binaries,
    builds,
    commands,
    components,
    credentials,
    folders,
    layouts,
    ports,
    probes,
    processes,
    prometheus,
)
from rlautoscaler.sandbox.options import SandboxOptions
from rlautoscaler.sandbox.planes import Sandbox

_READY_SECONDS = 60.0


class Venue(Protocol):
    """A cluster, and a Prometheus on this machine."""

    @property
    def kubeconfig(self) -> Path | None:
        """None for the user's usual ones."""

    @property
    def context(self) -> str | None:
        """Of the kubeconfig; None for its current one."""

    @property
    def folder(self) -> Path:
        """For logs."""

    @property
    def prometheus_url(self) -> str:
        """URL of Prometheus."""

    @property
    def is_sandbox(self) -> bool:
        """Whether it is the demo's own, whose HPA controller runs at its speed and on its metrics."""

    def configure_prometheus(self, text: str) -> None:
        """Tell Prometheus what to scrape; YAML."""

    def check(self) -> None:
        """Raise where something has ended by itself."""


@dataclass(frozen=True, slots=True)
class SandboxVenue:
    """A sandbox of the demo's own."""

    sandbox: Sandbox
    context: str | None = None
    is_sandbox: bool = True

    @property
    def kubeconfig(self) -> Path:
        """See `Venue`."""
        return self.sandbox.kubeconfig

    @property
    def folder(self) -> Path:
        """See `Venue`."""
        return self.sandbox.folder

    @property
    def prometheus_url(self) -> str:
        """See `Venue`."""
        return self.sandbox.prometheus_url

    def configure_prometheus(self, text: str) -> None:
        """See `Venue`."""
        self.sandbox.configure_prometheus(text)

    def check(self) -> None:
        """See `Venue`."""
        self.sandbox.check()


@dataclass(frozen=True, slots=True)
class ClusterVenue:
    """The user's cluster. Its own Prometheus cannot reach the simulated exporters on this machine."""

    context: str
    folder: Path
    prometheus_url: str
    process: processes.Process
    configuration: Path
    kubeconfig: Path | None = None
    is_sandbox: bool = False

    def configure_prometheus(self, text: str) -> None:
        """See `Venue`."""
        credentials.write_private(self.configuration, _configured(text))
        probes.answers(f"{self.prometheus_url}/-/reload", method="POST")

    def check(self) -> None:
        """See `Venue`."""
        self.process.raise_if_ended()


@contextmanager
def sandbox(listener: builds.Listener) -> Iterator[SandboxVenue]:
    """Start a sandbox, and end it."""
    options = SandboxOptions(
        label="demo",
        controller_manager_args=manifests.CONTROLLER_MANAGER,
        scrape_interval=manifests.SCRAPE_INTERVAL,
    )
    with Sandbox(options, listener=listener) as running:
        yield SandboxVenue(running)


@contextmanager
def cluster(context: str, listener: builds.Listener) -> Iterator[ClusterVenue]:
    """Start a Prometheus for the user's cluster, and end it."""
    program = binaries.ensure([components.PROMETHEUS], listener)[components.PROMETHEUS.name]
    folder = folders.make(None, secrets.token_hex(3))
    reserved = ports.PortReservations([layouts.PROMETHEUS_PORT])
    layout = layouts.Layout(folder, reserved)
    credentials.write_private(layout.prometheus_file, _configured(""))
    try:
        with processes.ProcessGroup(folder, remove_folder=True) as group:
            process = group.start(components.PROMETHEUS.name, [str(program), *commands.prometheus(layout)])
            processes.wait_until(
                lambda: probes.answers(f"{layout.prometheus_url}/-/ready"),
                "Prometheus was not ready",
                [process],
                _READY_SECONDS,
            )
            yield ClusterVenue(context, folder, layout.prometheus_url, process, layout.prometheus_file)
    finally:
        reserved.close()


def _configured(text: str) -> str:
    return prometheus.configuration(text, manifests.SCRAPE_INTERVAL)

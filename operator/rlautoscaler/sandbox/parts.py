"""The programs of one sandbox: what is started, in which order, and when it counts as ready."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rlautoscaler.sandbox import commands, components, flags, nodes, probes
from rlautoscaler.sandbox.layouts import CONTROLLER_MANAGER_PORT, SCHEDULER_PORT, Layout
from rlautoscaler.sandbox.options import SandboxOptions


@dataclass(frozen=True, slots=True)
class Part:
    """One program with its command line and the question whether it is ready."""

    name: str
    command: tuple[str, ...]
    is_ready: Callable[[], bool]


def in_order(
    layout: Layout, programs: Mapping[str, Path], options: SandboxOptions, probe: probes.ApiProbe
) -> tuple[tuple[Part, ...], ...]:
    """Waves: the parts of one start together once all parts of the wave before are ready."""

    def part(component: components.Component, arguments: list[str], is_ready: Callable[[], bool]) -> Part:
        return Part(component.name, (str(programs[component.name]), *arguments), is_ready)

    return (
        (
            part(
                components.ETCD,
                commands.etcd(layout),
                lambda: probes.answers(f"{layout.etcd_url}/health"),
            ),
        ),
        (
            part(
                components.KUBE_APISERVER,
                commands.kube_apiserver(layout, flags.of_api_server(layout, options)),
                probe.is_ready,
            ),
        ),
        (
            part(
                components.KUBE_CONTROLLER_MANAGER,
                commands.kube_controller_manager(layout, flags.of_controller_manager(options)),
                lambda: probes.answers(layout.health_url(CONTROLLER_MANAGER_PORT)) and _has_accounts(probe),
            ),
            part(
                components.KUBE_SCHEDULER,
                commands.kube_scheduler(layout, options.scheduler_args),
                lambda: probes.answers(layout.health_url(SCHEDULER_PORT)),
            ),
            part(components.KWOK, commands.kwok(layout), lambda: _has_ready_nodes(probe, options.node_count)),
            part(
                components.PROMETHEUS,
                commands.prometheus(layout),
                lambda: probes.answers(f"{layout.prometheus_url}/-/ready"),
            ),
        ),
    )


def _has_accounts(probe: probes.ApiProbe) -> bool:
    # The controller manager makes it once its controllers run; pods of a namespace without it are refused.
    return probe.get("/api/v1/namespaces/default/serviceaccounts/default") is not None


def _has_ready_nodes(probe: probes.ApiProbe, count: int) -> bool:
    listed = probe.get(nodes.PATH)
    return listed is not None and nodes.ready_count(listed["items"]) >= count

"""`rlautoscaler sandbox`: the control plane alone, to try things on."""

from __future__ import annotations

import json
import shutil
import signal
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from rlautoscaler.errors import SandboxError

if TYPE_CHECKING:
    from rlautoscaler.sandbox.planes import Sandbox
    from rlautoscaler.sandbox.states import State

LABEL = "up"
_CHECK_SECONDS = 1.0

app = typer.Typer(
    help="A real Kubernetes control plane on this machine, with simulated kubelets and a real Prometheus.",
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output, one line of JSON.")]


@app.command()
def build() -> None:
    """Build what a sandbox runs, where it is not there yet; about 12 minutes on two cores, once."""
    from rich.console import Console

    from rlautoscaler.sandbox import binaries, components, progresses

    wanted = (*components.RUNNING, components.KUBECTL)
    with progresses.shown(Console(stderr=True), wanted) as listener:
        programs = binaries.ensure(wanted, listener)
    for name, path in programs.items():
        typer.echo(f"{name}\t{path}")


@app.command()
def up(
    nodes: Annotated[int, typer.Option(min=1, help="Simulated nodes.")] = 3,
    node_cpu: Annotated[str, typer.Option(help="CPU of each node.")] = "32",
    node_memory: Annotated[str, typer.Option(help="Memory of each node.")] = "128Gi",
    scrape_interval: Annotated[
        float, typer.Option(min=0.1, help="Seconds between Prometheus' scrapes.")
    ] = 15,
    keep: Annotated[bool, typer.Option("--keep", help="Leave logs and data behind at the end.")] = False,
    as_json: Json = False,
) -> None:
    """Start a control plane and hold it until Ctrl-C or `sandbox down`."""
    from rich.console import Console

    from rlautoscaler.sandbox import progresses
    from rlautoscaler.sandbox.options import SandboxOptions
    from rlautoscaler.sandbox.planes import Sandbox

    options = SandboxOptions(
        label=LABEL,
        node_count=nodes,
        node_cpu=node_cpu,
        node_memory=node_memory,
        scrape_interval=scrape_interval,
        keep=keep,
    )
    # `sandbox down` and service managers send SIGTERM; it ends the sandbox in the same order as a Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with progresses.shown(Console(stderr=True)) as listener:
        sandbox = Sandbox(options, listener=listener).start()
    with sandbox:
        typer.echo(json.dumps(asdict(sandbox.state)) if as_json else _introduction(sandbox))
        _hold(sandbox)


@app.command()
def status(as_json: Json = False) -> None:
    """List the sandboxes that run; exit code 1 where none does."""
    from rlautoscaler.sandbox import states

    running = states.running()
    if as_json:
        typer.echo(json.dumps([asdict(state) for state in running]))
    elif running:
        typer.echo("\n\n".join(_description(state) for state in running))
    else:
        typer.echo("No sandbox runs. Start one with: rlautoscaler sandbox up")
    raise typer.Exit(0 if running else 1)


@app.command()
def down(
    names: Annotated[
        list[str] | None, typer.Argument(help="As `sandbox status` shows them; all of `sandbox up` if none.")
    ] = None,
) -> None:
    """End sandboxes of other shells, and remove what they left on disk."""
    from rlautoscaler.sandbox import states

    running = {state.name: state for state in states.running()}
    unknown = [name for name in names or () if name not in running]
    if unknown:
        raise SandboxError(f"No sandbox {', '.join(unknown)} runs; `rlautoscaler sandbox status` lists them.")
    chosen = [running[name] for name in names] if names else [s for s in running.values() if s.label == LABEL]
    for state in chosen:
        states.end(state)
        typer.echo(f"Sandbox {state.name} has ended.")
    if not chosen:
        typer.echo("No sandbox of `rlautoscaler sandbox up` runs.")


def _hold(sandbox: Sandbox) -> None:
    """Until interrupted, or until a program ends by itself, which is an error."""
    try:
        while True:
            time.sleep(_CHECK_SECONDS)
            sandbox.check()
    except KeyboardInterrupt:
        typer.echo("Ending the sandbox …", err=True)


def _introduction(sandbox: Sandbox) -> str:
    from rlautoscaler.sandbox import binaries, components

    kubectl = shutil.which("kubectl") and "kubectl"
    found = kubectl or binaries.find(components.KUBECTL)
    hint = "" if found else "  # built by: rlautoscaler sandbox build"
    return f"""{_description(sandbox.state)}

In another shell:
  export KUBECONFIG={sandbox.kubeconfig}
  {found or "kubectl"} get nodes{hint}
  {found or "kubectl"} create deployment web --image=web --replicas=3
  rlautoscaler crd | {found or "kubectl"} apply -f -
  rlautoscaler sandbox down

Ctrl-C ends it."""


def _description(state: State) -> str:
    age = round(time.time() - state.started_at)
    progress = "ready" if state.is_ready else "starting"
    return f"""Sandbox {state.name} ({state.label}, process {state.pid}, {progress}, {age} s old)
  kubeconfig  {state.kubeconfig}
  API server  {state.server}
  Prometheus  {state.prometheus_url}
  logs        {state.folder}/logs"""

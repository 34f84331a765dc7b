"""`rlautoscaler evaluate`: measurements, as tables or JSON."""

from __future__ import annotations

import signal
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rlautoscaler.benchmarks.speeds import SpeedReport

app = typer.Typer(help="Measure: tables for people, --json for scripts.", no_args_is_help=True)


@app.callback()
def evaluate() -> None:
    """Measure: tables for people, --json for scripts."""


@app.command()
def speed(
    autoscalers: Annotated[int, typer.Option(min=1, help="RLAutoscalers, each with a Deployment.")] = 1000,
    with_pods: Annotated[int, typer.Option(min=0, help="Of them, with one running pod.")] = 200,
    seconds: Annotated[float, typer.Option(min=15, help="How long to measure.")] = 120.0,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """One operator and many autoscalers on the sandbox: queries and time per tick, writes, memory."""
    import asyncio
    import json

    from rlautoscaler.benchmarks import speeds

    options = speeds.SpeedOptions(
        autoscalers=autoscalers, with_pods=min(with_pods, autoscalers), seconds=seconds
    )
    report = asyncio.run(speeds.measure(options, lambda text: typer.echo(text, err=True)))
    if as_json:
        typer.echo(json.dumps(asdict(report)))
    else:
        _print(report)


@app.command()
def conformance(
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This scenario alone; may be repeated.")
    ] = None,
    short: Annotated[bool, typer.Option("--short", help="Three scenarios of seconds.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write every step and mismatch.")
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the table between the markers of this document."),
    ] = None,
) -> None:
    """The baseline beside the cluster's own HPA controller: twins under the same metrics, four minutes.

    Ends with exit code 1 where the two disagree, or where the pure pass decides otherwise than the controller
    did on what it saw.
    """
    from rich.console import Console

    from rlautoscaler.conformance import courses

    # As a Ctrl-C, so that whoever stops the process leaves nothing behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = courses.Options(only or (), short, json_file, markdown)
    if not courses.play(options, Console()):
        raise typer.Exit(1)


def _print(report: SpeedReport) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{report.autoscalers} autoscalers, {report.seconds:.0f} s")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for field in fields(report)[2:]:
        table.add_row(field.name.replace("_", " "), f"{getattr(report, field.name):.4g}")
    Console().print(table)

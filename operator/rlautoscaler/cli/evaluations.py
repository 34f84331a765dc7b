"""`rlautoscaler evaluate`: measurements, as tables or JSON."""

from __future__ import annotations

from dataclasses import asdict, fields
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


def _print(report: SpeedReport) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{report.autoscalers} autoscalers, {report.seconds:.0f} s")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for field in fields(report)[2:]:
        table.add_row(field.name.replace("_", " "), f"{getattr(report, field.name):.4g}")
    Console().print(table)

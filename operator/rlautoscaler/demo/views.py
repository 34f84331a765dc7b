"""The live view, and plain lines where there is no terminal. Pure: a moment in, something to print out."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from rlautoscaler.demo import summaries
from rlautoscaler.demo.moments import Event, Moment, Verdict
from rlautoscaler.demo.scenarios import MAX_REPLICAS, SPEED, Scenario
from rlautoscaler.demo.sparklines import sparkline, squeezed
from rlautoscaler.demo.summaries import Side, Summary
from rlautoscaler.sandbox.records import Record

_LABELS = 11
"""Columns left of a sparkline."""
_FIGURES = 18
"""Columns right of it."""
_OTHER_LINES = 19
"""Of the screen, beside the events."""


def view(moment: Moment, scenario: Scenario, width: int, height: int) -> RenderableType:
    """The whole screen, for a terminal of so many columns and lines."""
    return Group(
        _head(moment),
        _panel("traffic of each", _traffic(moment, width - 4)),
        _side_by_side(moment, scenario, width),
        _panel("who decides, and why", _verdicts(moment, scenario)),
        _panel("events", _events(moment.events[: max(1, height - _OTHER_LINES)])),
    )


def line(moment: Moment, scenario: Scenario) -> str:
    """One line for a log."""
    if not moment.ours or not moment.twin:
        return f"{clock(moment.elapsed)}  nothing measured yet"
    sides = ((scenario.ours.name, moment.ours), (scenario.twin.name, moment.twin))
    parts = [f"{name} {_told(records, scenario)}" for name, records in sides]
    decided = f"{moment.verdict.source or 'nobody'}: {moment.verdict.message or 'no decision yet'}"
    rate = moment.ours[-1].offered / moment.ours[-1].seconds
    return f"{clock(moment.elapsed)}  {rate:.0f} req/s | {' | '.join(parts)} | {decided}"


def table(summary: Summary) -> Table:
    """The result."""
    title = "The whole run" if summary.is_complete else "Until it was interrupted"
    made = Table(
        title=f"{title}: {clock(summary.ours.seconds)}, the same seconds for both", box=box.SIMPLE_HEAD
    )
    made.add_column("")
    for side in (summary.ours, summary.twin):
        made.add_column(side.name, justify="right")
    for label, *cells in _rows(summary.ours, summary.twin):
        made.add_row(label, *cells)
    return made


def clock(seconds: float) -> str:
    """As `2:05`."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _rows(*sides: Side) -> list[tuple[str, ...]]:
    return [
        ("cost", *(f"${side.cost:.5f}" for side in sides)),
        ("core-hours reserved", *(f"{side.core_hours:.4f}" for side in sides)),
        ("replicas, mean", *(f"{side.mean_replicas:.1f}" for side in sides)),
        (
            "objective missed",
            *(f"{side.violation_seconds:.0f} s ({side.violation_share:.1%})" for side in sides),
        ),
        ("  in minutes", *(f"{side.violation_minutes:.2f}" for side in sides)),
        ("requests failed", *(f"{side.failed:.0f} of {side.offered:.0f}" for side in sides)),
        ("scaled up / down", *(f"{side.scale_ups} / {side.scale_downs}" for side in sides)),
    ]


def _head(moment: Moment) -> Text:
    text = Text(" rlautoscaler demo ", style="bold reverse")
    text.append(f"  {clock(moment.elapsed)} of {clock(moment.duration)}", style="bold not reverse")
    text.append(f"   a second stands for {SPEED:g}   Ctrl-C ends it", style="dim not reverse")
    return text


def _traffic(moment: Moment, width: int) -> Text:
    rates = [record.offered / record.seconds for record in moment.ours if record.seconds > 0]
    now = f"{rates[-1]:.0f} req/s" if rates else ""
    return _row("requests", rates, now, width, top=max(rates, default=1.0), style="cyan")


def _side_by_side(moment: Moment, scenario: Scenario, width: int) -> Table:
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    inner = width // 2 - 4
    ours = f"{scenario.ours.name}: {summaries.OURS}"
    twin = f"{scenario.twin.name}: {scenario.twin_label}"
    grid.add_row(
        _panel(ours, _service(summaries.OURS, moment.ours, scenario, inner)),
        _panel(twin, _service(scenario.twin_label, moment.twin, scenario, inner)),
    )
    return grid


def _service(name: str, records: Sequence[Record], scenario: Scenario, width: int) -> RenderableType:
    if not records:
        return Text("nothing measured yet")
    so_far = summaries.side(name, records, scenario)
    replicas = [float(record.pods) for record in records]
    latencies = [(record.latency_p99 or 0.0) for record in records]
    target = scenario.latency_target
    return Group(
        _row("replicas", replicas, _size(records[-1]), width, top=MAX_REPLICAS, style="green"),
        _row("p99", latencies, _latency(records[-1]), width, top=2 * target, style="yellow", limit=target),
        _fact("target", f"{target * 1000:.0f} ms, errors {scenario.error_target:.0%}"),
        _fact("missed", f"{so_far.violation_seconds:.0f} s ({so_far.violation_share:.1%})"),
        _fact("cost", f"${so_far.cost:.5f}, mean size {so_far.mean_replicas:.1f}"),
    )


def _fact(label: str, text: str) -> Text:
    return Text(f"{label:<{_LABELS}}{text}", no_wrap=True, overflow="ellipsis")


def _row(
    label: str,
    values: Sequence[float],
    now: str,
    width: int,
    *,
    top: float,
    style: str,
    limit: float | None = None,
) -> Text:
    """A label, bars from the beginning until now, and the last figure; what is above the limit is red."""
    shown = squeezed(values, max(8, width - _LABELS - _FIGURES))
    text = Text(f"{label:<{_LABELS}}", no_wrap=True, overflow="crop")
    for value, bar in zip(shown, sparkline(shown, top=top), strict=True):
        text.append(bar, style="bold red" if limit is not None and value > limit else style)
    text.append(f" {now}")
    return text


def _verdicts(moment: Moment, scenario: Scenario) -> RenderableType:
    rows = Table.grid(padding=(0, 1))
    rows.add_column(no_wrap=True, style="bold", min_width=len(scenario.twin.name))
    rows.add_column(no_wrap=True, overflow="ellipsis")
    rows.add_row(scenario.ours.name, _decision(moment.verdict))
    rows.add_row("", _sizes(moment.verdict))
    rows.add_row(scenario.twin.name, moment.hpa or "no decision yet")
    return rows


def _decision(verdict: Verdict) -> Text:
    if not verdict.source:
        return Text("no decision yet")
    style = "bold magenta" if verdict.source == "Policy" else "bold blue"
    text = Text(verdict.source, style, no_wrap=True, overflow="ellipsis")
    text.append(f" ({verdict.reason}): {verdict.message}", style="not bold default")
    return text


def _sizes(verdict: Verdict) -> str:
    if not verdict.source:
        return ""
    limited = f", limited by {verdict.limited}" if verdict.limited else ""
    return (
        f"policy wants {_or_none(verdict.policy)}, baseline {_or_none(verdict.baseline)}, "
        f"set to {verdict.applied}{limited}"
    )


def _events(events: Sequence[Event]) -> RenderableType:
    if not events:
        return Text("none yet")
    return Group(*(_event(event) for event in events))


def _event(event: Event) -> Text:
    text = Text(f"{event.at[11:19]} ", style="dim", no_wrap=True, overflow="ellipsis")
    text.append(f"{event.about} ", style="not dim")
    text.append(f"{event.reason} ", style="bold red not dim" if event.is_warning else "bold not dim")
    text.append(event.message, style="not dim")
    return text


def _told(records: Sequence[Record], scenario: Scenario) -> str:
    last = records[-1]
    missed = " MISSED" if summaries.is_violation(last, scenario) else ""
    spent = sum(summaries.cost(record, scenario.prices) for record in records)
    return f"{_size(last)}, p99 {_latency(last)}{missed}, ${spent:.5f}"


def _size(record: Record) -> str:
    starting = record.pods - record.ready
    return f"{record.pods} ({record.ready} ready)" if starting else f"{record.pods}"


def _latency(record: Record) -> str:
    latency = "none" if record.latency_p99 is None else f"{record.latency_p99 * 1000:.0f} ms"
    return f"{latency}, {record.error_rate:.0%} fail" if record.error_rate >= 0.005 else latency


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=title, box=box.ROUNDED)


def _or_none(size: int | None) -> str:
    return "none" if size is None else str(size)

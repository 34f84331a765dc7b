"""The run as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import compress
from pathlib import Path
from typing import Any

from rlautoscaler.demo import summaries
from rlautoscaler.demo.scenarios import SPEED, Scenario
from rlautoscaler.demo.summaries import OURS, Summary
from rlautoscaler.errors import DemoError
from rlautoscaler.sandbox.records import Record

_COLOURS = ("tab:green", "tab:blue")


def check() -> None:
    """`DemoError` where pictures cannot be drawn; asked before a run, not after it."""
    if find_spec("matplotlib") is None:
        raise DemoError('A picture needs matplotlib: pip install "rlautoscaler[report]", or leave out --png.')


def draw(
    path: Path, scenario: Scenario, ours: Sequence[Record], twin: Sequence[Record], summary: Summary
) -> None:
    """Traffic, replicas and latency over the run, as a PNG. `DemoError` where the file cannot be written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8), layout="constrained")
    FigureCanvasAgg(figure)
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[1, 1.4, 1.4])
    sides = {OURS: ours, scenario.twin_label: twin}
    _traffic(top, ours)
    _replicas(middle, sides)
    _latency(bottom, sides, scenario)
    figure.suptitle(summaries.sentence(summary.ours, summary.twin), fontsize=11)
    bottom.set_xlabel(f"seconds of the demo, each standing for {SPEED:g}")
    try:
        figure.savefig(path, dpi=120, format="png")
    except OSError as error:
        raise DemoError(f"The picture cannot be written to {path} ({error.strerror}).") from error


def _times(records: Sequence[Record]) -> list[float]:
    beginning = records[0].at - records[0].seconds if records else 0.0
    return [record.at - beginning for record in records]


def _traffic(axes: Any, records: Sequence[Record]) -> None:
    axes.fill_between(_times(records), [record.offered / record.seconds for record in records], color="0.75")
    axes.set_ylabel("requests/s")
    axes.set_ylim(bottom=0)


def _replicas(axes: Any, sides: dict[str, Sequence[Record]]) -> None:
    for (name, records), colour in zip(sides.items(), _COLOURS, strict=True):
        times = _times(records)
        pods, ready = [one.pods for one in records], [one.ready for one in records]
        axes.step(times, pods, where="post", color=colour, label=f"{name}, pods")
        axes.step(times, ready, where="post", color=colour, linestyle=":", label=f"{name}, ready")
    axes.set_ylabel("replicas")
    axes.set_ylim(bottom=0)
    _legend(axes)


def _latency(axes: Any, sides: dict[str, Sequence[Record]], scenario: Scenario) -> None:
    from matplotlib.ticker import LogFormatter

    for row, (name, records) in enumerate(sides.items()):
        times, colour = _times(records), _COLOURS[row]
        milliseconds = [
            float("nan") if one.latency_p99 is None else 1000 * one.latency_p99 for one in records
        ]
        axes.plot(times, milliseconds, color=colour, label=name)
        is_missed = [summaries.is_violation(record, scenario) for record in records]
        missed = list(compress(times, is_missed))
        # Along the lower edge, a row for each side.
        axes.scatter(
            missed,
            [0.03 + 0.05 * row] * len(missed),
            marker="|",
            color=colour,
            transform=axes.get_xaxis_transform(),
            label=f"{name} missed the objective",
        )
    axes.axhline(1000 * scenario.latency_target, color="tab:red", linewidth=1, label="target")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(LogFormatter())
    axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.5)))
    axes.set_ylabel("true p99, ms")
    _legend(axes)


def _legend(axes: Any) -> None:
    """Above the axes, where it hides nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=5, fontsize=8, frameon=False)

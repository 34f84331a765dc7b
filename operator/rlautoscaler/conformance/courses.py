"""A whole comparison as a terminal sees it: start, progress, table, files, end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from rlautoscaler.conformance import catalogues, paces, reports, runs, verdicts
from rlautoscaler.conformance.scenarios import Scenario
from rlautoscaler.errors import ConformanceError, UsageError
from rlautoscaler.sandbox import progresses


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    only: Sequence[str] = ()
    """Names of scenarios; empty for all."""
    is_short: bool = False
    json_file: Path | None = None
    markdown: Path | None = None
    """A document with a place for the table."""


def play(options: Options, console: Console) -> bool:
    """The comparison. Whether nothing disagrees."""
    chosen = scenarios(options)
    _check_files(options)

    def tell(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True)

    with progresses.shown(console) as listener:
        tell("Starting a control plane, simulated nodes and Prometheus")
        plane = runs.sandbox(listener).start()
    with plane:
        recorded = asyncio.run(runs.record(plane, chosen, tell))
        tell("Ending everything, and replaying every pass of the controller …")
    found = verdicts.verdicts(recorded, paces.PARAMETERS)
    console.print(reports.table(found), highlight=False)
    for sentence in reports.complaints(found):
        tell(sentence)
    if options.json_file is not None:
        _write(options.json_file, json.dumps(reports.document(recorded, found), indent=2) + "\n")
    if options.markdown is not None:
        text = options.markdown.read_text(encoding="utf-8")
        _write(options.markdown, reports.inserted(text, reports.markdown(found)))
    return all(one.has_passed for one in found)


def scenarios(options: Options) -> tuple[Scenario, ...]:
    """Those asked for. Raises `UsageError`."""
    if options.markdown is not None and (options.only or options.is_short):
        raise UsageError("The table is written for all scenarios: leave out --only and --short.")
    everything = catalogues.SHORT if options.is_short else catalogues.ALL
    unknown = set(options.only) - {one.name for one in everything}
    if unknown:
        known = ", ".join(one.name for one in everything)
        raise UsageError(f"There is no scenario {', '.join(sorted(unknown))}; there are {known}.")
    return tuple(one for one in everything if not options.only or one.name in options.only)


def _check_files(options: Options) -> None:
    """Before minutes of work, not after them."""
    if options.json_file is not None and not options.json_file.absolute().parent.is_dir():
        raise ConformanceError(
            f"The folder of {options.json_file} does not exist: create it, or name another file."
        )
    if options.markdown is not None:
        if not options.markdown.is_file():
            raise ConformanceError(f"{options.markdown} does not exist: name the document of the baseline.")
        reports.inserted(options.markdown.read_text(encoding="utf-8"), "")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConformanceError(f"{path} cannot be written ({error.strerror}): name another file.") from error

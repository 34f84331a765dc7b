"""The verdicts as a document, as a table for the documentation, and as one for the terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.table import Table

from rlautoscaler.conformance import paces, sequences
from rlautoscaler.conformance.replays import Replayed
from rlautoscaler.conformance.sequences import Comparison, Step
from rlautoscaler.conformance.verdicts import Recorded, Verdict
from rlautoscaler.errors import ConformanceError
from rlautoscaler.sandbox.components import KUBERNETES_VERSION

BEGIN: Final = "<!-- written by `make conformance`: begin -->"
END: Final = "<!-- written by `make conformance`: end -->"


def document(recorded: Recorded, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Everything, for JSON."""
    return {
        "kubernetes": KUBERNETES_VERSION,
        "period": paces.PERIOD,
        "allowed": round(verdicts[0].comparison.allowed, 3) if verdicts else None,
        "passed": all(one.has_passed for one in verdicts),
        "scenarios": [_row(one, _began(recorded, one)) for one in verdicts],
    }


def markdown(verdicts: Sequence[Verdict]) -> str:
    """The table of the documentation, with its sentences."""
    limit = verdicts[0].comparison.allowed
    rescales = sum(len(one.rescales) for one in verdicts)
    passes = sum(len(one.replayed) for one in verdicts)
    agreeing = passes - sum(len(one.mismatches) for one in verdicts)
    nearby = sum(one.nearby for one in verdicts)
    lines = [
        f"Kubernetes {KUBERNETES_VERSION}, a pass every {paces.PERIOD:g} s. {len(verdicts)} scenarios; the "
        f"pure pass agrees with {agreeing} of the controller's {passes} passes, {rescales} of them rescales "
        f"({nearby} by a state just beside the likeliest). Equal steps may lie {limit:.2f} s apart: one sync "
        "period, and the longest delay of a pass in this run.",
        "",
        "| scenario | what it shows | sizes | farthest step | passes | rescales | verdict |",
        "|---|---|---|--:|--:|--:|---|",
        *(_line(one) for one in verdicts),
    ]
    expected = [one for one in verdicts if one.expectation is not None]
    if expected:
        lines += ["", "After a restart, computed by the pure pass and seen:", ""]
        lines += ["| scenario | side | computed | seen |", "|---|---|---|---|"]
        lines += [line for one in expected for line in _expected(one)]
    complaints = [line for one in verdicts for line in _complaints(one)]
    return "\n".join([*lines, *(["", *complaints] if complaints else [])]) + "\n"


def inserted(text: str, table: str) -> str:
    """A document with the table between its markers. Raises `ConformanceError` where it has none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ConformanceError(f"The file has no place for the table: write {BEGIN} and {END} into it.")
    return f"{before}{BEGIN}\n\n{table}\n{END}{after}"


def table(verdicts: Sequence[Verdict]) -> Table:
    """For the terminal."""
    shown = Table(title="The cluster's HPA controller and our baseline", title_style="bold")
    for name in ("scenario", "sizes"):
        shown.add_column(name)
    for name in ("farthest step", "passes", "rescales"):
        shown.add_column(name, justify="right")
    shown.add_column("verdict")
    for one in verdicts:
        shown.add_row(
            one.scenario.name,
            _sizes(one),
            f"{one.comparison.farthest:.1f} s" if one.expectation is None else "",
            _counted(one, one.replayed),
            _counted(one, one.rescales),
            _word(one),
            style="" if one.has_passed else "red",
        )
    return shown


def complaints(verdicts: Sequence[Verdict]) -> list[str]:
    """A sentence for everything that disagrees."""
    return [line.removeprefix("- ") for one in verdicts for line in _complaints(one)]


def _line(one: Verdict) -> str:
    farthest = f"{one.comparison.farthest:.2f} s" if one.expectation is None else "see below"
    return (
        f"| {one.scenario.name} | {one.scenario.sentence} | {_sizes(one)} | {farthest} "
        f"| {_counted(one, one.replayed)} | {_counted(one, one.rescales)} | {_word(one)} |"
    )


def _sizes(one: Verdict) -> str:
    theirs, ours = (" → ".join(str(step.size) for step in side) for side in _sides(one.comparison))
    return theirs if theirs == ours else f"HPA {theirs}; ours {ours}"


def _sides(comparison: Comparison) -> tuple[Sequence[Step], Sequence[Step]]:
    return comparison.theirs, comparison.ours


def _counted(one: Verdict, replayed: Sequence[Replayed]) -> str:
    agreeing = sum(each.agrees for each in replayed)
    return f"{agreeing}/{len(replayed)}"


def _word(one: Verdict) -> str:
    if not one.has_passed:
        return "**disagree**"
    if one.expectation is None:
        return "agree"
    return "differ, as computed" if one.expectation.differ else "agree, as computed"


def _expected(one: Verdict) -> list[str]:
    written = sequences.written
    return [
        f"| {one.scenario.name} | {side} | {written(each.theirs)} | {written(each.ours)} |"
        for side, each in zip(("HPA", "ours"), one.beside_expectation, strict=True)
    ]


def _complaints(one: Verdict) -> list[str]:
    found = []
    if not one.sides_agree:
        theirs, ours = map(sequences.written, _sides(one.comparison))
        found.append(f"- {one.scenario.name}: the HPA went {theirs}; ours went {ours}.")
    if not one.replayed:
        found.append(f"- {one.scenario.name}: no pass of the controller was found.")
    found += [f"- {one.scenario.name}: {_mismatch(each)}" for each in one.mismatches]
    return found


def _mismatch(each: Replayed) -> str:
    original = each.original
    proposed = None if original.proposed is None else original.proposed.replicas
    return (
        f"from {original.read.replicas} the controller proposed {proposed} and decided {original.decided}, "
        f"the pure pass {each.proposal} and {each.desired}."
    )


def _began(recorded: Recorded, one: Verdict) -> float:
    return next(each.began_at for each in recorded.played if each.scenario.name == one.scenario.name)


def _row(one: Verdict, began_at: float) -> Mapping[str, Any]:
    row: dict[str, Any] = {
        "name": one.scenario.name,
        "shows": one.scenario.sentence,
        "passed": one.has_passed,
        "theirs": _plain(one.comparison.theirs),
        "ours": _plain(one.comparison.ours),
        "farthest": round(one.comparison.farthest, 3),
        "passes": len(one.replayed),
        "rescales": len(one.rescales),
        "nearby": one.nearby,
        "mismatches": [
            {"at": round(each.original.now - began_at, 3), "what": _mismatch(each)} for each in one.mismatches
        ],
    }
    if one.expectation is not None:
        row["computed"] = {
            "theirs": _plain(one.expectation.theirs),
            "ours": _plain(one.expectation.ours),
        }
    return row


def _plain(steps: Sequence[Step]) -> list[Mapping[str, float]]:
    return [{"at": round(step.at, 3), "size": step.size} for step in steps]

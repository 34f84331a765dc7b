"""Verdicts and what is written about them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rlautoscaler.conformance import courses, paces, reports, verdicts
from rlautoscaler.conformance.courses import Options
from rlautoscaler.conformance.evidence import Evidence, SizeSeen
from rlautoscaler.conformance.scenarios import Moment, Restart, Scenario
from rlautoscaler.conformance.verdicts import Played, Recorded, Verdict
from rlautoscaler.errors import ConformanceError, UsageError
from rlautoscaler.sandbox.adaptations import RESOURCE_METRICS, Question
from rlautoscaler.sandbox.adapters import Answer

Judge = Callable[..., Verdict]


@pytest.fixture
def recorded(scenario: Scenario, evidence: Callable[..., Evidence], made: Any) -> Callable[..., Recorded]:
    """The controller grows its twin at 2 s, ours follows `later` seconds after it to `size`."""

    def make(*, later: float = 1.0, size: int = 4, played: Scenario = scenario, **more: Any) -> Recorded:
        seen = evidence(usages=(125, 250, 125), proposals=(2, 4, 4), **more)
        grown = SizeSeen(made.epoch + 2.0, "made-hpa", 4, 2)
        followed = SizeSeen(made.epoch + 2.0 + later, "made-rla", size, 2)
        seen = replace(seen, sizes=(*seen.sizes, grown, followed))
        return Recorded((Played(played, made.epoch - 1.0),), seen)

    return make


@pytest.fixture
def judge(recorded: Callable[..., Recorded]) -> Judge:
    return lambda **more: verdicts.verdicts(recorded(**more), paces.PARAMETERS)[0]


def test_equal_steps_and_equal_passes_pass(judge: Judge) -> None:
    """Ours took the same size a second later, and the pure pass what the controller took."""
    verdict = judge()
    assert verdict.has_passed
    assert len(verdict.rescales) == 1
    assert verdict.comparison.farthest == pytest.approx(1.0)
    assert reports.complaints([verdict]) == []


@pytest.mark.parametrize("otherwise", [{"later": 2.6}, {"size": 5}])
def test_another_step_fails_and_is_told(judge: Judge, otherwise: dict[str, Any]) -> None:
    """Too late, or to another size: both sequences stand in a sentence."""
    verdict = judge(**otherwise)
    assert not verdict.has_passed
    assert "the HPA went 2 → 4 (3.0 s); ours went 2 →" in reports.complaints([verdict])[0]
    assert "**disagree**" in reports.markdown([verdict])


def test_a_pass_that_is_decided_otherwise_fails_and_is_told(
    recorded: Callable[..., Recorded], made: Any
) -> None:
    """Equal sequences are not enough: the pure pass must agree with the controller."""
    seen = recorded()
    log = tuple(line.replace("desiredReplicas=2 ", "desiredReplicas=3 ") for line in seen.evidence.log)
    verdict = verdicts.verdicts(replace(seen, evidence=replace(seen.evidence, log=log)), paces.PARAMETERS)[0]
    assert verdict.sides_agree
    assert not verdict.has_passed
    assert "proposed 3 and decided 2, the pure pass 2 and 2" in reports.complaints([verdict])[0]


def test_no_pass_at_all_proves_nothing(recorded: Callable[..., Recorded]) -> None:
    """An empty audit log would else agree with everything."""
    seen = recorded()
    silent = replace(seen, evidence=replace(seen.evidence, audit=()))
    verdict = verdicts.verdicts(silent, paces.PARAMETERS)[0]
    assert not verdict.has_passed
    assert "no pass of the controller was found" in reports.complaints([verdict])[0]


def test_the_jitter_is_the_longest_gap_of_either_side(recorded: Callable[..., Recorded], made: Any) -> None:
    """A pass of ours that came 0.4 s late lets steps lie 0.4 s more than a period apart."""
    seen = recorded()
    question = Question(RESOURCE_METRICS.group, "twins")
    own = tuple(Answer(made.epoch + at, "rlautoscaler", question, 200, ()) for at in (0.0, 2.0, 4.4))
    late = replace(seen, evidence=replace(seen.evidence, answers=(*seen.evidence.answers, *own)))
    assert verdicts.jitter(late) == pytest.approx(0.4)
    assert verdicts.allowed(late) == pytest.approx(paces.PERIOD + 0.4)


def test_a_run_with_gaps_allows_half_a_period_at_most(recorded: Callable[..., Recorded], made: Any) -> None:
    """An overloaded machine makes steps disagree rather than anything agree."""
    seen = recorded()
    question = Question(RESOURCE_METRICS.group, "twins")
    own = tuple(Answer(made.epoch + at, "rlautoscaler", question, 200, ()) for at in (0.0, 9.0))
    late = replace(seen, evidence=replace(seen.evidence, answers=(*seen.evidence.answers, *own)))
    assert verdicts.allowed(late) == paces.PERIOD * 1.5


def test_with_a_restart_each_side_is_compared_with_what_is_computed_for_it(
    scenario: Scenario, judge: Judge
) -> None:
    """Ours did not grow, though by what it read, nothing at all, it had no reason to: that agrees."""
    restarting = replace(scenario, moments=(Moment(30.0, Restart()),))
    verdict = judge(played=restarting, size=2)
    theirs, ours = verdict.beside_expectation
    assert theirs.agree
    assert not ours.are_equal  # it read nothing, so nothing can be computed for it
    assert "After a restart" in reports.markdown([verdict])


def test_the_table_takes_the_place_between_its_markers(judge: Judge) -> None:
    """What is written by hand stays, also when the table is written again."""
    page = f"before\n{reports.BEGIN}\nold\n{reports.END}\nafter\n"
    once = reports.inserted(page, reports.markdown([judge()]))
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "| made | by hand | 2 → 4 |" in once
    assert "old" not in once
    assert reports.inserted(once, reports.markdown([judge()])) == once


def test_a_page_without_markers_is_refused() -> None:
    """Nothing is ever written over somebody's text."""
    with pytest.raises(ConformanceError, match="no place for the table"):
        reports.inserted("a page", "| a table |")


def test_the_document_holds_every_step_for_scripts(recorded: Callable[..., Recorded], judge: Judge) -> None:
    """Plain JSON, with a verdict at the top."""
    document = json.loads(json.dumps(reports.document(recorded(), [judge()])))
    assert document["passed"] is True
    assert document["scenarios"][0]["theirs"] == [{"at": 0.0, "size": 2}, {"at": 3.0, "size": 4}]


def test_the_terminal_shows_one_row_per_scenario(judge: Judge) -> None:
    """With passes and rescales as shares."""
    console = Console(width=100, record=True, file=None, quiet=False)
    with console.capture() as shown:
        console.print(reports.table([judge()]))
    assert "made" in shown.get()
    assert "agree" in shown.get()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(only=("nothing",)), "There is no scenario nothing; there are rise, fall"),
        (Options(is_short=True, markdown=Path("baseline.md")), "for all scenarios"),
        (Options(only=("rise",), markdown=Path("baseline.md")), "for all scenarios"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: Options, message: str) -> None:
    """Before anything is started."""
    with pytest.raises(UsageError, match=message):
        courses.scenarios(options)


def test_the_scenarios_asked_for_are_chosen() -> None:
    """All by default, some by name, the short ones by flag."""
    assert len(courses.scenarios(Options())) > 10
    assert [one.name for one in courses.scenarios(Options(only=("zero", "rise")))] == ["rise", "zero"]
    assert len(courses.scenarios(Options(is_short=True))) == 3

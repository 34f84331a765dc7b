"""Passes put together from an audit log, answers and the controller's log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rlautoscaler.conformance import journals
from rlautoscaler.conformance.evidence import Evidence
from rlautoscaler.conformance.scenarios import Scenario, twins


def test_a_pass_has_its_read_answers_proposal_and_write(
    scenario: Scenario, evidence: Callable[..., Evidence], made: Any
) -> None:
    """What lies between two reads of a scale belongs to one pass."""
    first, second = journals.passes(evidence(), twins(scenario)[0])
    assert (first.read.replicas, len(first.answers), first.wrote, first.decided) == (2, 1, None, 2)
    assert first.proposed is not None
    assert first.proposed.replicas == 2
    assert second.decided == 4
    assert second.now == made.epoch + 2.02  # of the proposal


def test_without_a_proposal_the_pass_reckons_with_the_time_of_its_last_answer(
    scenario: Scenario, evidence: Callable[..., Evidence], made: Any
) -> None:
    """A pass whose metrics failed tells nothing in the log."""
    only = journals.passes(evidence(usages=(125,), proposals=(None,)), twins(scenario)[0])[0]
    assert only.proposed is None
    assert only.now == made.epoch + 0.01


def test_a_read_after_a_conflict_belongs_to_the_same_pass(
    scenario: Scenario, evidence: Callable[..., Evidence], made: Any
) -> None:
    """The controller reads the scale again where its write met a conflict, and writes once more."""
    seen = evidence(usages=(250,), proposals=(2,))
    name, at = "made-hpa", made.epoch + 0.1
    retried = (
        *seen.audit,
        made.audit_line(at, name, 4, verb="update", code=409),
        made.audit_line(at + 0.01, name, 2),
        made.audit_line(at + 0.02, name, 4, verb="update"),
        made.audit_line(at + 2, name, 4),
    )
    first, second = journals.passes(replace(seen, audit=retried), twins(scenario)[0])
    assert first.decided == 4
    assert second.read.replicas == 4


def test_only_the_controllers_own_calls_count(
    scenario: Scenario, evidence: Callable[..., Evidence], made: Any
) -> None:
    """A hand that reads or sets the scale is no pass."""
    seen = evidence()
    by_hand = made.audit_line(made.epoch + 1, "made-hpa", 9, agent="kubectl/v1.37.2")
    told = replace(seen, audit=(*seen.audit, by_hand))
    assert journals.passes(told, twins(scenario)[0]) == journals.passes(seen, twins(scenario)[0])


def test_passes_over_other_targets_are_left_out(
    scenario: Scenario, evidence: Callable[..., Evidence]
) -> None:
    """The twin of the other side has none, since the controller does not scale it."""
    assert journals.passes(evidence(), twins(scenario)[1]) == ()


def test_a_log_of_the_last_night_of_a_year_is_of_the_year_before(made: Any) -> None:
    """The controller's log tells no year, so the nearest one is taken."""
    new_year = 1_798_761_600.0  # 2027-01-01T00:00:00Z
    header = journals._HEADER.match(made.log_line(new_year - 1, "made-hpa", 1))
    assert header is not None
    assert journals._logged_at(header, new_year + 5) == new_year - 1

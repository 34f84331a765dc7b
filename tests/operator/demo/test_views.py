"""The live view and its plain lines, without a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console, RenderableType

from rlautoscaler.demo import summaries, views
from rlautoscaler.demo.moments import Moment, Verdict
from rlautoscaler.demo.scenarios import Scenario
from rlautoscaler.sandbox.records import Record

Records = Callable[..., list[Record]]
MakeMoment = Callable[..., Moment]


def rendered(view: RenderableType, width: int = 110) -> str:
    output = io.StringIO()
    Console(file=output, width=width, height=50).print(view)
    return output.getvalue()


def test_everything_is_on_the_screen(scenario: Scenario, records: Records, moment: MakeMoment) -> None:
    """Traffic, both services' sizes, latency, cost and misses, who decided and why, the HPA, the events."""
    ours = records({}, {"pods": 5, "ready": 4})
    twin = records({}, {"latency_p99": 0.4, "failed": 10.0})
    text = rendered(views.view(moment(ours, twin), scenario, 110, 40))
    for expected in (
        "0:02 of 3:00",
        "100 req/s",
        "5 (4 ready)",
        "400 ms, 9% fail",
        "1 s (50.0%)",
        "Policy (PolicyActs): the policy chose replicas+1",
        "policy wants 5, baseline 4, set to 5",
        "sees CPU at 71 %",
        "12:00:01 checkout SuccessfulRescale New size: 5",
    ):
        assert expected in text, expected


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_longer_than_the_terminal(
    scenario: Scenario, records: Records, moment: MakeMoment, width: int
) -> None:
    """Three minutes fit any width, and what does not fit is cut, not wrapped."""
    long = Verdict("Baseline", "SignalsMissing", "no value of " + "latency " * 50, 4, None, 4, "ScaleUpRate")
    everything = moment(records(*[{}] * 180), records(*[{}] * 180), verdict=long)
    lines = rendered(views.view(everything, scenario, width, 40), width).splitlines()
    assert max(len(line) for line in lines) <= width
    assert sum("Baseline (Sig" in line for line in lines) == 1
    assert sum("latency latency" in line for line in lines) <= 1


@pytest.mark.parametrize("height", [24, 40])
def test_the_view_fits_the_screen(
    scenario: Scenario, records: Records, moment: MakeMoment, height: int
) -> None:
    """Of the events, only as many are shown as there is room for."""
    event = moment().events[0]
    full = moment(records({}), records({}), events=[event] * 30)
    assert len(rendered(views.view(full, scenario, 100, height), 100).splitlines()) == height - 1


def test_the_first_second_has_a_view(scenario: Scenario, moment: MakeMoment) -> None:
    """Before anything is measured or decided the view says so."""
    text = rendered(views.view(moment(verdict=Verdict(), hpa="", events=()), scenario, 100, 40))
    assert "nothing measured yet" in text
    assert "no decision yet" in text
    assert "none yet" in text
    assert "nothing measured yet" in views.line(moment(), scenario)


def test_a_plain_line_says_the_same(scenario: Scenario, records: Records, moment: MakeMoment) -> None:
    """Time, traffic, both sizes and latencies, a miss, and who decided."""
    told = views.line(moment(records({}), records({"latency_p99": 0.4})), scenario)
    assert told.startswith("0:01  100 req/s | checkout 4, p99 100 ms, $")
    assert "checkout-hpa 4, p99 400 ms MISSED, $" in told
    assert told.endswith("| Policy: the policy chose replicas+1")


@pytest.mark.parametrize(("is_complete", "title"), [(True, "The whole run"), (False, "interrupted")])
def test_the_table(scenario: Scenario, records: Records, is_complete: bool, title: str) -> None:
    """Both sides stand beside each other, and a partial run says that it is one."""
    summary = summaries.summarize(
        scenario, records({}, {}), records({}, {"latency_p99": 1.0}), [], is_complete=is_complete
    )
    text = rendered(views.table(summary))
    assert title in text
    assert "0 s (0.0%)" in text
    assert "1 s (50.0%)" in text


def test_narrow_terminals_wrap_nothing(scenario: Scenario, records: Records, moment: MakeMoment) -> None:
    """At 80 columns and 24 lines, the smallest usual terminal, every fact has one line and names are whole."""
    full = moment(records(*[{}] * 60), records(*[{}] * 60))
    text = rendered(views.view(full, scenario, 80, 24), 80)
    assert len(text.splitlines()) <= 23
    assert "│ checkout-hpa sees CPU at 71 %" in text
    assert text.count("mean size 4.0") == 2

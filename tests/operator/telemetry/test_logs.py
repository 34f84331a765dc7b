"""Lines for programs and lines for people."""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Iterator

import pytest
from kopf._cogs.clients import api

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


class RefusedError(Exception):
    """An answer as kopf keeps it: the sentence, and everything."""


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        pytest.param(
            RefusedError("leases is forbidden: User cannot list", {"kind": "Status", "message": "leases …"}),
            "leases is forbidden: User cannot list",
            id="a refusal",
        ),
        pytest.param(OSError(111, "Connection refused"), "[Errno 111] Connection refused", id="no answer"),
        pytest.param(TimeoutError(), "TimeoutError", id="silence"),
    ],
)
def test_failed_requests_of_kopf_are_one_sentence(
    capsys: pytest.CaptureFixture[str], error: Exception, cause: str
) -> None:
    """kopf would print the whole answer as Python writes it, at each attempt."""
    logs.configure(LogStyle.JSON, terminal=False)
    try:
        raise error
    except Exception as raised:
        logging.getLogger("kopf._cogs.clients.watching").error(
            f"Request attempt #3 failed; will retry: GET https://10.0.0.1:443/apis/a/v1/bs?watch=true -> {raised!r}"
        )
    entry = json.loads(capsys.readouterr().err)
    assert entry["message"] == f"`GET /apis/a/v1/bs` failed and is tried again: {cause}."
    assert entry["severity"] == "error"


def test_kopf_still_begins_its_lines_about_requests_so() -> None:
    """The words are kopf's own and may change with it: then the lines would be long again, unnoticed."""
    source = inspect.getsource(api)
    assert source.count('f"Request attempt {idx} failed; will retry: {what} -> {e!r}"') == 1
    assert 'what = f"{method.upper()} {url}"' in source


def test_other_lines_of_kopf_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what is surely about a failed request is put into other words."""
    logs.configure(LogStyle.JSON, terminal=False)
    try:
        raise ValueError("bad")
    except ValueError:
        logging.getLogger("kopf._core").error("Something else -> %s", "bad")
    assert json.loads(capsys.readouterr().err)["message"] == "Something else -> bad"

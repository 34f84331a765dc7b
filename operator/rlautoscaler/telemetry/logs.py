"""Logs: the standard library, formatted by kopf, whose lines and ours thus share one form.

JSON (python-json-logger, as kopf uses it) where a program reads, plain lines in a terminal. A line about an
autoscaler carries its reference under `object`, as kopf's own lines do.
"""

from __future__ import annotations

import logging
import re
import sys
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import kopf

from rlagents.structs.states import WorkloadKey

_NOISY = ("aiohttp.access", "kubernetes", "kopf.objects", "kopf.activities", "kopf._core.engines.activities")
"""Loggers whose INFO is a line per request or per object."""

_RUNNING = "kopf._core.reactor.running"
"""It warns at every start that it ignores signals, which are ours to take."""


_FAILED_REQUEST = re.compile(r"Request attempt #\S+ failed; will retry: (?P<method>\S+) (?P<url>\S+) -> ")
"""How kopf begins a line about a request; the rest is the whole answer as Python writes it."""


class LogStyle(StrEnum):
    """How lines look."""

    AUTO = "auto"
    """Plain in a terminal, JSON elsewhere."""
    JSON = "json"
    PLAIN = "plain"


def configure(style: LogStyle = LogStyle.AUTO, *, verbose: bool = False, terminal: bool) -> None:
    """Send all logs of the process to standard error.

    verbose: DEBUG, INFO otherwise. terminal: whether standard error is one.
    """
    plain = style is LogStyle.PLAIN or (style is LogStyle.AUTO and terminal)
    log_format = kopf.LogFormat.FULL if plain else kopf.LogFormat.JSON
    kopf.configure(verbose=verbose, log_format=log_format, log_prefix=plain)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(_RUNNING).setLevel(logging.ERROR)
    for handler in logging.getLogger().handlers:
        handler.addFilter(shortened)


def shortened(record: logging.LogRecord) -> bool:
    """Filter of handlers: makes one sentence of kopf's lines about requests that failed. Lets all pass."""
    match = _FAILED_REQUEST.match(record.getMessage()) if record.name.startswith("kopf.") else None
    error = sys.exception()
    if match is not None and error is not None:
        request = f"{match['method']} {urlsplit(match['url']).path}"
        record.msg, record.args = f"`{request}` failed and is tried again: {_cause(error)}.", ()
    return True


def _cause(error: BaseException) -> str:
    """kopf's errors hold the API server's sentence before the rest of its answer."""
    sentence = error.args[0] if error.args else ""
    return (sentence if isinstance(sentence, str) else str(error)).rstrip(".") or type(error).__name__


def of_workload(logger: logging.Logger, key: WorkloadKey) -> logging.LoggerAdapter[logging.Logger]:
    """A logger whose lines carry the autoscaler's reference."""
    reference: dict[str, Any] = {"kind": "RLAutoscaler", "namespace": key.namespace, "name": key.name}
    # `k8s_ref` is what kopf's formatters read; `k8s_skip` keeps kopf from posting the line as an event.
    return logging.LoggerAdapter(logger, {"k8s_ref": reference, "k8s_skip": True})

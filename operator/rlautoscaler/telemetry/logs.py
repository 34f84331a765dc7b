"""Logs: the standard library, formatted by kopf, whose lines and ours thus share one form.

JSON (python-json-logger, as kopf uses it) where a program reads, plain lines in a terminal. A line about an
autoscaler carries its reference under `object`, as kopf's own lines do.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import Any

import kopf

from rlagents.structs.states import WorkloadKey

_NOISY = ("aiohttp.access", "kubernetes", "kopf.objects", "kopf.activities", "kopf._core.engines.activities")
"""Loggers whose INFO is a line per request or per object."""

_RUNNING = "kopf._core.reactor.running"
"""It warns at every start that it ignores signals, which are ours to take."""


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


def of_workload(logger: logging.Logger, key: WorkloadKey) -> logging.LoggerAdapter[logging.Logger]:
    """A logger whose lines carry the autoscaler's reference."""
    reference: dict[str, Any] = {"kind": "RLAutoscaler", "namespace": key.namespace, "name": key.name}
    # `k8s_ref` is what kopf's formatters read; `k8s_skip` keeps kopf from posting the line as an event.
    return logging.LoggerAdapter(logger, {"k8s_ref": reference, "k8s_skip": True})

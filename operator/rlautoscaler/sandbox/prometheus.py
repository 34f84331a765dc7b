"""The configuration of the sandbox's Prometheus."""

from __future__ import annotations

from typing import Any

import yaml

from rlautoscaler.errors import SandboxError


def configuration(text: str, scrape_interval: float) -> str:
    """The given configuration with the sandbox's scrape and rule intervals, in seconds, where it sets none.

    Raises `SandboxError` where the text is not a YAML mapping. With an empty text Prometheus scrapes nothing.
    """
    try:
        document: Any = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise SandboxError(f"The Prometheus configuration is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise SandboxError("The Prometheus configuration is not a YAML mapping with keys as scrape_configs.")
    settings = document.get("global") or {}
    interval = f"{round(scrape_interval * 1000)}ms"
    if "scrape_interval" not in settings:
        # Together, because Prometheus refuses a time-out above the interval.
        settings |= {"scrape_interval": interval, "scrape_timeout": interval}
    document["global"] = {"evaluation_interval": interval} | settings
    return yaml.safe_dump(document, sort_keys=False)

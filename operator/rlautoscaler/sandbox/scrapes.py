"""Prometheus' configuration for the simulated exporters."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from rlautoscaler.sandbox import endpoints
from rlautoscaler.sandbox.expositions import Exporter
from rlautoscaler.sandbox.ports import LOOPBACK


def configuration(
    port: int, *, interval: float | None = None, exporters: Iterable[Exporter] = tuple(Exporter)
) -> str:
    """YAML for `SandboxOptions.prometheus_config` or `Sandbox.configure_prometheus`.

    Args:
        port: of the driver's endpoint.
        interval: seconds between scrapes; None for the sandbox's own.
        exporters: which to scrape, each as a job of its own name.

    """
    document: dict[str, object] = {"scrape_configs": [_job(exporter, port) for exporter in exporters]}
    if interval is not None:
        text = f"{round(interval * 1000)}ms"
        document["global"] = {"scrape_interval": text, "scrape_timeout": text}
    return yaml.safe_dump(document, sort_keys=False)


def _job(exporter: Exporter, port: int) -> dict[str, object]:
    return {
        "job_name": exporter.value,
        "metrics_path": endpoints.path(exporter),
        # One target plays for many pods, whose labels it knows.
        "honor_labels": True,
        # Else Prometheus ends a series at the first sample that carries its own time, as late ones do.
        "track_timestamps_staleness": True,
        "static_configs": [{"targets": [f"{LOOPBACK}:{port}"]}],
    }

"""Prometheus' configuration."""

from __future__ import annotations

import yaml

from rlautoscaler.sandbox import scrapes
from rlautoscaler.sandbox.expositions import Exporter


def test_every_exporter_is_a_job_whose_labels_count() -> None:
    """Jobs are named as the exporters, and the series' own namespace and pod are kept."""
    document = yaml.safe_load(scrapes.configuration(9999, interval=0.5))
    jobs = document["scrape_configs"]
    assert [job["job_name"] for job in jobs] == [exporter.value for exporter in Exporter]
    assert all(job["honor_labels"] for job in jobs)
    assert jobs[0]["static_configs"] == [{"targets": ["127.0.0.1:9999"]}]
    assert document["global"] == {"scrape_interval": "500ms", "scrape_timeout": "500ms"}


def test_the_sandboxs_interval_is_left_alone() -> None:
    """Without an interval the configuration says nothing of it."""
    assert "global" not in yaml.safe_load(scrapes.configuration(9999))

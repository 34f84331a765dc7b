"""The arithmetic between two scrapes; the measuring itself is a command."""

from __future__ import annotations

import math

import pytest

from rlautoscaler.benchmarks import speeds


def scrape(ticks: int, decisions: int, seconds: float, writes: int, slow: int) -> speeds.Figures:
    return speeds.parse(
        f"""\
# TYPE rlautoscaler_reconcile_duration_seconds histogram
rlautoscaler_reconcile_duration_seconds_bucket{{le="0.5"}} {ticks - slow}
rlautoscaler_reconcile_duration_seconds_bucket{{le="1.0"}} {ticks}
rlautoscaler_reconcile_duration_seconds_bucket{{le="+Inf"}} {ticks}
rlautoscaler_reconcile_duration_seconds_count {ticks}
rlautoscaler_reconcile_duration_seconds_sum {seconds}
# TYPE rlautoscaler_decisions counter
rlautoscaler_decisions_total{{source="policy"}} {decisions // 2}
rlautoscaler_decisions_total{{source="baseline"}} {decisions - decisions // 2}
# TYPE rlautoscaler_api_requests counter
rlautoscaler_api_requests_total{{verb="patch",resource="rlautoscalers",subresource="status"}} {writes}
rlautoscaler_api_requests_total{{verb="get",resource="configmaps",subresource=""}} 77
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes {100 * 2**20}
"""
    )


def test_figures_are_what_grew_between_two_scrapes():
    """Eight ticks of one hundred autoscalers in two minutes, all of them decided, forty statuses written."""
    options = speeds.SpeedOptions(autoscalers=100, interval=15, seconds=120.0)
    report = speeds.report(options, scrape(2, 200, 0.5, 10, 0), scrape(10, 1000, 2.5, 50, 1))
    assert (report.ticks, report.decided_share) == (8, 1.0)
    assert report.tick_seconds_mean == pytest.approx(0.25)
    assert report.tick_seconds_p99 == 1.0
    assert report.writes_per_minute == pytest.approx(20.0)
    assert report.memory_mib == 100.0


def test_reading_is_no_write():
    """GETs cost little and change nothing; they are not counted."""
    assert scrape(1, 1, 1.0, 5, 0).writes() == 5


def test_nothing_measured_is_told_as_no_ticks():
    """An operator that stood still shows as such, and divides by nothing."""
    same = scrape(2, 200, 0.5, 10, 0)
    report = speeds.report(speeds.SpeedOptions(), same, same)
    assert (report.ticks, report.decided_share, report.tick_seconds_mean) == (0, 0, 0)
    assert not math.isnan(report.tick_seconds_p99)

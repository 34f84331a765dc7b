"""The HPA's logs in the status."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rlagents.policies import hpa
from rlautoscaler.resources import entries, logs

NOW = 1_790_000_000.0
KEPT = 300.0

RECOMMENDATIONS = st.lists(
    st.builds(hpa.Recommendation, st.integers(0, 40), st.integers(-400, 0).map(lambda age: NOW + age)),
    max_size=entries.LONGEST_LOG,
).map(tuple)


def window(recommendations: tuple[hpa.Recommendation, ...], age: float) -> tuple[int, int]:
    """The largest and smallest of those that are younger; what stabilising looks at."""
    sizes = [one.replicas for one in recommendations if NOW - one.at <= age] or [-1]
    return max(sizes), min(sizes)


@given(recommendations=RECOMMENDATIONS, up=st.floats(0, KEPT), down=st.floats(0, KEPT))
def test_what_is_stored_stabilises_as_what_was_known(
    recommendations: tuple[hpa.Recommendation, ...], up: float, down: float
) -> None:
    """Leaving out what a newer entry makes superfluous changes the result of no window."""
    stored = logs.to_status(hpa.HpaLogs(recommendations), now=NOW, kept=KEPT)
    found = logs.from_status(stored).recommendations or ()
    assert window(found, down)[0] == window(recommendations, down)[0]
    assert window(found, up)[1] == window(recommendations, up)[1]


def test_a_long_log_becomes_short_and_holds_back_no_less() -> None:
    """Of a size that fell at every tick for an hour, all protection is left, some of it for longer."""
    falling = tuple(hpa.Recommendation(4000 - second, NOW - 3599 + second) for second in range(3600))
    stored = logs.to_status(hpa.HpaLogs(falling), now=NOW, kept=3600)
    assert len(stored.recommendations) == entries.LONGEST_LOG
    found = logs.from_status(stored).recommendations or ()
    assert all(
        max(one.replicas for one in found if NOW - one.at <= age)
        >= max(one.replicas for one in falling if NOW - one.at <= age)
        for age in range(0, 3601, 60)
    )


def test_events_within_the_longest_period_are_kept() -> None:
    """Changes of size come back with their amounts; what no rate looks at any more is left out."""
    ups = (hpa.ScaleEvent(3, NOW - 10), hpa.ScaleEvent(2, NOW - 1800), hpa.ScaleEvent(9, NOW - 1801))
    stored = logs.to_status(hpa.HpaLogs((), ups, ()), now=NOW, kept=KEPT)
    assert logs.from_status(stored).scale_ups == (hpa.ScaleEvent(2, NOW - 1800), hpa.ScaleEvent(3, NOW - 10))


def test_many_events_keep_their_sum() -> None:
    """Where there are more changes than the status holds, the oldest are added up, not forgotten."""
    downs = tuple(hpa.ScaleEvent(1, NOW - 1000 + second) for second in range(1000))
    stored = logs.to_status(hpa.HpaLogs((), (), downs), now=NOW, kept=KEPT)
    assert len(stored.scaleDowns) == entries.LONGEST_LOG
    assert sum(one.replicas for one in stored.scaleDowns) == 1000


def test_a_status_without_logs_is_an_hpa_seen_for_the_first_time() -> None:
    """Then the next pass protects the present size for one window."""
    assert logs.from_status(None).recommendations is None
    assert logs.from_status(entries.BaselineLogs()).recommendations is None

"""The status as it is written and read back."""

from __future__ import annotations

import json

import pytest

from rlagents.structs.reasons import Source
from rlautoscaler.resources import entries, statuses, timestamps
from rlautoscaler.resources.statuses import Status


def test_a_status_survives_a_restart(full_status: Status) -> None:
    """Every field reads back as it was written, moments within a second included."""
    assert Status.model_validate(json.loads(json.dumps(full_status.document()))) == full_status


def test_a_full_status_is_small(full_status: Status) -> None:
    """With everything in it, it stays under 16 KiB."""
    assert len(json.dumps(full_status.document(), separators=(",", ":")).encode()) < 16 * 1024


def test_what_is_not_known_is_not_written() -> None:
    """An empty status says nothing but that its lists are empty."""
    assert Status().document() == {"currentMetrics": [], "history": [], "conditions": []}


def test_the_share_is_shown_in_percent_too() -> None:
    """The column cannot compute, so the status has the whole percent beside the ratio."""
    rollout = statuses.RolloutStatus(stage=statuses.Stage.CANARY, ratio=0.15)
    assert rollout.document() == {"stage": "Canary", "ratio": 0.15, "percent": 15}


def change(message: str, seconds: float) -> entries.Change:
    return entries.Change(
        time=seconds,
        fromReplicas=1,
        toReplicas=2,
        source=Source.BASELINE,
        reason="BaselineMode",
        message=message,
    )


def test_what_is_too_long_is_cut_instead_of_refused() -> None:
    """A status that the API server refuses would leave the user without any."""
    status = Status(history=[change("x" * 5000, float(second)) for second in range(50)])
    assert [one.time for one in status.history] == [float(second) for second in range(30, 50)]
    assert {len(one.message) for one in status.history} == {entries.LONGEST_MESSAGE}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (1_790_000_000.0, "2026-09-21T14:13:20Z"),
        (1_790_000_000.25, "2026-09-21T14:13:20.250Z"),
        (1_790_000_000.9996, "2026-09-21T14:13:21Z"),
    ],
)
def test_moments_are_written_as_the_api_does(seconds: float, text: str) -> None:
    """In UTC, with milliseconds where there are any."""
    assert timestamps.written(seconds) == text
    assert timestamps.seconds(text) == pytest.approx(seconds, abs=0.0005)


@pytest.mark.parametrize(
    "text", ["2026-09-21T16:13:20+02:00", "2026-09-21T14:13:20", "2026-09-21T14:13:20.000000Z"]
)
def test_moments_are_read_with_any_zone(text: str) -> None:
    """Offsets are heeded; without one it is UTC."""
    assert timestamps.seconds(text) == 1_790_000_000.0

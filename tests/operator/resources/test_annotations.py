"""What users write onto an object by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlautoscaler.resources.annotations import PAUSED_REPLICAS, TRANSFER_OWNERSHIP, Annotations

PLAIN = Annotations()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("paused", "true", Annotations(paused=True)),
        ("paused", "T", Annotations(paused=True)),
        ("paused", "false", PLAIN),
        ("paused", "0", PLAIN),
        ("paused", "yes", Annotations(paused=True)),
        ("paused", "no", Annotations(paused=True)),
        ("paused", "", Annotations(paused=True)),
        ("paused-scale-in", "true", Annotations(paused_scale_in=True)),
        ("paused-scale-in", "False", PLAIN),
        ("paused-scale-out", "on", Annotations(paused_scale_out=True)),
        ("paused-replicas", "0", Annotations(paused_replicas=0)),
        ("paused-replicas", " 12 ", Annotations(paused_replicas=12)),
        ("force-baseline", "true", Annotations(force_baseline=True)),
        ("force-baseline", "please", Annotations(force_baseline=True)),
        ("transfer-ownership", "true", Annotations(transfer_ownership=True)),
        ("transfer-ownership", "false", PLAIN),
    ],
)
def test_an_annotation_means_what_is_safer(name: str, value: str, expected: Annotations) -> None:
    """Booleans as Go reads them; what is no boolean pauses, as with KEDA."""
    assert Annotations.parse({f"rlautoscaler.io/{name}": value}) == expected


@pytest.mark.parametrize("value", ["-1", "2.0", "three", "", "9999999999", "٣", "1e3"])
def test_a_size_that_is_no_number_holds_and_is_told(value: str) -> None:
    """Somebody wanted the size held: it is, where it stands, with a sentence about the value."""
    found = Annotations.parse({PAUSED_REPLICAS: value})
    assert (found.paused, found.paused_replicas) == (True, None)
    assert "rlautoscaler.io/paused-replicas" in found.problems[0]


def test_a_target_is_taken_over_by_a_plain_true_only() -> None:
    """An unclear wish leaves the target with its other autoscaler, and says so."""
    found = Annotations.parse({TRANSFER_OWNERSHIP: "yes"})
    assert not found.transfer_ownership
    assert "until you write true" in found.problems[0]


def test_others_annotations_mean_nothing() -> None:
    """Neither KEDA's nor an unknown one of our group changes anything, nor does having none."""
    others = {"autoscaling.keda.sh/paused": "true", "rlautoscaler.io/pause": "true"}
    assert Annotations.parse(others) == Annotations.parse({}) == Annotations.parse(None) == PLAIN


@given(st.dictionaries(st.sampled_from(["paused", "paused-replicas", "transfer-ownership"]), st.text()))
def test_no_value_makes_reading_fail(values: dict[str, str]) -> None:
    """Whatever is written, something is understood, and problems are short sentences."""
    found = Annotations.parse({f"rlautoscaler.io/{name}": value for name, value in values.items()})
    assert all(len(problem) < 400 for problem in found.problems)

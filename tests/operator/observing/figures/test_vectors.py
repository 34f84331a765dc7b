"""Prometheus' samples as figures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlagents.policies.hpa import PodFigure
from rlautoscaler.clients.protocols import Sample, Vector
from rlautoscaler.errors import FigureError
from rlautoscaler.observing.figures import vectors

NOW = 1_700_000_000.0
LARGEST = 2**63 - 1


def series(value: float, **labels: str) -> Sample:
    return Sample(labels, value)


def of_pods(*samples: Sample, pods: tuple[str, ...] = ("a", "b")) -> tuple[PodFigure, ...]:
    return vectors.of_pods(vectors.by_pod(Vector(samples)), "shop", pods, NOW)


@pytest.mark.parametrize(
    ("sentence", "value", "milli"),
    [
        ("whole", 5.0, 5000),
        ("finer than a thousandth is cut, not rounded", 0.9999, 999),
        ("towards zero also below it", -0.9999, -999),
        ("less than a thousandth is nothing", 0.0009, 0),
        ("nothing is nothing", 0.0, 0),
        ("the product is a double: 1.001 x 1000 falls short", 1.001, 1000),
        ("what 64 bits do not hold is cut", 1e300, LARGEST),
        ("even where the product overflows", 1.7e308, LARGEST),
        ("and below zero", -1e300, -LARGEST),
    ],
)
def test_floats_become_milli_units_as_in_prometheus_adapter(sentence: str, value: float, milli: int) -> None:
    """`int64(value * 1000.0)`, saturated."""
    assert vectors.milli(value) == milli, sentence


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_milli_units_always_fit_64_bits(value: float) -> None:
    """And never exceed the value in size."""
    milli = vectors.milli(value)
    assert -LARGEST <= milli <= LARGEST
    assert abs(milli) <= abs(value) * 1000.0 or math.isinf(value * 1000.0)


def test_pods_are_found_by_their_label() -> None:
    """Series without the label belong to nobody."""
    found = of_pods(series(1.5, pod="a"), series(2.0, pod="b", job="x"), series(9.0, job="x"))
    assert found == (PodFigure("a", 1500, NOW), PodFigure("b", 2000, NOW))


@pytest.mark.parametrize(
    ("sentence", "labels", "counts"),
    [
        ("the target's own namespace", {"namespace": "shop"}, True),
        ("no label for it", {}, True),
        ("another namespace", {"namespace": "bank"}, False),
        ("an empty one", {"namespace": ""}, False),
    ],
)
def test_a_namespace_that_is_told_must_match(sentence: str, labels: dict[str, str], counts: bool) -> None:
    """Pods of StatefulSets bear the same names in every namespace."""
    found = of_pods(series(1.0, pod="b"), series(2.0, pod="a", **labels))
    assert (len(found) == 2) is counts, sentence


def test_only_the_targets_pods_count() -> None:
    """The query may answer for the whole cluster."""
    assert [one.pod for one in of_pods(series(1.0, pod="a"), series(1.0, pod="other"))] == ["a"]


@pytest.mark.parametrize("nothing", [math.nan, math.inf, -math.inf])
def test_a_pod_whose_figure_is_no_number_is_missing(nothing: float) -> None:
    """The others count; the HPA fills in for a missing pod with care."""
    assert [one.pod for one in of_pods(series(nothing, pod="a"), series(1.0, pod="b"))] == ["b"]
    with pytest.raises(FigureError, match="no number for any"):
        of_pods(series(nothing, pod="a"), series(nothing, pod="b"))


def test_two_series_of_a_pod_are_ambiguous() -> None:
    """Which to take, nobody can know: the metric fails and the remedy is told."""
    with pytest.raises(FigureError, match=r"2 series for pod a: aggregate it by \(pod\)"):
        of_pods(series(1.0, pod="a", code="200"), series(1.0, pod="a", code="500"))


def test_two_pods_of_one_name_in_two_namespaces_are_not_ambiguous() -> None:
    """Each is another's."""
    found = of_pods(series(1.0, pod="a", namespace="shop"), series(9.0, pod="a", namespace="bank"))
    assert found == (PodFigure("a", 1000, NOW),)


@pytest.mark.parametrize("samples", [[], [series(1.0)], [series(1.0, pod="other")]])
def test_no_figure_of_any_pod_is_a_failure(samples: list[Sample]) -> None:
    """The remedy names the label."""
    with pytest.raises(FigureError, match="label pod"):
        of_pods(*samples)


def test_an_object_has_exactly_one_series() -> None:
    """Whatever its labels."""
    assert vectors.of_object(Vector([series(2.5, anything="x")])) == 2500
    for count in (0, 2):
        with pytest.raises(FigureError, match=f"gives {count} series in place of one"):
            vectors.of_object(Vector([series(1.0)] * count))


def test_an_external_metric_takes_every_series() -> None:
    """The HPA adds them up."""
    assert vectors.of_series(Vector([series(1.0, q="a"), series(2.5, q="b")])) == (1000, 2500)


def test_an_external_metric_without_series_is_a_failure() -> None:
    """No series is not a sum of zero."""
    with pytest.raises(FigureError, match="finds no series"):
        vectors.of_series(Vector())


@pytest.mark.parametrize("nothing", [math.nan, math.inf])
def test_a_series_that_is_no_number_spoils_the_sum(nothing: float) -> None:
    """The rest alone would look like less, and shrink the workload."""
    for read in (vectors.of_series, vectors.of_object):
        with pytest.raises(FigureError, match="no number"):
            read(Vector([series(nothing)]))
    with pytest.raises(FigureError, match="no number"):
        vectors.of_series(Vector([series(1.0), series(nothing)]))

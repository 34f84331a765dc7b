"""The metrics APIs' values in milli-units."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlagents.policies.hpa import PodFigure
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.errors import FigureError
from rlautoscaler.observing.figures import values

TAKEN = "2026-01-01T00:00:30Z"
TAKEN_AT = 1767225630.0

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def value(pod: str, quantity: Any, **fields: Any) -> Manifest:
    return {"describedObject": {"kind": "Pod", "name": pod}, "timestamp": TAKEN, "value": quantity, **fields}


@pytest.mark.parametrize(
    ("sentence", "quantity", "milli"),
    [
        ("whole", "5", 5_000),
        ("thousandths", "1500m", 1_500),
        ("a decimal fraction", "0.25", 250),
        ("finer than a thousandth is rounded up", "1500001u", 1_501),
        ("also the finest", "1n", 1),
        ("and below zero away from it", "-1500001u", -1_501),
        ("powers of ten", "2k", 2_000_000),
        ("powers of two", "1Ki", 1_024_000),
        ("an exponent", "1e3", 1_000_000),
        ("zero is a figure", "0", 0),
        ("beyond 64 bits is cut", "100E", 2**63 - 1),
        ("a plain number, as some adapters write", 7, 7_000),
    ],
)
def test_quantities_become_milli_units_as_in_the_hpa(sentence: str, quantity: Any, milli: int) -> None:
    """As `resource.Quantity.MilliValue`."""
    assert values.of_series([{"value": quantity}]) == (milli,), sentence


@pytest.mark.parametrize("quantity", ["", "many", "1..2", "NaN", None, True, {}, []])
def test_what_is_no_quantity_is_no_figure(quantity: Any) -> None:
    """An absurd value fails the metric and says so; it never reads as zero."""
    with pytest.raises(FigureError, match="no number"):
        values.of_object([{"value": quantity}])


def test_pods_have_figures_with_time_and_window() -> None:
    """As reported; without a window the HPA assumes one itself."""
    items = [value("a", "5"), value("b", "7", windowSeconds=15), value("c", "9", window=30)]
    assert values.of_pods(items, ["a", "b", "c"]) == (
        PodFigure("a", 5_000, TAKEN_AT, None),
        PodFigure("b", 7_000, TAKEN_AT, 15.0),
        PodFigure("c", 9_000, TAKEN_AT, 30.0),
    )


@pytest.mark.parametrize(
    ("sentence", "fields", "window"),
    [
        ("v1beta2 calls it windowSeconds", {"windowSeconds": 15}, 15.0),
        ("v1beta1 calls it window", {"window": 15}, 15.0),
        ("an instant has a window of zero, which is none that lacks", {"windowSeconds": 0}, 0.0),
        ("none is told", {}, None),
        ("null is none", {"windowSeconds": None}, None),
        ("a text is none", {"windowSeconds": "15s"}, None),
        ("a negative one is none", {"windowSeconds": -1}, None),
        ("one beyond all bounds is none", {"windowSeconds": 10**400}, None),
    ],
)
def test_windows(sentence: str, fields: dict[str, Any], window: float | None) -> None:
    """Both versions' field."""
    assert values.window(value("a", "5", **fields)) == window, sentence


def test_only_the_targets_pods_count() -> None:
    """An answer may hold pods that are gone."""
    items = [value("gone", "100"), value("a", "5")]
    assert [figure.pod for figure in values.of_pods(items, ["a", "b"])] == ["a"]


def test_of_two_values_for_a_pod_the_last_counts() -> None:
    """As in the HPA's own map by name."""
    items = [value("a", "5"), value("a", "9")]
    assert [figure.value for figure in values.of_pods(items, ["a"])] == [9_000]


@pytest.mark.parametrize("items", [[], [value("gone", "5")], [{"value": "5"}]])
def test_no_figure_of_any_pod_is_a_failure(items: list[Manifest]) -> None:
    """Nothing read is told apart from nothing used."""
    with pytest.raises(FigureError, match=f"gave {len(items)} values and none of them"):
        values.of_pods(items, ["a"])


@pytest.mark.parametrize("count", [0, 2])
def test_an_object_has_exactly_one_value(count: int) -> None:
    """None or several are a failure, as in the HPA's client."""
    with pytest.raises(FigureError, match=f"gave {count} values for one object"):
        values.of_object([{"value": "5"}] * count)


def test_an_external_metric_has_at_least_one_series() -> None:
    """An empty answer is no sum of zero."""
    with pytest.raises(FigureError, match="without any figure"):
        values.of_series([])


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["describedObject", "timestamp", "value", "windowSeconds"]), JSON)
    )
)
def test_nonsense_is_at_most_a_failure(items: list[Any]) -> None:
    """Whatever JSON an adapter writes, nothing but a `FigureError` comes of it."""
    for read in (values.of_object, values.of_series, lambda some: values.of_pods(some, ["a", "None"])):
        with suppress(FigureError):
            read(items)

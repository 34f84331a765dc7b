"""`PodMetrics` as samples."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlagents.policies.hpa import samples
from rlagents.structs.pods import PodSample
from rlautoscaler.clients.fakes.metrics import pod_metrics
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.observing.figures import usages

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
ZERO_TIME = -62135596800.0


def read(*items: Manifest, pods: tuple[str, ...] = ("a", "b")) -> tuple[PodSample, ...]:
    return usages.samples(usages.by_pod(items), pods)


def test_a_pod_has_usage_by_container_and_resource() -> None:
    """In milli-units rounded up, with the time and the window of the sample."""
    item = pod_metrics(
        "a",
        {"app": {"cpu": "250000001n", "memory": "64Mi"}, "proxy": {"cpu": "5m"}},
        timestamp="2026-01-01T00:00:30Z",
        window="15.123s",
    )
    assert read(item) == (
        PodSample(
            "a",
            {"app": {"cpu": 251, "memory": 64 * 1024**2 * 1000}, "proxy": {"cpu": 5}},
            taken_at=1767225630.0,
            window=15.123,
        ),
    )


def test_only_the_targets_pods_count_and_in_their_order() -> None:
    """The list of a namespace has the pods of all its workloads."""
    items = [pod_metrics(name, {"app": {"cpu": "1"}}) for name in ("b", "other", "a")]
    assert [sample.pod for sample in read(*items)] == ["a", "b"]


def test_a_namespace_without_samples_has_none() -> None:
    """An empty answer is an empty tuple, which is not the failure to answer."""
    assert read() == ()


@pytest.mark.parametrize(
    ("sentence", "text", "seconds"),
    [
        ("metrics-server's", "15.054s", 15.054),
        ("Go's form of a minute", "1m0s", 60.0),
        ("all units", "1h2m3s4ms5us6ns", 3723.004005006),
        ("both letters for micro", "5µs", 5e-6),
        ("a fraction alone", ".5s", 0.5),
        ("zero needs no unit", "0", 0.0),
        ("zero with one", "0s", 0.0),
        ("a number without unit is none", "15", None),
        ("an unknown unit", "1d", None),
        ("a negative window is none", "-15s", None),
        ("nothing", "", None),
        ("not a text", 15, None),
        ("not a duration", "soon", None),
    ],
)
def test_durations_are_read_as_go_writes_them(sentence: str, text: Any, seconds: float | None) -> None:
    """`metav1.Duration` on the wire."""
    assert usages.seconds(text) == (None if seconds is None else pytest.approx(seconds)), sentence


@pytest.mark.parametrize(
    ("sentence", "change", "expected"),
    [
        ("no time set is Go's zero time", {"timestamp": None}, (ZERO_TIME, 30.0)),
        ("no window set is none at all", {"window": None}, (1767225600.0, 0.0)),
        (
            "nanoseconds are understood",
            {"timestamp": "2026-01-01T00:00:00.123456789Z"},
            (1767225600.123456, 30.0),
        ),
        ("another zone too", {"timestamp": "2026-01-01T02:00:00+02:00"}, (1767225600.0, 30.0)),
        ("a time that is none leaves no sample", {"timestamp": "yesterday"}, None),
        ("so does a window that is none", {"window": "long"}, None),
    ],
)
def test_times(sentence: str, change: Manifest, expected: tuple[float, float] | None) -> None:
    """What lacks is zero as in the HPA; what makes no sense is not guessed at."""
    found = read(pod_metrics("a", {"app": {"cpu": "1"}}) | change)
    assert [(one.taken_at, one.window) for one in found] == ([] if expected is None else [expected]), sentence


def test_a_figure_that_is_no_quantity_counts_as_not_reported() -> None:
    """So the HPA's rule holds: a pod of which one container lacks the resource has no sample of it."""
    found = read(pod_metrics("a", {"app": {"cpu": "1"}, "proxy": {"cpu": "much", "memory": "1Ki"}}))
    assert found[0].usage == {"app": {"cpu": 1000}, "proxy": {"memory": 1_024_000}}
    assert samples.of_pods(found, "cpu") == {}
    assert samples.of_containers(found, "cpu", "app")["a"].value == 1000


def test_a_pod_without_containers_has_no_figure() -> None:
    """As in the HPA: rows that yield no sample are not a sample of zero."""
    assert samples.of_pods(read(pod_metrics("a", {})), "cpu") == {}


@given(st.lists(st.dictionaries(st.sampled_from(["metadata", "timestamp", "window", "containers"]), JSON)))
def test_nonsense_is_no_sample(items: list[Any]) -> None:
    """Whatever JSON comes, nothing is raised, and a pod is found only under its own name."""
    found = read(*items, pods=("a", "None"))
    assert all(isinstance(sample, PodSample) for sample in found)


@given(JSON)
def test_nonsense_among_the_containers_does_not_spoil_their_neighbour(nonsense: Any) -> None:
    """The container that makes sense keeps its figure."""
    item = pod_metrics("a", {"app": {"cpu": "1"}})
    item["containers"].insert(0, nonsense)
    assert read(item)[0].usage["app"] == {"cpu": 1000}

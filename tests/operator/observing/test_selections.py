"""The pods behind a selector, as the HPA counts them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlautoscaler.clients import selectors
from rlautoscaler.observing import selections
from rlautoscaler.observing.caches import Caches

LABELS = {
    "web-a": {"app": "web", "track": "stable"},
    "web-b": {"app": "web", "track": "canary"},
    "web-job": {"app": "web", "job": "yes"},
    "db-0": {"app": "db"},
    "bare": {},
}


def filled(labels: dict[str, dict[str, str]] = LABELS, *, namespace: str = "shop") -> Caches:
    caches = Caches()
    for name, own in labels.items():
        caches.pods.put({"metadata": {"name": name, "namespace": namespace, "labels": own}})
    caches.pods.put({"metadata": {"name": "web-a", "namespace": "other", "labels": {"app": "web"}}})
    return caches


def names(selector: str, caches: Caches | None = None) -> set[str]:
    found = selections.behind((caches or filled()).pods, "shop", selector)
    assert all(namespace == "shop" for namespace, _ in found)
    return {pod.name for pod in found.values()}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=web", {"web-a", "web-b", "web-job"}),  # whoever owns them
        ("app==web,track=stable", {"web-a"}),
        ("track in (stable,canary),app=web", {"web-a", "web-b"}),
        ("app=web,!job", {"web-a", "web-b"}),
        ("job", {"web-job"}),
        ("app!=web", {"db-0", "bare"}),
        ("track notin (canary)", {"web-a", "web-job", "db-0", "bare"}),
        ("app=nobody", set()),
        ("", set()),  # no selector takes nobody, instead of everybody
        ("app=web,((", set()),  # nothing is guessed
    ],
)
def test_takes_what_the_selector_takes(selector, expected):
    """By labels within the namespace alone."""
    assert names(selector) == expected


def test_follows_the_labels():
    """A pod whose labels change, or that goes, is no longer behind the selector."""
    caches = filled()
    caches.pods.put({"metadata": {"name": "web-b", "namespace": "shop", "labels": {"app": "old"}}})
    caches.pods.remove({"metadata": {"name": "web-job", "namespace": "shop"}})
    assert names("app=web", caches) == {"web-a"}


def test_pods_of_two_claims_are_contested():
    """A selector that takes another's pods, too, makes those pods contested, and no others."""
    pods = filled().pods
    claims = [("shop", "app=web"), ("shop", "track=canary"), ("shop", "app=db"), ("other", "app=web")]
    assert selections.contested(selections.behind(pods, *claim) for claim in claims) == {("shop", "web-b")}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["y", "x"]}]}, "a in (x,y)"),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["x"]}]}, "a notin (x)"),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, "a"),
        (
            {"matchLabels": {"b": "2"}, "matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]},
            "b=2,!a",
        ),
        ({}, ""),
        (None, ""),
    ],
)
def test_writes_a_selector_as_a_scale_shows_it(document, expected):
    """The text form of every kind of demand."""
    assert selections.text(document) == expected


@given(
    st.dictionaries(
        st.sampled_from([f"p{number}" for number in range(8)]),
        st.dictionaries(st.sampled_from("ab"), st.sampled_from("xyz")),
    ),
    st.lists(
        st.sampled_from(["a=x", "a=y", "b==z", "b!=x", "a in (x,y)", "b notin (y,z)", "a", "!b"]),
        min_size=1,
        max_size=3,
    ),
)
def test_the_index_never_changes_the_answer(labels, terms):
    """Whatever the selector begins with, the pods found are those that it takes when all are asked."""
    for order in itertools.permutations(terms):
        takes = selectors.parse(",".join(order))
        expected = {name for name, own in labels.items() if takes(own)}
        assert names(",".join(order), filled(labels)) == expected

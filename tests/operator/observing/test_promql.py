"""PromQL is put together so that text stays text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlagents.structs.states import WorkloadKey
from rlautoscaler.errors import QueryError
from rlautoscaler.observing import presets, promql, requests, usages
from rlautoscaler.observing.cadences import Cadences
from rlautoscaler.observing.plans import plans
from rlautoscaler.observing.wishes import Wanted


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("eu-1", '"eu-1"'),
        ('a"b', r'"a\"b"'),
        ("a\\b", r'"a\\b"'),
        ('\\"', r'"\\\""'),
        ("a\nb", r'"a\nb"'),
        ('"} or vector(0) or x{a="', r'"\"} or vector(0) or x{a=\""'),
        ("ünï", '"ünï"'),
    ],
)
def test_a_literal_cannot_end_early(text: str, literal: str) -> None:
    """Quotes, backslashes and line breaks are escaped as Go reads them."""
    assert promql.quoted(text) == literal


@given(st.text())
def test_every_text_becomes_one_literal(text: str) -> None:
    """Outside the quotes of a literal there is nothing, whatever the text."""
    literal = promql.quoted(text)
    assert re.fullmatch(r'"(?:[^"\\\n]|\\[\\"n])*"', literal)
    unescaped = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), literal[1:-1])
    assert unescaped == text


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a.b", "a b", 'a"', "a=", "__name__", "__", "é", "a\n"])
def test_what_is_no_label_is_refused(name: str) -> None:
    """A name cannot be escaped, so it has to be one; names of Prometheus' own are refused too."""
    with pytest.raises(QueryError, match=r"spec\.metrics\.labels"):
        promql.equal({name: "x"})


@pytest.mark.parametrize("name", ["a", "_a", "A_1", "_1", "destination_workload"])
def test_what_is_a_label_is_taken(name: str) -> None:
    """Names as Prometheus has them."""
    assert promql.equal({name: "x"}) == [f'{name}="x"']


def test_alternatives_are_taken_literally() -> None:
    """A dot in a name is a dot, and an empty alternative means that the label may be absent."""
    assert promql.one_of("namespace", ["b.c", "a"]) == [r'namespace=~"a|b\\.c"']
    assert promql.one_of("n", ["a"], or_absent=True) == ['n=~"a|"']
    assert promql.equal_or_absent({"cluster": "a|b"}) == [r'cluster=~"a\\|b|"']


def test_too_many_alternatives_are_left_out() -> None:
    """Above a hundred namespaces, all are read."""
    names = [f"n{number}" for number in range(promql.MOST_ALTERNATIVES)]
    assert promql.one_of("namespace", names)
    assert promql.one_of("namespace", [*names, "more"]) == []


@pytest.mark.parametrize(
    ("seconds", "text"), [(60, "60s"), (0.5, "500ms"), (4.0004, "4s"), (0.0, "1ms"), (3600, "3600s")]
)
def test_durations_are_exact_to_the_millisecond(seconds: float, text: str) -> None:
    """A window of zero is none, so the shortest is a millisecond."""
    assert promql.duration(seconds) == text


def test_an_age_survives_a_comment() -> None:
    """An expression that ends with a comment does not swallow the bracket."""
    assert promql.age("max(x) # mine") == "time() - (\nmax(x) # mine\n)"


def test_a_label_of_the_user_replaces_the_presets() -> None:
    """A waypoint reports the requests of ambient mode: the preset's matcher gives way."""
    text = requests.queries(presets.ISTIO, {"reporter": "waypoint"}, ["shop"], 60).throughput
    assert 'reporter="waypoint"' in text
    assert "destination" not in re.findall(r'reporter="(\w+)"', text)


def test_a_pinned_namespace_is_not_narrowed_twice() -> None:
    """The scope gives way where the user names that label."""
    text = requests.queries(presets.HTTP_SERVER, {"namespace": "other"}, ["shop"], 60).throughput
    assert 'namespace="other"' in text
    assert "shop" not in text


@pytest.mark.parametrize(
    ("preset", "labels", "kept"),
    [
        pytest.param("none", {"cluster": "eu"}, {"cluster": "eu"}, id="a cluster narrows everything"),
        pytest.param("istio", {"reporter": "source", "destination_workload": "x"}, {}, id="the preset's own"),
        pytest.param(
            "ingress-nginx", {"exported_service": "x", "cluster": "eu"}, {"cluster": "eu"}, id="a service"
        ),
        pytest.param("http-server", {"job": "x", "namespace": "y", "team": "z"}, {"team": "z"}, id="a job"),
    ],
)
def test_only_labels_that_mean_the_same_narrow_cadvisor(
    preset: str, labels: dict[str, str], kept: dict[str, str]
) -> None:
    """What names a service or a job of the request metrics says nothing of container metrics."""
    assert usages.applicable(presets.BY_NAME.get(preset), labels) == kept


def test_labels_narrow_cadvisor_only_where_it_has_them() -> None:
    """A label that container metrics lack leaves them in."""
    assert 'team=~"z|"' in usages.queries({"team": "z"}, ["shop"], 60).cpu


@pytest.mark.parametrize("name", presets.BY_NAME)
def test_every_preset_reads_all_namespaces_in_use_at_once(name: str) -> None:
    """Autoscalers of several namespaces share their texts."""
    wanted = [Wanted(WorkloadKey(namespace, "x"), "x", preset=name) for namespace in ("a", "b")]
    first, second = plans(wanted, Cadences())
    assert first.texts() == second.texts()

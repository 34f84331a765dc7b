"""Who is due when."""

from __future__ import annotations

import copy

import pytest

from rlautoscaler.reconciling.loops import Schedule, interval
from rlautoscaler.reconciling.stores import Store


def store(*entries: tuple[str, str], uid: str = "1") -> Store:
    filled = Store()
    for name, every in entries:
        filled.put(
            {
                "metadata": {"namespace": "shop", "name": name, "uid": uid},
                "spec": {
                    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                    "maxReplicas": 3,
                    "objective": {"errorRate": "1%"},
                    "interval": every,
                },
            }
        )
    return filled


def names(found) -> list[str]:
    return [one.autoscaler.key.name for one in found]


@pytest.mark.parametrize(
    ("sentence", "times", "expected"),
    [
        ("a new one is due at once, whatever the second", [7.0], [["a"]]),
        ("within the same interval it is not due again", [7.0, 14.0], [["a"], []]),
        (
            "the next multiple of the interval makes it due",
            [7.0, 15.0, 16.0, 30.5],
            [["a"], ["a"], [], ["a"]],
        ),
        ("ticks missed are not made up for", [7.0, 100.0, 101.0], [["a"], ["a"], []]),
        ("a clock set back makes it due once", [100.0, 7.0, 8.0], [["a"], ["a"], []]),
    ],
)
def test_due(sentence, times, expected):
    """An autoscaler is due once in each multiple of its interval."""
    schedule, everybody = Schedule(), store(("a", "15s")).all()
    assert [names(schedule.due(everybody, now)) for now in times] == expected, sentence


def test_all_of_one_interval_are_due_together():
    """Created at different times, they share their ticks, and with them their queries."""
    schedule = Schedule()
    schedule.due(store(("a", "15s")).all(), 3.0)
    both = store(("a", "15s"), ("b", "15s"), ("c", "1s")).all()
    assert names(schedule.due(both, 9.0)) == ["b", "c"]
    assert names(schedule.due(both, 15.0)) == ["a", "b", "c"]


def test_another_object_of_the_same_name_is_new():
    """A new uid is due at once."""
    schedule = Schedule()
    schedule.due(store(("a", "15s"), uid="1").all(), 3.0)
    assert names(schedule.due(store(("a", "15s"), uid="2").all(), 4.0)) == ["a"]


def test_what_is_gone_is_not_remembered():
    """Gone and back within the interval, it is new."""
    schedule, everybody = Schedule(), store(("a", "15s")).all()
    schedule.due(everybody, 3.0)
    schedule.due([], 4.0)
    assert names(schedule.due(everybody, 5.0)) == ["a"]


def test_a_spec_that_cannot_be_read_is_looked_at_every_quarter_minute():
    """It cannot say how often."""
    schedule, broken = Schedule(), Store()
    broken.put({"metadata": {"namespace": "shop", "name": "bad", "uid": "1"}, "spec": {}})
    assert [names(schedule.due(broken.all(), now)) for now in (1.0, 2.0, 15.0)] == [["bad"], [], ["bad"]]


def test_a_list_makes_up_for_what_the_watch_missed():
    """Deleted, created or changed while no watch stood: the complete list is right."""
    filled = store(("a", "15s"), ("b", "15s"), ("c", "15s"))
    a, _, c = (copy.deepcopy(one.manifest) for one in filled.all())
    d = copy.deepcopy(a)
    d["metadata"]["name"] = "d"
    c["metadata"]["resourceVersion"] = "7"
    c["spec"]["interval"] = "30s"
    assert filled.renew([a, c, d]) == 3
    assert names(filled.all()) == ["a", "c", "d"]
    assert [interval(one) for one in filled.all()] == [15.0, 30.0, 15.0]
    assert filled.renew([a, c, d]) == 0


def test_a_list_that_is_older_than_the_watch_changes_nothing():
    """Between the list's answer and its arrival the watch may have told more."""
    filled = store(("a", "15s"))
    old = copy.deepcopy(filled.all()[0].manifest)
    new = copy.deepcopy(old)
    old["metadata"]["resourceVersion"], new["metadata"]["resourceVersion"] = "7", "8"
    new["spec"]["interval"] = "30s"
    filled.put(new)
    assert filled.renew([old]) == 0
    assert interval(filled.all()[0]) == 30.0

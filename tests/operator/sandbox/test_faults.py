"""What can go wrong with metrics, on demand."""

from __future__ import annotations

import math

import pytest

from rlautoscaler.sandbox import families, faults
from rlautoscaler.sandbox.families import Family
from rlautoscaler.sandbox.faults import ActiveFault, Effect, Fault


def requests(value: float) -> Family:
    return families.counter("istio_requests_total", [('pod="a"', value), ('pod="b"', value + 1)])


def shown(active: ActiveFault, family: Family, now: float) -> list[str]:
    text = families.text(faults.applied([active], [family], now))
    return [line for line in text.splitlines() if not line.startswith("#")]


def injected(fault: Fault, family: Family, now: float) -> ActiveFault:
    active = ActiveFault(fault)
    if active.wants_more:
        active.observe([family], now)
    return active


CASES = {
    "stopped: nothing is left": (Effect.STOPPED, []),
    "frozen: old values with their old time": (
        Effect.FROZEN,
        ['istio_requests_total{pod="a"} 10 100000', 'istio_requests_total{pod="b"} 11 100000'],
    ),
    "stuck: old values as if they were new": (
        Effect.STUCK,
        ['istio_requests_total{pod="a"} 10', 'istio_requests_total{pod="b"} 11'],
    ),
    "not a number, as an exporter that divides by zero": (
        Effect.NOT_A_NUMBER,
        ['istio_requests_total{pod="a"} nan', 'istio_requests_total{pod="b"} nan'],
    ),
}


@pytest.mark.parametrize(("effect", "expected"), CASES.values(), ids=CASES.keys())
def test_effects(effect: Effect, expected: list[str]) -> None:
    """Each effect, injected at 100 s with values 10 and 11, looked at when they are 20 and 21."""
    active = injected(Fault(effect), requests(10), 100.0)
    assert shown(active, requests(20), 110.0) == expected


def test_delayed_values_are_the_newest_that_are_old_enough() -> None:
    """With two seconds of delay the values of two seconds ago are shown, with their time."""
    active = injected(Fault(Effect.DELAYED, seconds=2.0), requests(0), 100.0)
    assert shown(active, requests(1), 101.0) == []
    for second in range(1, 6):
        active.observe([requests(second)], 100.0 + second)
    assert shown(active, requests(5), 105.0)[0] == 'istio_requests_total{pod="a"} 3 103000'


def test_a_fault_meets_only_what_it_names() -> None:
    """Other metrics, and other series of the same metric, stay as they are."""
    active = injected(Fault(Effect.STOPPED, metric="istio_", containing='pod="a"'), requests(1), 0.0)
    assert shown(active, requests(1), 0.0) == ['istio_requests_total{pod="b"} 2']
    memory = families.gauge("container_memory_working_set_bytes", [('pod="a"', 5)])
    assert shown(active, memory, 0.0) == ['container_memory_working_set_bytes{pod="a"} 5']


def test_the_first_of_two_faults_counts() -> None:
    """A series that is NaN is not stopped as well."""
    both = [ActiveFault(Fault(Effect.NOT_A_NUMBER, containing='pod="a"')), ActiveFault(Fault(Effect.STOPPED))]
    (series, value), *rest = [s for part in faults.applied(both, [requests(1)], 0.0) for s in part.samples]
    assert (series, rest) == ('istio_requests_total{pod="a"}', [])
    assert math.isnan(value)

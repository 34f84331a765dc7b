"""Traffic meets ready pods, and counters go up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from rlagents.simulation.services import ServiceParameters
from rlautoscaler.sandbox.counters import BOUNDS, COMPLETED_BUCKETS, FAILED_BUCKETS, Figure
from rlautoscaler.sandbox.loads import Loads
from rlautoscaler.sandbox.pods import Fleet
from rlautoscaler.sandbox.services import SandboxService

Service = Callable[..., SandboxService]
MakeFleet = Callable[..., Fleet]


def run(loads: Loads, *fleets: Fleet, steps: int = 100, seconds: float = 1.0) -> None:
    start = loads.now
    for number in range(1, steps + 1):
        now = start + number * seconds
        loads.advance(fleets, now=now, elapsed=now, seconds=seconds)
        loads.record()


def new(*services: SandboxService, seed: int = 7) -> Loads:
    return Loads(services, np.random.default_rng(seed))


def test_requests_are_counted_where_they_were_answered(service: Service, fleet: MakeFleet) -> None:
    """What all pods counted, what the records say and what was offered are the same sums."""
    loads = new(service(rate=40.0))
    run(loads, fleet("a", "b"))
    records = loads.records[loads.services[0].key]
    counted = loads.by_pod.sums([("shop", "a"), ("shop", "b")])[:, Figure.COMPLETED]
    assert counted.sum() == pytest.approx(sum(record.completed for record in records))
    assert counted.sum() == pytest.approx(sum(record.offered for record in records))
    assert counted.sum() == pytest.approx(4000, rel=0.05)


def test_the_load_is_split_evenly_over_ready_pods(service: Service, fleet: MakeFleet) -> None:
    """A starting pod gets no request and burns what idling costs."""
    loads = new(service())
    run(loads, fleet("a", "b", starting=("c",)), steps=10)
    a, b, c = loads.by_pod.sums([("shop", name) for name in "abc"])
    assert a.tolist() == b.tolist()
    assert c[Figure.COMPLETED] == 0
    assert c[Figure.CPU_SECONDS] == pytest.approx(10 * 0.01)
    assert c[Figure.CFS_PERIODS] == pytest.approx(100)


def test_cpu_is_work_and_idling(service: Service, fleet: MakeFleet) -> None:
    """CPU seconds are requests times their cost, plus what each pod burns anyway."""
    loads = new(service(rate=40.0))
    run(loads, fleet("a", "b"))
    sums = loads.by_pod.sums([("shop", "a"), ("shop", "b")])
    expected = sums[:, Figure.COMPLETED] * 0.01 + 100 * 0.01
    assert sums[:, Figure.CPU_SECONDS] == pytest.approx(expected)


def test_throttling_is_told_by_each_pod_for_itself(service: Service, fleet: MakeFleet) -> None:
    """With every pod at its limit each counts all its periods as throttled, however many pods there are."""
    loads = new(service(rate=1000.0))
    run(loads, fleet("a", "b", "c"), steps=20)
    for sums in loads.by_pod.sums([("shop", name) for name in "abc"]):
        assert sums[Figure.THROTTLED_PERIODS] == pytest.approx(sums[Figure.CFS_PERIODS])
        assert sums[Figure.CFS_PERIODS] == pytest.approx(200)


def test_a_resized_pod_serves_more(service: Service, fleet: MakeFleet) -> None:
    """The limit that is in force decides how much is served, not the service's parameters."""
    told = {"containerStatuses": [{"name": "app", "resources": {"limits": {"cpu": "1"}}}]}
    small, large = new(service(rate=80.0)), new(service(rate=80.0))
    run(small, fleet("a"))
    run(large, fleet("a", status=told))
    failures = [sum(r.failed for r in loads.records[loads.services[0].key]) for loads in (small, large)]
    assert failures[0] > 1000
    assert failures[1] < 10


def test_too_few_pods_make_errors_that_took_the_time_out(service: Service, fleet: MakeFleet) -> None:
    """Requests that waited in vain are failures in the buckets at and above the time-out."""
    loads = new(service(rate=200.0))
    run(loads, fleet("a"))
    sums = loads.by_pod.sums([("shop", "a")])[0]
    assert sums[Figure.FAILED] > 0
    below_ten, ten = sums[FAILED_BUCKETS][11], sums[FAILED_BUCKETS][12]
    assert (below_ten, ten) == (0.0, pytest.approx(sums[Figure.FAILED]))
    assert sums[Figure.FAILED_SECONDS] == pytest.approx(10 * sums[Figure.FAILED])


def test_errors_of_its_own_come_as_fast_as_answers(service: Service, fleet: MakeFleet) -> None:
    """A service that fails one request in ten at rest does so within its ordinary latency."""
    parameters = ServiceParameters(0.01, 1.0, 0.5, base_error_rate=0.1)
    loads = new(service(rate=20.0, parameters=parameters))
    run(loads, fleet("a", "b"))
    sums = loads.by_pod.sums([("shop", "a")])[0]
    assert sums[Figure.FAILED] == pytest.approx(sums[Figure.COMPLETED] / 9)
    assert sums[FAILED_BUCKETS] == pytest.approx(sums[COMPLETED_BUCKETS] / 9)


def test_the_histogram_agrees_with_the_true_quantile(service: Service, fleet: MakeFleet) -> None:
    """The share of requests in the buckets around the true 99th percentile brackets 0.99."""
    loads = new(service(rate=70.0))
    run(loads, fleet("a", "b"))
    truth = loads.records[loads.services[0].key][-1].latency_p99
    assert truth is not None
    sums = loads.by_pod.sums([("shop", "a")])[0]
    shares = sums[COMPLETED_BUCKETS] / sums[Figure.COMPLETED]

    above = int(np.searchsorted(BOUNDS, truth))
    assert shares[above - 1] < 0.99 < shares[above]


def test_without_pods_nobody_counts_and_all_fail(service: Service) -> None:
    """Requests to nowhere wait and time out in the records, and leave no series behind."""
    loads = new(service(rate=10.0))
    run(loads, Fleet(), steps=60)
    records = loads.records[loads.services[0].key]
    assert loads.running == ()
    assert sum(record.completed for record in records) == 0
    assert sum(record.failed for record in records) > 300


def test_records_hold_what_is_paid_for(service: Service, fleet: MakeFleet) -> None:
    """Pods that are still starting are paid for, and are not ready."""
    loads = new(service())
    run(loads, fleet("a", "b", starting=("c",)), steps=1)
    (record,) = loads.records[loads.services[0].key]
    assert (record.pods, record.ready) == (3, 2)
    assert record.reserved_cores == pytest.approx(1.5)
    assert record.reserved_memory == pytest.approx(3 * 256 * 2**20)


def test_steps_of_any_length_make_one_record(service: Service, fleet: MakeFleet) -> None:
    """Scrapes make steps of their own; a record sums them up."""
    loads = new(service(rate=40.0))
    for now, seconds in ((0.2, 0.2), (0.9, 0.7), (1.0, 0.1)):
        loads.advance([fleet("a", "b")], now=now, elapsed=now, seconds=seconds)
    loads.record()
    (record,) = loads.records[loads.services[0].key]
    assert record.seconds == pytest.approx(1.0)
    assert record.offered == pytest.approx(loads.by_pod.sums([("shop", "a")])[0, 0] * 2)
    assert record.cpu_cores == pytest.approx(record.completed * 0.01 + 2 * 0.01)


def test_services_do_not_mix(service: Service, fleet: MakeFleet) -> None:
    """A service's outcome does not depend on which others are driven beside it."""
    calm, wild = service("calm", rate=10.0), service("wild", rate=500.0)
    together = new(wild, calm)
    run(together, fleet("w", service="wild"), fleet("c", service="calm"))
    records = together.records[calm.key]
    assert sum(record.failed for record in records) == 0
    assert sum(record.offered for record in records) == pytest.approx(1000, rel=0.1)
    assert sum(record.failed for record in together.records[wild.key]) > 10000


def test_the_same_seed_gives_the_same_run(service: Service, fleet: MakeFleet) -> None:
    """Two runs with one seed agree to the last bit; another seed does not."""
    runs = []
    for seed in (1, 1, 2):
        loads = new(service(), seed=seed)
        run(loads, fleet("a", "b"))
        runs.append(list(loads.records[loads.services[0].key]))
    assert runs[0] == runs[1] != runs[2]


def test_fluid_arrivals_are_the_same_for_twins(service: Service, fleet: MakeFleet) -> None:
    """Services of one pattern are offered the very same, which is what comparing them needs."""
    ours, twin = service("ours"), service("twin")
    loads = Loads([ours, twin], np.random.default_rng(1), is_fluid=True)
    run(loads, fleet("o", service="ours"), fleet("t", service="twin"), steps=20)
    offered = [[record.offered for record in loads.records[one.key]] for one in (ours, twin)]
    assert offered == [pytest.approx([40.0] * 20)] * 2


def test_a_thousand_services_take_a_fraction_of_a_second(service: Service, fleet: MakeFleet) -> None:
    """One step serves all services at once, so that a sandbox of 1,000 Deployments keeps its pace."""

    services = [replace(service(), name=f"s{number}") for number in range(1000)]
    fleets = [fleet(f"{number}-a", f"{number}-b", f"{number}-c") for number in range(1000)]
    loads = new(*services)
    run(loads, *fleets, steps=1)
    began = time.process_time()
    run(loads, *fleets, steps=5)
    assert (time.process_time() - began) / 5 < 0.5

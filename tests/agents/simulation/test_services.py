"""The service model: conservation, monotony, and agreement with known queues."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlagents.simulation import services


def parameters(**changes: float) -> services.ServiceParameters:
    """A service of one core a pod and 20 ms a request, so 50 requests a second and pod."""
    return services.ServiceParameters(
        **({"cpu_per_request": 0.02, "cpu_variability": 1.0, "cores_per_pod": 1.0} | changes)
    )


def one_step(
    rate: float, pods: float, *, backlog: float = 0.0, seconds: float = 15.0, **changes: float
) -> tuple[services.ServiceLoad, services.ServiceOutcome]:
    """Load after the step and its outcome."""
    return services.step(
        parameters(**changes),
        services.ServiceLoad(backlog),
        arrival_rate=rate,
        ready_pods=pods,
        seconds=seconds,
    )


@settings(max_examples=200, deadline=None)
@given(
    rate=st.floats(0, 1e4),
    pods=st.integers(0, 50),
    backlog=st.floats(0, 1e5),
    seconds=st.sampled_from([1.0, 15.0]),
    timeout=st.floats(0.1, 60),
    errors=st.floats(0, 1),
    drawn=st.booleans(),
)
def test_no_request_is_lost_or_invented(
    rate: float, pods: int, backlog: float, seconds: float, timeout: float, errors: float, drawn: bool
) -> None:
    """Backlog before + offered = completed + failed + backlog after, and none of them is negative."""
    load, outcome = services.step(
        parameters(timeout=timeout, base_error_rate=errors),
        services.ServiceLoad(backlog),
        arrival_rate=rate,
        ready_pods=pods,
        seconds=seconds,
        generator=np.random.default_rng(3) if drawn else None,
    )
    total = backlog + outcome.offered
    assert outcome.completed + outcome.failed + load.backlog == pytest.approx(total, rel=1e-12, abs=1e-12)
    assert outcome.completed >= 0
    assert load.backlog >= 0
    assert outcome.failed >= -1e-9 * max(float(total), 1.0)
    assert outcome.completed <= services.capacity(parameters(), pods) * seconds * (1 + 1e-12)
    assert 0 <= outcome.utilization <= 1
    assert 0 <= outcome.throttled <= 1


@settings(max_examples=100, deadline=None)
@given(rate=st.floats(1, 3000), pods=st.integers(1, 40), backlog=st.floats(0, 2000))
def test_one_more_pod_never_hurts(rate: float, pods: int, backlog: float) -> None:
    """With one more pod no fewer requests are completed, and neither backlog, latency nor load rises."""
    load, fewer = one_step(rate, pods, backlog=backlog)
    load_more, more = one_step(rate, pods + 1, backlog=backlog)
    assert more.completed >= fewer.completed - 1e-9
    assert load_more.backlog <= load.backlog + 1e-9
    assert more.utilization <= fewer.utilization + 1e-12
    for q in (0.5, 0.99):
        before, after = services.latency_quantile(fewer, q), services.latency_quantile(more, q)
        assert after <= before * (1 + 1e-9)


def test_more_pods_make_a_loaded_service_faster() -> None:
    """At 85 % load each further pod lowers the 99th percentile."""
    quantiles = [services.latency_quantile(one_step(170.0, pods)[1], 0.99) for pods in (4, 5, 6, 8)]
    assert np.all(np.diff(quantiles) < 0)
    assert quantiles[0] > 1.5 * quantiles[-1]


def test_fifteen_steps_of_a_second_are_one_of_fifteen() -> None:
    """Through overload and recovery both step sizes serve, lose and keep the same requests."""
    coarse, fine = services.ServiceLoad(), services.ServiceLoad()
    for rate in (40.0, 150.0, 150.0, 20.0, 20.0):
        coarse, outcome = services.step(
            parameters(timeout=5.0), coarse, arrival_rate=rate, ready_pods=2, seconds=15.0
        )
        parts = []
        for _ in range(15):
            fine, part = services.step(
                parameters(timeout=5.0), fine, arrival_rate=rate, ready_pods=2, seconds=1.0
            )
            parts.append(part)
        assert sum(part.completed for part in parts) == pytest.approx(outcome.completed, rel=1e-9)
        assert sum(part.failed for part in parts) == pytest.approx(outcome.failed, rel=1e-9, abs=1e-6)
        assert fine.backlog == pytest.approx(coarse.backlog, rel=1e-9, abs=1e-6)


def test_step_sizes_agree_on_latency_where_nothing_changes() -> None:
    """A steady load has one latency, whatever the length of the steps that watch it."""
    _, coarse = one_step(80.0, 2)
    _, fine = one_step(80.0, 2, seconds=1.0)
    assert services.latency_quantile(fine, 0.99) == pytest.approx(services.latency_quantile(coarse, 0.99))


def test_without_traffic_latency_is_not_applicable() -> None:
    """Nothing completed means no latency (NaN), no use of CPU beyond idling, and no failure."""
    _, outcome = one_step(0.0, 3, cpu_idle=0.01)
    assert np.isnan(services.latency_quantile(outcome, 0.99))
    assert outcome.completed == outcome.failed == outcome.in_flight == 0
    assert outcome.cpu_cores == pytest.approx(0.03)
    assert np.all(np.isfinite(services.latency_cdf(outcome, [0.1, 1.0])))


def test_without_pods_everything_waits_and_then_times_out() -> None:
    """At first most requests wait; in the end as many fail as come and the backlog stands still."""
    load, first = one_step(10.0, 0, seconds=1.0, timeout=5.0)
    assert first.completed == 0
    assert first.utilization == 0
    assert load.backlog > 9.0
    for _ in range(100):
        load, outcome = services.step(
            parameters(timeout=5.0), load, arrival_rate=10.0, ready_pods=0, seconds=1.0
        )
    assert outcome.failed == pytest.approx(10.0, rel=1e-6)
    assert load.backlog == pytest.approx(50.0, rel=1e-6)


def test_starving_a_service_fails_requests() -> None:
    """One pod for three pods' traffic answers one third and fails the rest, at full use and slowly."""
    load = services.ServiceLoad()
    for _ in range(20):
        load, outcome = services.step(
            parameters(timeout=5.0), load, arrival_rate=150.0, ready_pods=1, seconds=15.0
        )
    assert outcome.completed / 15 == pytest.approx(50.0)
    assert outcome.failed / 15 == pytest.approx(100.0, rel=1e-6)
    assert outcome.utilization == 1.0
    assert services.latency_quantile(outcome, 0.99) == pytest.approx(5.0, rel=0.05)


@pytest.mark.parametrize("load", [0.3, 0.5, 0.7, 0.85])
@pytest.mark.parametrize("variability", [0.0, 1.0, 3.0])
def test_one_pod_waits_as_pollaczek_and_khinchine_say(load: float, variability: float) -> None:
    """Mean sojourn of one single-threaded pod is that of M/G/1: S + S ρ(1+c²) / 2(1-ρ)."""
    _, outcome = one_step(load * 50, 1, cpu_variability=variability, base_latency=0.0)
    expected = 0.02 + 0.02 * load * (1 + variability) / (2 * (1 - load))
    assert outcome.latency.stationary_mean() == pytest.approx(expected, rel=1e-3)


def test_requests_in_flight_obey_littles_law() -> None:
    """Mean number in the system is the arrival rate times the mean sojourn."""
    _, outcome = one_step(120.0, 4)
    assert outcome.in_flight == pytest.approx(120.0 * outcome.latency.stationary_mean(), rel=1e-9)


def simulated_quantile(rate: float, pods: int, q: float, *, random_split: bool) -> float:
    """99th percentile of a simulation by events: exponential services, one worker a pod, FIFO."""
    generator = np.random.default_rng(7)
    count = 60_000
    arrivals = np.cumsum(generator.exponential(1 / rate, count))
    services_drawn = generator.exponential(0.02, count)
    sojourn = np.empty(count)
    if random_split:
        free = np.zeros(pods)
        choice = generator.integers(pods, size=count)
        for i in range(count):
            free[choice[i]] = max(free[choice[i]], arrivals[i]) + services_drawn[i]
            sojourn[i] = free[choice[i]] - arrivals[i]
    else:
        heap = [0.0] * pods
        for i in range(count):
            end = max(heapq.heappop(heap), arrivals[i]) + services_drawn[i]
            heapq.heappush(heap, end)
            sojourn[i] = end - arrivals[i]
    return float(np.quantile(sojourn[count // 10 :], q))


@pytest.mark.parametrize("load", [0.5, 0.7])
def test_a_pool_lies_between_an_ideal_and_a_random_balancer(load: float) -> None:
    """Against a simulation by events: slower than one shared queue, faster than random splitting."""
    _, outcome = one_step(load * 400, 8, base_latency=0.0)
    modelled = services.latency_quantile(outcome, 0.99)
    ideal = simulated_quantile(load * 400, 8, 0.99, random_split=False)
    random = simulated_quantile(load * 400, 8, 0.99, random_split=True)
    assert 0.9 * ideal <= modelled <= random


@pytest.mark.parametrize("load", [0.5, 0.7, 0.8])
def test_one_pod_agrees_with_a_simulation_by_events(load: float) -> None:
    """The 99th percentile of a single pod is within 10 % of the simulated one."""
    _, outcome = one_step(load * 50, 1, base_latency=0.0)
    simulated = simulated_quantile(load * 50, 1, 0.99, random_split=False)
    assert services.latency_quantile(outcome, 0.99) == pytest.approx(simulated, rel=0.1)


def test_a_limit_below_one_core_stretches_only_what_exceeds_a_quota() -> None:
    """With half a core, 20 ms of CPU take 20 ms on an idle pod, and 200 ms take 350 ms."""
    for cpu, expected in ((0.02, 0.02), (0.2, 0.35)):
        _, outcome = one_step(
            1e-6, 1, cpu_per_request=cpu, cores_per_pod=0.5, cpu_variability=0.0, base_latency=0.0
        )
        assert services.latency_quantile(outcome, 0.5) == pytest.approx(expected, rel=1e-3)


def test_arrays_are_the_same_services_one_by_one() -> None:
    """A vector of services steps exactly as each of them alone."""
    rates, pods, cores = np.array([10.0, 120.0, 300.0]), np.array([1.0, 2.0, 0.0]), np.array([0.5, 1.0, 2.0])
    together, outcome = services.step(
        services.ServiceParameters(cpu_per_request=0.02, cpu_variability=1.0, cores_per_pod=cores),
        services.ServiceLoad(np.array([0.0, 5.0, 7.0])),
        arrival_rate=rates,
        ready_pods=pods,
        seconds=15.0,
    )
    cdf = services.latency_cdf(outcome, [0.05, 0.1])
    assert cdf.shape == (3, 2)
    for i, backlog in enumerate((0.0, 5.0, 7.0)):
        alone, single = one_step(rates[i], pods[i], backlog=backlog, cores_per_pod=cores[i])
        assert np.asarray(together.backlog)[i] == alone.backlog
        assert outcome.completed[i] == single.completed
        assert outcome.memory_per_pod[i] == single.memory_per_pod
        np.testing.assert_array_equal(cdf[i], services.latency_cdf(single, [0.05, 0.1]))


def test_poisson_arrivals_scatter_around_the_rate_and_repeat_with_the_seed() -> None:
    """A generator makes arrivals whole and random, and the same seed makes them again."""

    def offered(seed: int) -> list[float]:
        generator = np.random.default_rng(seed)
        return [
            float(
                services.step(
                    parameters(),
                    services.ServiceLoad(),
                    arrival_rate=40.0,
                    ready_pods=2,
                    seconds=1.0,
                    generator=generator,
                )[1].offered
            )
            for _ in range(300)
        ]

    drawn = offered(0)
    assert drawn == offered(0)
    assert drawn != offered(1)
    assert np.mean(drawn) == pytest.approx(40.0, rel=0.05)
    assert np.var(drawn) == pytest.approx(40.0, rel=0.3)

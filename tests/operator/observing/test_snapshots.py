"""A whole tick's read: which queries are sent, and what each autoscaler gets of the answers."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase, PodSample
from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import Signal, SignalName, SignalState
from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients.fakes import FakePrometheus
from rlautoscaler.clients.protocols import Sample, Vector
from rlautoscaler.errors import PrometheusUnreachableError, QueryError
from rlautoscaler.observing.cadences import Cadences
from rlautoscaler.observing.plans import cadence_queries
from rlautoscaler.observing.snapshots import SnapshotReader
from rlautoscaler.observing.wishes import OwnQuery, Wanted

MakePod = Callable[..., Pod]
NOW = 1_700_000_000.0
KEY = WorkloadKey("shop", "checkout")

CPU, MEMORY = SignalName.CPU, SignalName.MEMORY
THROUGHPUT, SMOOTH = SignalName.THROUGHPUT, SignalName.THROUGHPUT_SMOOTH
P50, P99 = SignalName.LATENCY_P50, SignalName.LATENCY_P99
ERRORS, QUEUE, THROTTLED = SignalName.ERROR_RATE, SignalName.QUEUE_DEPTH, SignalName.THROTTLED


def values(signals: Mapping[SignalName, Signal]) -> dict[str, float | str | None]:
    """Each signal's value, reason or state: what one would look at."""
    return {
        name.value: signal.value if signal.is_known else signal.reason or signal.state.value
        for name, signal in signals.items()
    }


def test_a_healthy_service_has_every_signal_of_its_preset(make_scene: Any) -> None:
    """All that Istio and cAdvisor know is known, in the brain's units, and as old as its samples."""
    snapshot = make_scene().snapshot
    assert values(snapshot.signals) == {
        "throughput": 90.0,
        "throughputSmooth": 88.0,
        "latencyP50": 0.02,
        "latencyP99": 0.2,
        "errorRate": 0.0,
        "cpu": 1.5,
        "memory": 3e9,
        "networkIO": 3000.0,
        "diskIO": 300.0,
        "throttled": 0.1,
    }
    assert {signal.taken_at for signal in snapshot.signals.values()} == {NOW - 5}


def test_what_the_preset_does_not_have_was_never_configured(make_scene: Any) -> None:
    """Istio has no queue; without a preset there are no requests at all."""
    assert make_scene().snapshot[QUEUE].reason is UnknownReason.NOT_CONFIGURED
    wanted = Wanted(KEY, "checkout")
    [measured] = [make_scene().read_all().by_key[KEY]]
    assert measured.snapshot[THROUGHPUT].is_known
    reader = SnapshotReader(FakePrometheus())
    found = asyncio.run(reader.read([wanted], {}, now=NOW, deadline=1e18)).by_key[KEY].snapshot
    assert found[THROUGHPUT].reason is UnknownReason.NOT_CONFIGURED
    assert found[CPU].reason is UnknownReason.NO_SERIES


def test_failures_are_a_share_of_the_smoothed_requests(make_scene: Any) -> None:
    """Both are rates over the same window."""
    scene = make_scene()
    scene.workload(scene.requests.failures, 4.4)
    assert scene.snapshot.value(ERRORS) == pytest.approx(0.05)


def test_an_idle_service_has_no_latency_and_no_error_rate(make_scene: Any) -> None:
    """With zero fresh requests both are not applicable and do not object to shrinking."""
    scene = make_scene()
    for text in (scene.requests.throughput, scene.requests.throughput_smooth):
        scene.workload(text, 0.0)
    for text in scene.requests.latencies.values():
        scene.workload(text, math.nan)
    snapshot = scene.snapshot
    assert snapshot.value(THROUGHPUT) == 0.0
    assert {snapshot[name].state for name in (P50, P99, ERRORS)} == {SignalState.NOT_APPLICABLE}
    assert all(snapshot[name].may_argue_for_shrinking() for name in (THROUGHPUT, P50, P99, ERRORS))


def test_a_service_without_series_is_not_an_idle_one(make_scene: Any) -> None:
    """An empty answer leaves requests, latency and errors unknown: nothing may shrink on it."""
    scene = make_scene()
    for text in scene.requests.texts():
        scene.workload(text, None)
    snapshot = scene.snapshot
    assert values({name: snapshot[name] for name in (THROUGHPUT, SMOOTH, P50, P99, ERRORS)}) == {
        "throughput": "NoSeries",
        "throughputSmooth": "NoSeries",
        "latencyP50": "NoSeries",
        "latencyP99": "NoSeries",
        "errorRate": "NoDenominator",
    }
    assert not any(snapshot[name].may_argue_for_shrinking() for name in (THROUGHPUT, P99, ERRORS))


def test_a_quiet_moment_in_a_busy_window_keeps_its_latency(make_scene: Any) -> None:
    """No request between the last two scrapes, but some within the window that the latency is of."""
    scene = make_scene()
    scene.workload(scene.requests.throughput, 0.0)
    snapshot = scene.snapshot
    assert snapshot.value(THROUGHPUT) == 0.0
    assert snapshot.value(P99) == 0.2


def test_a_rate_that_outlives_its_raw_series_is_stale(make_scene: Any) -> None:
    """When Prometheus marked the series as ended, the window still averages over what was before."""
    scene = make_scene()
    scene.workload(scene.requests.requests_age, None)
    snapshot = scene.snapshot
    assert snapshot[THROUGHPUT].reason is UnknownReason.STALE
    assert snapshot[ERRORS].reason is UnknownReason.NO_DENOMINATOR
    assert snapshot[P99].is_known


def test_old_samples_are_stale_by_the_users_own_limit(make_scene: Any) -> None:
    """`staleAfter` decides; a minute where it is `auto` and the scrape interval unknown."""
    for limit, age, state in ((None, 59, "Known"), (None, 61, "Unknown"), (10.0, 11, "Unknown")):
        scene = make_scene(Wanted(KEY, "checkout", preset="istio", stale_after=limit))
        scene.workload(scene.requests.requests_age, float(age))
        assert scene.snapshot[THROUGHPUT].state == state


def test_without_an_age_a_value_is_known_but_may_not_argue_for_shrinking(make_scene: Any) -> None:
    """The age's query failed: growth may use the value, shrinking may not."""
    scene = make_scene()
    scene.fail(scene.requests.requests_age, QueryError("refused"))
    signal = scene.snapshot[THROUGHPUT]
    assert signal.value == 90.0
    assert not signal.may_argue_for_shrinking()


def test_a_warned_answer_is_a_degraded_one(make_scene: Any) -> None:
    """A part may be missing: the value may not argue for shrinking, and the tick counts it."""
    scene = make_scene()
    scene.workload(scene.requests.throughput, 90.0, warnings=["store down"])
    scene.containers(scene.usage.cpu, {one.name: 0.5 for one in scene.pods}, warnings=["store down"])
    read = scene.read_all()
    snapshot = read.by_key[KEY].snapshot
    assert snapshot.value(THROUGHPUT) == 90.0
    assert not snapshot[THROUGHPUT].may_argue_for_shrinking()
    assert not snapshot[CPU].may_argue_for_shrinking()
    assert read.statistics.degraded == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PrometheusUnreachableError("down"), UnknownReason.UNREACHABLE),
        (QueryError("refused"), UnknownReason.QUERY_FAILED),
    ],
)
def test_an_outage_makes_everything_unknown(make_scene: Any, error: Any, reason: UnknownReason) -> None:
    """No signal keeps a value, and no sample of pods is made up."""
    scene = make_scene()
    scene.fail(None, error)
    read = scene.read_all()
    measured = read.by_key[KEY]
    assert {signal.reason for signal in measured.snapshot.signals.values()} <= {
        reason,
        UnknownReason.NO_DENOMINATOR,
    }
    assert measured.samples is None
    assert read.statistics.failed == read.statistics.queries


def test_one_failing_query_costs_one_signal(make_scene: Any) -> None:
    """Signals stand each for itself; only what is made of it is lost with it."""
    scene = make_scene()
    scene.fail(scene.usage.memory, PrometheusUnreachableError("slow"))
    measured = scene.read()
    unknown = {name for name, signal in measured.snapshot.signals.items() if signal.is_unknown}
    assert unknown == {MEMORY}
    assert measured.samples[0].usage == {"app": {"cpu": 500}}


def test_what_is_late_is_unknown_and_the_rest_is_kept(make_scene: Any, run_virtually: Any) -> None:
    """The deadline of the tick cuts off the slow query alone."""
    scene = make_scene()
    scene.api.delay(scene.usage.cpu, 9.0)
    scene.api.delay(scene.requests.throughput, 1.0)

    read = run_virtually(scene.reader.read([scene.wanted], {KEY: scene.pods}, now=NOW, deadline=5.0))
    snapshot = read.by_key[KEY].snapshot
    assert snapshot[CPU].reason is UnknownReason.DEADLINE
    assert snapshot.value(THROUGHPUT) == 90.0
    assert (read.statistics.failed, read.statistics.seconds) == (1, 5.0)


# Pods.


def test_samples_of_deleted_pods_are_dropped(make_scene: Any, make_pod: MakePod) -> None:
    """Series of pods that are gone, ended or being deleted linger and count for nothing."""
    pods = (
        make_pod("alive"),
        make_pod("going", deleting=True),
        make_pod("failed", phase=PodPhase.FAILED),
    )
    scene = make_scene(pods=pods)
    figures = {"alive": 0.5, "going": 0.5, "failed": 0.5, "gone": 0.5}
    scene.containers(scene.usage.cpu, figures)
    scene.containers(scene.usage.cpu_age, dict.fromkeys(figures, 5.0))
    measured = scene.read()
    assert measured.snapshot.value(CPU) == 0.5
    assert [sample.pod for sample in measured.samples] == ["alive"]


def test_pods_of_another_namespace_are_not_ours(make_scene: Any) -> None:
    """Equal names in other namespaces are other pods."""
    scene = make_scene()
    labels = {"namespace": "bank", "pod": "checkout-1", "container": "app"}
    scene.api.answer(scene.usage.cpu, [Sample(labels, 0.5)])
    assert scene.snapshot[CPU].reason is UnknownReason.NO_SERIES


@pytest.mark.parametrize("resource", ["cpu", "memory"])
def test_a_living_pod_without_a_sample_makes_the_sum_partial(make_scene: Any, resource: str) -> None:
    """A sum over two of three pods looks like less load than there is."""
    scene = make_scene()
    figures = {"checkout-1": 0.5, "checkout-2": 0.5}
    scene.containers(getattr(scene.usage, resource), figures)
    measured = scene.read()
    assert measured.snapshot[SignalName(resource)].reason is UnknownReason.PARTIAL
    assert len(measured.samples) == 3


def test_a_container_without_a_sample_makes_the_sum_partial(make_scene: Any, make_pod: MakePod) -> None:
    """A pod is measured when all of its containers are, sidecars included; metrics-server sees it so too."""
    one = make_pod("checkout-1", containers=("app",), sidecars=(Container("proxy"),))
    scene = make_scene(pods=(one,))
    scene.containers(scene.usage.cpu, {"checkout-1": {"app": 0.5}})
    measured = scene.read()
    assert measured.snapshot[CPU].reason is UnknownReason.PARTIAL
    assert measured.samples == ()
    both = {"checkout-1": {"app": 0.5, "proxy": 0.1}}
    scene.containers(scene.usage.cpu, both)
    scene.containers(scene.usage.cpu_age, {"checkout-1": {"app": 5.0, "proxy": 20.0}})
    measured = scene.read()
    assert measured.snapshot.value(CPU) == pytest.approx(0.6)
    assert measured.snapshot[CPU].taken_at == NOW - 20
    assert measured.samples[0].usage == {"app": {"cpu": 500}, "proxy": {"cpu": 100}}


def test_containers_that_do_not_belong_to_the_pod_for_long_are_left_out(make_scene: Any) -> None:
    """Init and debugging containers have ended, and their last rates with them."""
    scene = make_scene()
    figures = {one.name: {"app": 0.5, "migrate": 4.0} for one in scene.pods}
    scene.containers(scene.usage.cpu, figures)
    measured = scene.read()
    assert measured.snapshot.value(CPU) == 1.5
    assert measured.samples[0].usage["app"]["cpu"] == 500
    assert "migrate" not in measured.samples[0].usage


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"age": 59.0}, None, id="younger than a scrape can be expected of"),
        pytest.param({"age": 60.0}, UnknownReason.PARTIAL, id="old enough"),
        pytest.param(
            {"age": 3600.0, "started_at": None, "phase": PodPhase.PENDING}, None, id="waiting for a node"
        ),
        pytest.param(
            {"age": 3600.0, "readiness": ConditionStatus.FALSE},
            UnknownReason.PARTIAL,
            id="running and not ready: it uses CPU",
        ),
        pytest.param(
            {"age": 3600.0, "started_at": NOW - 10}, None, id="waited long for a node and has just started"
        ),
    ],
)
def test_a_young_pod_is_not_missed(
    make_scene: Any, make_pod: MakePod, fields: dict[str, Any], reason: UnknownReason | None
) -> None:
    """Only running pods old enough to have been scraped twice make a sum partial."""
    scene = make_scene()
    scene.pods = (*scene.pods, make_pod("checkout-4", **fields))
    assert scene.snapshot[CPU].reason is reason
    assert scene.snapshot.value(CPU) == (1.5 if reason is None else None)


def test_the_scrape_interval_found_decides_which_pods_are_young(make_scene: Any, make_pod: MakePod) -> None:
    """Three scrapes of 5 s are enough where it is known that there were so many."""
    scene = make_scene()
    scene.pods = (*scene.pods, make_pod("checkout-4", age=20.0))
    assert scene.snapshot[CPU].is_known
    for text in cadence_queries([scene.wanted], Cadences(), NOW).values():
        scene.api.answer(text, 60.0)
    scene.read_all(NOW + 100)
    scene.pods = (*scene.pods[:3], make_pod("checkout-4", started_at=NOW + 180))
    assert scene.read_all(NOW + 200).by_key[KEY].snapshot[CPU].reason is UnknownReason.PARTIAL


def test_one_stale_pod_makes_the_sum_partial_and_all_stale_make_it_stale(make_scene: Any) -> None:
    """A figure that is too old is no figure of now."""
    scene = make_scene()
    scene.containers(scene.usage.cpu_age, {"checkout-1": 5.0, "checkout-2": 5.0, "checkout-3": 70.0})
    measured = scene.read()
    assert measured.snapshot[CPU].reason is UnknownReason.PARTIAL
    assert "cpu" not in measured.samples[2].usage["app"]
    scene.containers(scene.usage.cpu_age, {one.name: 70.0 for one in scene.pods})
    assert scene.snapshot[CPU].reason is UnknownReason.STALE


def test_series_too_old_for_a_rate_are_stale_and_not_absent(make_scene: Any) -> None:
    """An exporter that stands still has raw series for minutes, and no rate soon: its load is unknown, not gone."""
    scene = make_scene()
    scene.containers(scene.usage.cpu, {})
    scene.containers(scene.usage.cpu_age, {one.name: 70.0 for one in scene.pods})
    scene.workload(scene.requests.throughput, None)
    scene.workload(scene.requests.requests_age, 70.0)
    assert scene.snapshot[CPU].reason is UnknownReason.STALE
    assert scene.snapshot[THROUGHPUT].reason is UnknownReason.STALE
    served = http(make_scene)
    served.by_pod(served.requests.throughput, {"checkout-1": 10.0, "checkout-2": 20.0})
    served.by_pod(served.requests.requests_age, {"checkout-1": 5.0, "checkout-2": 5.0, "checkout-3": 70.0})
    assert served.snapshot[THROUGHPUT].reason is UnknownReason.PARTIAL


def test_a_sum_is_as_old_as_its_oldest_part(make_scene: Any) -> None:
    """A pod that was scraped 40 s ago makes the sum one of 40 s ago."""
    scene = make_scene()
    scene.containers(scene.usage.cpu_age, {"checkout-1": 5.0, "checkout-2": 40.0, "checkout-3": 9.0})
    assert scene.snapshot[CPU].taken_at == NOW - 40


def test_a_target_without_pods_has_no_usage(make_scene: Any) -> None:
    """No pods may also mean that the cache is not filled yet: usage is unknown, not zero."""
    scene = make_scene()
    scene.pods = ()
    measured = scene.read()
    for name in (CPU, MEMORY, THROTTLED):
        assert measured.snapshot[name].reason is UnknownReason.NO_SERIES
    assert measured.samples == ()


@pytest.mark.parametrize("figure", [math.nan, math.inf, -1.0, 1e300])
def test_an_impossible_figure_spoils_its_sum_and_its_sample(make_scene: Any, figure: float) -> None:
    """One pod's nonsense is not averaged away, and the HPA is not fed with it."""
    scene = make_scene()
    scene.containers(scene.usage.cpu, {"checkout-1": figure, "checkout-2": 0.5, "checkout-3": 0.5})
    measured = scene.read()
    assert measured.snapshot[CPU].is_unknown
    assert "cpu" not in measured.samples[0].usage["app"]
    assert measured.samples[1].usage["app"]["cpu"] == 500


def test_samples_are_what_the_hpa_reads(make_scene: Any) -> None:
    """Milli-units by container, when they were taken, and over what window."""
    scene = make_scene(Wanted(KEY, "checkout", preset="istio", window=30.0))
    assert scene.read().samples[0] == PodSample(
        "checkout-1", {"app": {"cpu": 500, "memory": 10**12}}, taken_at=NOW - 5, window=30.0
    )


def test_pods_without_a_cpu_limit_cannot_be_throttled(make_scene: Any, make_pod: MakePod) -> None:
    """No limit, no CFS periods: that is no unknown."""
    scene = make_scene(pods=(make_pod("checkout-1", containers=()),))
    scene.pods = (replace(scene.pods[0], containers=(Container("app"),)),)
    for text in (scene.usage.throttled, scene.usage.periods):
        scene.containers(text, {})
    assert scene.snapshot[THROTTLED].state is SignalState.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("throttled", "periods", "expected"),
    [
        pytest.param({"checkout-1": 5.0}, {"checkout-1": 10.0}, 0.5, id="half of the periods"),
        pytest.param({}, {"checkout-1": 10.0}, 0.0, id="never throttled yet"),
        pytest.param({}, {"checkout-1": 0.0}, "NotApplicable", id="never wanted to run"),
        pytest.param({}, {}, "NoSeries", id="a limit, and no periods"),
        pytest.param({"checkout-1": 50.0}, {"checkout-1": 10.0}, "OutOfRange", id="more than there were"),
    ],
)
def test_throttling_is_a_share_of_periods(
    make_scene: Any, throttled: dict[str, float], periods: dict[str, float], expected: float | str
) -> None:
    """The rules of ratios hold for throttling too."""
    scene = make_scene()
    scene.containers(scene.usage.throttled, throttled)
    scene.containers(scene.usage.periods, periods)
    assert values(scene.snapshot.signals)["throttled"] == expected


# Presets that are read per pod.


def http(make_scene: Any, **more: Any) -> Any:
    """Three pods that serve 10, 20 and 30 requests a second."""
    scene = make_scene(Wanted(KEY, "checkout", preset="http-server", **more))
    rates = {"checkout-1": 10.0, "checkout-2": 20.0, "checkout-3": 30.0}
    for text in (scene.requests.throughput, scene.requests.throughput_smooth):
        scene.by_pod(text, rates)
    for text in (scene.requests.requests_age, scene.requests.latency_age, scene.requests.queue_age):
        scene.by_pod(text, dict.fromkeys(rates, 5.0))
    scene.by_pod(scene.requests.queue, dict.fromkeys(rates, 2.0))
    buckets = [
        Sample({"namespace": "shop", "pod": name, "le": bound}, share * rate)
        for name, rate in rates.items()
        for bound, share in (("0.1", 0.5), ("0.2", 0.9), ("0.4", 1.0), ("+Inf", 1.0))
    ]
    scene.api.answer(scene.requests.buckets, buckets)
    return scene


def test_series_of_pods_are_added_up_through_their_owners(make_scene: Any) -> None:
    """Rates, queue and histograms of exactly the living pods make the service's."""
    snapshot = http(make_scene).snapshot
    assert snapshot.value(THROUGHPUT) == 60.0
    assert snapshot.value(QUEUE) == 6.0
    assert snapshot.value(P50) == pytest.approx(0.1)
    assert snapshot.value(P99) == pytest.approx(0.38)
    assert snapshot.value(ERRORS) == 0.0


def test_requests_of_pods_that_are_gone_are_dropped(make_scene: Any) -> None:
    """A pod's past requests go with it; the others serve them now."""
    scene = http(make_scene)
    scene.pods = scene.pods[:2]
    assert scene.snapshot.value(THROUGHPUT) == 30.0


def test_a_pod_that_has_not_served_yet_adds_nothing(make_scene: Any) -> None:
    """A counter begins with the first request: its absence is no gap."""
    scene = http(make_scene)
    scene.by_pod(scene.requests.throughput, {"checkout-1": 10.0})
    assert scene.snapshot.value(THROUGHPUT) == 10.0


def test_a_pod_whose_counter_has_ended_makes_the_requests_partial(make_scene: Any) -> None:
    """It was scraped before and is not any more: what it serves now, nobody knows."""
    scene = http(make_scene)
    scene.by_pod(scene.requests.requests_age, {"checkout-1": 5.0, "checkout-2": 5.0})
    snapshot = scene.snapshot
    assert snapshot[THROUGHPUT].reason is UnknownReason.PARTIAL
    assert snapshot[ERRORS].reason is UnknownReason.NO_DENOMINATOR


@pytest.mark.parametrize("bound", ["x", "", "NaN"])
def test_a_bucket_without_a_bound_makes_the_latency_unknown(make_scene: Any, bound: str) -> None:
    """A histogram that cannot be read is no latency."""
    scene = http(make_scene)
    labels = {"namespace": "shop", "pod": "checkout-1"}
    series = [Sample(labels | {"le": bound}, 5.0), Sample(labels | {"le": "0.1"}, 5.0)]
    scene.api.answer(scene.requests.buckets, series)
    assert scene.snapshot[P99].is_unknown


# Names and labels.


def test_a_name_in_the_labels_says_where_to_look(make_scene: Any) -> None:
    """A Service called otherwise than its Deployment is named once, under the label that finds it."""
    wanted = Wanted(KEY, "checkout", preset="ingress-nginx", labels={"exported_service": "front"})
    scene = make_scene(wanted)
    labels = {"namespace": "shop", "service": "front"}
    scene.api.answer(scene.requests.throughput, [Sample(labels, 7.0)])
    scene.api.answer(scene.requests.requests_age, [Sample(labels, 5.0)])
    assert scene.snapshot.value(THROUGHPUT) == 7.0


def test_series_without_the_labels_belong_to_nobody(make_scene: Any) -> None:
    """A workload without a name is not ours, and no key error either."""
    scene = make_scene()
    scene.api.answer(scene.requests.throughput, [Sample({}, 1e6), Sample({"destination_workload": "x"}, 1.0)])
    assert scene.snapshot[THROUGHPUT].reason is UnknownReason.NO_SERIES


def test_two_series_of_one_workload_are_not_guessed_from(make_scene: Any) -> None:
    """An aggregation answers once; if it does not, neither answer is taken."""
    scene = make_scene()
    labels = {"destination_workload_namespace": "shop", "destination_workload": "checkout"}
    scene.api.answer(scene.requests.throughput, [Sample(labels, 1.0), Sample(labels, 2.0)])
    assert scene.snapshot[THROUGHPUT].reason is UnknownReason.NOT_A_NUMBER


@pytest.mark.parametrize("name", ["a-b", "1st", "__name__", 'x"} or up{', "", "ünd"])
def test_a_label_that_is_none_fails_its_autoscaler_alone(
    make_scene: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing wrong is sent; the autoscaler's signals say that its query failed, the log says why."""
    scene = make_scene()
    wrong = Wanted(WorkloadKey("shop", "wrong"), "wrong", preset="istio", labels={name: "x"})
    read = asyncio.run(scene.reader.read([scene.wanted, wrong], {KEY: scene.pods}, now=NOW, deadline=1e18))
    assert read.by_key[KEY].snapshot[CPU].is_known
    reasons = {signal.reason for signal in read.by_key[wrong.key].snapshot.signals.values()}
    assert reasons == {UnknownReason.QUERY_FAILED}
    assert read.by_key[wrong.key].samples is None
    assert "is not a label that can be matched" in caplog.text


def test_a_preset_nobody_knows_fails_its_requests(make_scene: Any) -> None:
    """Usage is read all the same."""
    wanted = Wanted(KEY, "checkout", preset="magic")
    reader = SnapshotReader(make_scene().api)
    snapshot = asyncio.run(reader.read([wanted], {}, now=NOW, deadline=1e18)).by_key[KEY].snapshot
    assert snapshot[THROUGHPUT].reason is UnknownReason.QUERY_FAILED
    assert snapshot[CPU].reason is UnknownReason.NO_SERIES


# The user's own queries.


def own(make_scene: Any, *, preset: str = "none", **queries: OwnQuery) -> Any:
    scene = make_scene()
    scene.wanted = Wanted(
        KEY, "checkout", preset=preset, queries={SignalName(name): query for name, query in queries.items()}
    )
    return scene


def test_an_own_query_replaces_the_presets(make_scene: Any) -> None:
    """Its value is taken as it is, its age from its own timestamps."""
    scene = own(make_scene, preset="istio", throughput=OwnQuery("mine", "max(timestamp(x))"))
    scene.api.answer("mine", 12.0)
    scene.api.answer("time() - (\nmax(timestamp(x))\n)", 7.0)
    snapshot = scene.snapshot
    assert snapshot[THROUGHPUT] == Signal.known(12.0, taken_at=NOW - 7, window=60.0)
    assert snapshot.value(SMOOTH) == 88.0


@pytest.mark.parametrize(
    ("answer", "age", "expected", "may_shrink"),
    [
        pytest.param([5.0], None, 5.0, False, id="without timestamps its age is unknown"),
        pytest.param([5.0], [7.0], 5.0, True, id="with timestamps it has an age"),
        pytest.param([5.0], [700.0], "Stale", False, id="and may be stale"),
        pytest.param([5.0], [], "Stale", False, id="timestamps of nothing: its series has ended"),
        pytest.param([5.0], [1.0, 2.0], 5.0, False, id="two timestamps are none"),
        pytest.param([5.0], [math.nan], 5.0, False, id="a timestamp that is no number is none"),
        pytest.param([5.0], [-1.7e12], 5.0, False, id="a timestamp in milliseconds is none"),
        pytest.param([5.0], [-3.0], 5.0, True, id="a clock that is a little ahead is fresh"),
        pytest.param([], [7.0], "NoSeries", False, id="an empty answer is unknown, not zero"),
        pytest.param([5.0, 6.0], [7.0], "AmbiguousSeries", False, id="two series cannot be one number"),
        pytest.param([math.nan], [7.0], "NotANumber", False, id="not a number"),
        pytest.param([-1.0], [7.0], "OutOfRange", False, id="impossible"),
        pytest.param(QueryError("x"), [7.0], "QueryFailed", False, id="refused"),
    ],
)
def test_an_own_query_gives_one_number_or_none(
    make_scene: Any, answer: Any, age: Any, expected: float | str, may_shrink: bool
) -> None:
    """One sample is a value; none, several or nonsense have their reasons."""
    scene = own(make_scene, queueDepth=OwnQuery("mine", None if age is None else "stamp"))
    if isinstance(answer, QueryError):
        scene.fail("mine", answer)
    else:
        scene.api.answer("mine", [Sample({"n": str(n)}, value) for n, value in enumerate(answer)])
    scene.api.answer("time() - (\nstamp\n)", [Sample({"n": str(n)}, one) for n, one in enumerate(age or [])])
    signal = scene.snapshot[QUEUE]
    assert values({QUEUE: signal})["queueDepth"] == expected
    assert signal.may_argue_for_shrinking() is may_shrink


def test_an_own_throughput_of_zero_excuses_an_own_latency(make_scene: Any) -> None:
    """The rule of idle services holds for own queries, if the zero is known to be fresh."""
    for stamp, state in (("stamp", SignalState.NOT_APPLICABLE), (None, SignalState.UNKNOWN)):
        scene = own(
            make_scene,
            throughput=OwnQuery("rate", stamp),
            latencyP99=OwnQuery("p99"),
            errorRate=OwnQuery("errors"),
        )
        scene.api.answer("rate", 0.0)
        scene.api.answer("time() - (\nstamp\n)", 5.0)
        scene.api.answer("p99", math.nan)
        snapshot = scene.snapshot
        assert snapshot[P99].state is state
        assert snapshot[ERRORS].state is state


def test_an_own_error_rate_is_a_share_already(make_scene: Any) -> None:
    """It needs no throughput beside it, and above 1 it is none."""
    scene = own(make_scene, errorRate=OwnQuery("errors", "stamp"))
    scene.api.answer("time() - (\nstamp\n)", 5.0)
    scene.api.answer("errors", 0.25)
    assert scene.snapshot.value(ERRORS) == 0.25
    scene.api.answer("errors", 25.0)
    assert scene.snapshot[ERRORS].reason is UnknownReason.ABSURD


def test_a_warned_own_query_has_no_age(make_scene: Any) -> None:
    """A degraded reading of the user's own may not argue for shrinking either."""
    scene = own(make_scene, queueDepth=OwnQuery("mine", "stamp"))
    scene.api.answer("mine", 3.0, warnings=["store down"])
    scene.api.answer("time() - (\nstamp\n)", 5.0)
    assert scene.snapshot[QUEUE].taken_at is None


# What it costs.


def many(count: int, namespaces: int = 3) -> list[Wanted]:
    return [
        Wanted(
            WorkloadKey(f"team-{number % namespaces}", f"service-{number}"),
            f"service-{number}",
            preset="istio",
        )
        for number in range(count)
    ]


def test_the_number_of_queries_does_not_grow_with_the_autoscalers() -> None:
    """A thousand cost what one costs."""
    counts = []
    for count in (1, 1000):
        reader = SnapshotReader(FakePrometheus())
        read = asyncio.run(reader.read(many(count), {}, now=NOW, deadline=1e18))
        counts.append(read.statistics.queries)
        assert len(read.by_key) == count
    assert counts[0] == counts[1] == 20


def test_autoscalers_share_queries_by_preset_labels_and_window() -> None:
    """Only what differs in the text is asked twice."""
    plain, other = many(2)
    for change, more in (
        ({}, 0),
        ({"window": 30.0}, 10),
        ({"labels": {"cluster": "eu"}}, 20),
        ({"labels": {"reporter": "source"}}, 8),
        ({"queries": {CPU: OwnQuery("mine", "stamp")}}, 2),
    ):
        api = FakePrometheus()
        wanted = [plain, replace(other, **change)]
        asyncio.run(SnapshotReader(api).read(wanted, {}, now=NOW, deadline=1e18))
        assert len(api.queries) == len(set(api.queries)) == 20 + more, change


def test_a_thousand_autoscalers_are_read_within_a_tick(make_pod: MakePod) -> None:
    """Building queries, indexing and judging 1,000 services of three pods takes well under a second."""
    wanted = many(1000)
    pods = {one.key: tuple(make_pod(f"{one.workload}-{n}") for n in range(3)) for one in wanted}
    containers = [
        Sample({"namespace": key.namespace, "pod": pod.name, "container": "app"}, 0.5)
        for key, of_key in pods.items()
        for pod in of_key
    ]
    workloads = [
        Sample(
            {"destination_workload_namespace": one.key.namespace, "destination_workload": one.workload}, 5.0
        )
        for one in wanted
    ]

    class Full:
        async def query(self, promql: str, *, at: float | None = None) -> Vector:
            return Vector(workloads if "istio" in promql else containers)

    reader = SnapshotReader(Full())
    began = time.process_time()
    read = asyncio.run(reader.read(wanted, pods, now=NOW, deadline=1e18))
    assert time.process_time() - began < 3.0
    assert all(measured.snapshot[CPU].is_known for measured in read.by_key.values())


def test_a_failing_query_is_told_once(make_scene: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The log has a refused query when it begins to fail, and again only after it has worked."""
    scene = make_scene()
    scene.fail(scene.usage.cpu, QueryError("refused for a reason"))
    for _ in range(3):
        scene.read()
    assert caplog.text.count("refused for a reason") == 1
    scene.containers(scene.usage.cpu, {})
    scene.read()
    scene.fail(scene.usage.cpu, QueryError("refused for a reason"))
    scene.read()
    assert caplog.text.count("refused for a reason") == 2


def test_an_outage_is_one_line_in_the_log(make_scene: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Twenty queries that find nobody are one trouble."""
    scene = make_scene()
    scene.fail(None, PrometheusUnreachableError("nobody there"))
    scene.read()
    assert caplog.text.count("nobody there") == 1


def test_statistics_tell_empty_from_failed(make_scene: Any) -> None:
    """What answered nothing and what did not answer are counted apart."""
    before = make_scene().read_all().statistics
    scene = make_scene()
    scene.fail(scene.usage.disk, QueryError("x"))
    scene.by_pod(scene.usage.network, {})
    after = scene.read_all().statistics
    assert (after.failed - before.failed, after.empty - before.empty) == (1, 1)

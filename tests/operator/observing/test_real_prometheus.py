"""The presets' PromQL on a real Prometheus, against series whose answers are known beforehand.

One scrape hands over a quarter of an hour of samples with their own timestamps, so nothing has to be waited
for, and every query is evaluated at one moment: 3 s after the last sample.
"""

from __future__ import annotations

import asyncio
import http.server
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
import yaml

from rlagents.structs.pods import Pod
from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import MetricsSnapshot, SignalName, SignalState
from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients import prometheus
from rlautoscaler.clients.prometheus import PrometheusClient, Settings
from rlautoscaler.clients.protocols import Vector
from rlautoscaler.observing import promql
from rlautoscaler.observing.cadences import Cadences, interval
from rlautoscaler.observing.plans import cadence_queries
from rlautoscaler.observing.quantiles import estimate
from rlautoscaler.observing.snapshots import SnapshotReader
from rlautoscaler.observing.wishes import OwnQuery, Wanted

pytestmark = pytest.mark.cluster

MakePod = Callable[..., Pod]

STEP = 15
STEPS = 60
AGE = 3.0
KEY = WorkloadKey("shop", "checkout")
BOUNDS = {"0.1": 0.5, "0.25": 0.9, "1": 1.0, "+Inf": 1.0}
"""Share of requests at or below each bound: p50 is 0.1 s, p99 is 0.925 s."""


@dataclass
class Exposition:
    """Series that rise evenly, or stand still, sampled every 15 s until `end`."""

    end: int
    lines: list[str] = field(default_factory=list)

    def counter(self, metric: str, per_second: float, last: int = 0, /, **labels: str) -> None:
        """A counter; `last`: how many scrapes ago its last sample was."""
        self._series(metric, labels, lambda second: per_second * second, last)

    def gauge(self, metric: str, value: float, /, **labels: str) -> None:
        self._series(metric, labels, lambda _: value, 0)

    def histogram(self, metric: str, per_second: float, unit: float = 1.0, /, **labels: str) -> None:
        for bound, share in BOUNDS.items():
            le = bound if bound == "+Inf" else f"{float(bound) / unit:g}"
            self.counter(f"{metric}_bucket", share * per_second, **labels, le=le)
        self.counter(f"{metric}_count", per_second, **labels)

    def _series(self, metric: str, labels: dict[str, str], value: Callable[[int], float], last: int) -> None:
        text = ",".join(f"{name}={promql.quoted(value)}" for name, value in labels.items())
        for step in range(STEPS - last + 1):
            at = self.end - (STEPS - step) * STEP
            self.lines.append(f"{metric}{{{text}}} {value(step * STEP)} {at * 1000}")

    def usage(self, pod: str, cores: float) -> None:
        """A pod as cAdvisor shows it: its containers, its cgroup, the holder of its network; scraped twice."""
        place = {"namespace": "shop", "pod": pod}
        for container in ("app", "proxy"):
            for job in ("kubelet", "kubelet-again"):
                labels = place | {"container": container, "job": job, "id": f"/{pod}/{container}"}
                self.counter("container_cpu_usage_seconds_total", cores / 2, **labels, cpu="total")
                self.gauge("container_memory_working_set_bytes", 1e8, **labels)
                self.counter("container_fs_reads_bytes_total", 10, **labels, device="/dev/sda")
                self.counter("container_cpu_cfs_periods_total", 10, **labels)
                self.counter("container_cpu_cfs_throttled_periods_total", 2.5, **labels)
        for container in ("", "POD"):
            self.counter("container_cpu_usage_seconds_total", 100, **place, container=container, id=f"/{pod}")
            self.gauge("container_memory_working_set_bytes", 1e12, **place, container=container, id=f"/{pod}")
        for interface, rate in (("eth0", 100.0), ("eth1", 50.0)):
            self.counter("container_network_receive_bytes_total", rate, **place, interface=interface)
        self.counter("container_network_transmit_bytes_total", 25, **place, interface="eth0")


def exposition(end: int) -> str:
    """Every preset's series of one service that answers 100 requests a second, of which 10 fail."""
    page = Exposition(end)
    for pod in ("checkout-1", "checkout-2", "checkout-deleted"):
        page.usage(pod, 0.5)
    mesh = {"destination_workload_namespace": "shop", "destination_workload": "checkout"}
    for reporter in ("source", "destination"):
        for code, rate in (("200", 90.0), ("503", 10.0)):
            page.counter("istio_requests_total", rate, **mesh, reporter=reporter, response_code=code)
        histogram = "istio_request_duration_milliseconds"
        page.histogram(histogram, 100, 1e-3, **mesh, reporter=reporter)
    quiet = {"destination_workload_namespace": "shop", "destination_workload": "quiet"}
    page.counter("istio_requests_total", 0, **quiet, reporter="destination", response_code="200")
    page.histogram("istio_request_duration_milliseconds", 0, **quiet, reporter="destination")
    ended = {"destination_workload_namespace": "shop", "destination_workload": "ended"}
    page.counter("istio_requests_total", 7, 25, **ended, reporter="destination", response_code="200")
    for backend, renamed in (("checkout", True), ("plain", False)):
        place = {"namespace": "shop", "service": backend}
        if renamed:
            place = {f"exported_{name}": value for name, value in place.items()}
            place |= {"namespace": "ingress", "service": "controller"}
        for status, rate in (("200", 90.0), ("502", 10.0)):
            page.counter("nginx_ingress_controller_requests", rate, **place, status=status)
        page.histogram("nginx_ingress_controller_request_duration_seconds", 100, **place, status="200")
    for code, rate in (("200", 90.0), ("500", 10.0)):
        page.counter(
            "traefik_service_requests_total", rate, service="shop-checkout-80@kubernetescrd", code=code
        )
    page.histogram(
        "traefik_service_request_duration_seconds", 100, service="shop-checkout-80@kubernetescrd", code="200"
    )
    for pod in ("checkout-1", "checkout-2", "checkout-deleted"):
        place = {"namespace": "shop", "pod": pod}
        for direction in ("inbound", "outbound"):
            for kind, rate in (("success", 45.0), ("failure", 5.0)):
                page.counter("response_total", rate, **place, direction=direction, classification=kind)
            page.histogram("response_latency_ms", 50, 1e-3, **place, direction=direction)
        page.counter("vllm:request_success_total", 50, **place, finished_reason="stop")
        page.histogram("vllm:e2e_request_latency_seconds", 50, **place)
        page.gauge("vllm:num_requests_running", 3, **place)
        page.gauge("vllm:num_requests_waiting", 4, **place)
    client, telemetry = ({"namespace": "shop", "pod": f"checkout-{number}"} for number in (1, 2))
    for code, rate in (("200", 45.0), ("503", 5.0)):
        page.counter("http_requests_total", rate, **client, code=code)
        labels = telemetry | {"http_response_status_code": code}
        page.histogram("http_server_request_duration_seconds", rate, **labels)
    page.histogram("http_request_duration_seconds", 50, **client)
    page.gauge("http_requests_in_flight", 3, **client)
    page.gauge("http_server_active_requests", 4, **telemetry)
    return "\n".join(page.lines) + "\n"


@pytest.fixture(scope="module")
def scraped(sandbox: Any) -> Iterator[int]:
    """Lets the sandbox's Prometheus scrape the exposition; the time of the last sample."""
    end = int(time.time()) - 5
    body = exposition(end).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    targets = [{"targets": [f"127.0.0.1:{server.server_address[1]}"]}]
    job = {"job_name": "canned", "honor_labels": True, "static_configs": targets}
    sandbox.configure_prometheus(yaml.safe_dump({"scrape_configs": [job]}))
    yield end
    sandbox.configure_prometheus("")
    server.shutdown()
    server.server_close()


class AtOneMoment:
    """A client that evaluates everything at one moment."""

    def __init__(self, client: PrometheusClient, at: float) -> None:
        self._client = client
        self.at = at

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        return await self._client.query(promql, at=self.at if at is None else at)


@pytest_asyncio.fixture
async def api(sandbox: Any, scraped: int) -> AsyncIterator[AtOneMoment]:
    async with prometheus.connect(Settings(sandbox.prometheus_url)) as client:
        pinned = AtOneMoment(client, scraped + AGE)
        async with asyncio.timeout(20):
            while not await pinned.query("vllm:num_requests_waiting"):  # noqa: ASYNC110 (a real scrape)
                await asyncio.sleep(0.1)
        yield pinned


async def read(api: AtOneMoment, wanted: Wanted, pods: tuple[Pod, ...]) -> MetricsSnapshot:
    deadline = asyncio.get_running_loop().time() + 30
    snapshots = await SnapshotReader(api).read([wanted], {wanted.key: pods}, now=api.at, deadline=deadline)
    assert snapshots.statistics.failed == 0
    assert snapshots.statistics.degraded == 0
    return snapshots.by_key[wanted.key].snapshot


@pytest.fixture
def pods(make_pod: MakePod, scraped: int) -> tuple[Pod, ...]:
    return tuple(
        make_pod(f"checkout-{number}", containers=("app", "proxy"), started_at=scraped - 3600.0)
        for number in (1, 2)
    )


SERVICE = {
    SignalName.THROUGHPUT: 100.0,
    SignalName.THROUGHPUT_SMOOTH: 100.0,
    SignalName.LATENCY_P50: 0.1,
    SignalName.LATENCY_P99: 0.925,
    SignalName.ERROR_RATE: 0.1,
}


@pytest.mark.parametrize(
    ("preset", "labels", "more"),
    [
        pytest.param("istio", {}, {}, id="istio"),
        pytest.param("linkerd", {}, {}, id="linkerd"),
        pytest.param("ingress-nginx", {}, {}, id="ingress-nginx behind a ServiceMonitor"),
        pytest.param("ingress-nginx", {"service": "plain"}, {}, id="ingress-nginx with its own labels"),
        pytest.param("traefik", {"service": "shop-checkout-80@kubernetescrd"}, {}, id="traefik"),
        pytest.param("http-server", {}, {SignalName.QUEUE_DEPTH: 7.0}, id="two kinds of HTTP servers"),
        pytest.param(
            "vllm", {}, {SignalName.QUEUE_DEPTH: 14.0, SignalName.ERROR_RATE: None}, id="vllm, without errors"
        ),
    ],
)
async def test_a_preset_reads_what_its_source_exposes(
    api: AtOneMoment,
    pods: tuple[Pod, ...],
    preset: str,
    labels: dict[str, str],
    more: dict[SignalName, float | None],
) -> None:
    """Rates, quantiles, share of failures and queue, with the age of the last sample."""
    snapshot = await read(api, Wanted(KEY, "checkout", preset=preset, labels=labels), pods)
    for name, value in (SERVICE | more).items():
        assert snapshot.value(name) == (None if value is None else pytest.approx(value, rel=1e-6)), name
    assert snapshot[SignalName.THROUGHPUT].age(api.at) == pytest.approx(AGE, abs=0.01)
    assert snapshot[SignalName.LATENCY_P99].age(api.at) == pytest.approx(AGE, abs=0.01)


async def test_usage_is_that_of_the_living_pods_containers(api: AtOneMoment, pods: tuple[Pod, ...]) -> None:
    """Each container once, although it is scraped twice; no cgroup sums; nothing of the deleted pod."""
    snapshot = await read(api, Wanted(KEY, "checkout"), pods)
    expected = {
        SignalName.CPU: 1.0,
        SignalName.MEMORY: 4e8,
        SignalName.NETWORK_IO: 350.0,
        SignalName.DISK_IO: 40.0,
        SignalName.THROTTLED: 0.25,
    }
    for name, value in expected.items():
        assert snapshot.value(name) == pytest.approx(value, rel=1e-6), name
        assert snapshot[name].age(api.at) == pytest.approx(AGE, abs=0.01)


async def test_a_quiet_service_is_not_applicable_on_the_real_one_too(
    api: AtOneMoment, pods: tuple[Pod, ...]
) -> None:
    """Zero requests make quantiles NaN, which no rule mistakes for a latency."""
    snapshot = await read(api, Wanted(WorkloadKey("shop", "quiet"), "quiet", preset="istio"), pods)
    assert snapshot.value(SignalName.THROUGHPUT) == 0.0
    for name in (SignalName.LATENCY_P50, SignalName.LATENCY_P99, SignalName.ERROR_RATE):
        assert snapshot[name].state is SignalState.NOT_APPLICABLE


async def test_a_series_that_ended_is_unknown(api: AtOneMoment, pods: tuple[Pod, ...]) -> None:
    """Six minutes after its last sample there is nothing, and a minute after it the value is stale."""
    wanted = Wanted(WorkloadKey("shop", "ended"), "ended", preset="istio", window=600.0)
    assert (await read(api, wanted, pods))[SignalName.THROUGHPUT].reason is UnknownReason.STALE
    api.at -= 25 * STEP - 70
    assert (await read(api, wanted, pods))[SignalName.THROUGHPUT].reason is UnknownReason.STALE
    api.at -= 30
    assert (await read(api, wanted, pods)).value(SignalName.THROUGHPUT) == pytest.approx(7.0)


async def test_the_scrape_interval_is_found(api: AtOneMoment) -> None:
    """15 s, of every source that has been there for ten minutes."""
    presets = ("istio", "linkerd", "ingress-nginx", "http-server", "vllm")
    wanted = [Wanted(KEY, "checkout", preset=preset) for preset in presets]
    for source, text in cadence_queries(wanted, Cadences(), 0.0).items():
        [sample] = await api.query(text)
        assert interval(sample.value) == STEP, source


async def test_labels_cannot_become_queries(api: AtOneMoment, pods: tuple[Pod, ...]) -> None:
    """A value full of quotes and brackets matches nothing, and is one value to Prometheus too."""
    evil = '"} or vector(1e9) or up{a="\\'
    for preset in ("istio", "http-server", "none"):
        snapshot = await read(api, Wanted(KEY, "checkout", preset=preset, labels={"cluster": evil}), pods)
        assert snapshot[SignalName.THROUGHPUT].is_unknown
        # cAdvisor's series have no such label here, so they are not narrowed by it.
        assert snapshot.value(SignalName.CPU) == pytest.approx(1.0)


async def test_an_own_query_may_end_with_a_comment(api: AtOneMoment, pods: tuple[Pod, ...]) -> None:
    """Its timestamps are wrapped, and the bracket survives."""
    mine = OwnQuery(
        "sum(vllm:num_requests_waiting) # all", "max(timestamp(vllm:num_requests_waiting)) # newest"
    )
    wanted = Wanted(KEY, "checkout", queries={SignalName.QUEUE_DEPTH: mine})
    signal = (await read(api, wanted, pods))[SignalName.QUEUE_DEPTH]
    assert signal.value == 12.0
    assert signal.age(api.at) == pytest.approx(AGE, abs=0.01)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.91, 0.99, 1.0])
async def test_our_quantiles_are_those_of_histogram_quantile(api: AtOneMoment, share: float) -> None:
    """The estimate over summed buckets is Prometheus' own, to the last digits."""
    buckets = 'sum by (le) (rate(http_request_duration_seconds_bucket{pod="checkout-1"}[1m]))'
    counts = {float(one.labels["le"]): one.value for one in await api.query(buckets)}
    [theirs] = await api.query(f"histogram_quantile({share}, {buckets})")
    assert estimate(share, counts) == pytest.approx(theirs.value, rel=1e-12)
    assert math.isfinite(theirs.value)

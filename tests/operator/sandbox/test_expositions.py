"""The exporters' text, read back with Prometheus' own client library."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from rlautoscaler.sandbox import expositions, families
from rlautoscaler.sandbox.expositions import Exporter
from rlautoscaler.sandbox.loads import Loads
from rlautoscaler.sandbox.pods import DeploymentView, Fleet
from rlautoscaler.sandbox.services import SandboxService, Source

Service = Callable[..., SandboxService]
MakeFleet = Callable[..., Fleet]
Series = tuple[str, frozenset[tuple[str, str]]]

ALL = frozenset(Source)


def driven(service: SandboxService, *fleets: Fleet, seconds: float = 60.0) -> Loads:
    loads = Loads([service], np.random.default_rng(3))
    for number, fleet in enumerate(fleets, start=1):
        loads.advance([fleet], now=number * seconds, elapsed=number * seconds, seconds=seconds)
    return loads


def read(exporter: Exporter, loads: Loads) -> dict[Series, float]:
    text = families.text(expositions.of(exporter, loads))
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def having(series: dict[Series, float], name: str, **labels: str) -> list[float]:
    wanted = set(labels.items())
    return [value for (found, has), value in series.items() if found == name and wanted <= has]


def test_cadvisor_tells_of_running_pods(service: Service, fleet: MakeFleet) -> None:
    """Each running pod has every series once, with namespace, pod and container."""
    series = read(Exporter.CADVISOR, driven(service(), fleet("a", "b", starting=("c",))))
    by_container = {"namespace": "shop", "container": "app"}
    for name in (
        "container_cpu_usage_seconds_total",
        "container_cpu_cfs_periods_total",
        "container_cpu_cfs_throttled_periods_total",
        "container_memory_working_set_bytes",
        "container_fs_reads_bytes_total",
        "container_fs_writes_bytes_total",
    ):
        assert len(having(series, name, **by_container)) == 3, name
    for direction in ("receive", "transmit"):
        name = f"container_network_{direction}_bytes_total"
        assert len(having(series, name, namespace="shop", interface="eth0")) == 3
    assert having(series, "container_memory_working_set_bytes", pod="c") == [64 * 2**20]


def test_series_of_dead_pods_vanish(service: Service, fleet: MakeFleet) -> None:
    """A pod that is gone from the API server is gone from every exporter at the next step."""
    loads = driven(service(metrics=ALL), fleet("a", "b"), fleet("b"))
    for exporter in (Exporter.CADVISOR, Exporter.ISTIO, Exporter.HTTP_SERVER, Exporter.KUBE_STATE_METRICS):
        series = read(exporter, loads)
        assert series
        assert not any(("pod", "a") in labels for _, labels in series), exporter


def test_istio_tells_as_the_called_pods_sidecar(service: Service, fleet: MakeFleet) -> None:
    """Requests carry reporter, workload and code; the histogram is in milliseconds with Istio's bounds."""
    series = read(Exporter.ISTIO, driven(service(rate=40.0), fleet("a", "b")))
    labels = {"reporter": "destination", "destination_workload": "checkout", "response_code": "200"}
    labels |= {"destination_workload_namespace": "shop", "pod": "a"}
    (requests,) = having(series, "istio_requests_total", **labels)
    assert requests == pytest.approx(1200, rel=0.1)
    name = "istio_request_duration_milliseconds"
    assert having(series, f"{name}_count", **labels) == [requests]
    assert having(series, f"{name}_bucket", le="+Inf", **labels) == [requests]
    bounds = [dict(has)["le"] for found, has in series if found == f"{name}_bucket" and ("pod", "a") in has]
    assert bounds[:5] == ["0.5", "1", "5", "10", "25"]
    assert bounds[-2:] == ["3600000", "+Inf"] or bounds[-2:] == ["3.6e+06", "+Inf"]
    mean = having(series, f"{name}_sum", **labels)[0] / requests
    assert 10 < mean < 100  # about 25 ms


def test_errors_do_not_exist_before_the_first(service: Service, fleet: MakeFleet) -> None:
    """No exporter has a 5xx series until a request has failed."""
    calm, broken = service(rate=10.0, metrics=ALL), service(rate=1000.0, metrics=ALL)
    for exporter, label in (
        (Exporter.ISTIO, "response_code"),
        (Exporter.HTTP_SERVER, "code"),
        (Exporter.INGRESS_NGINX, "status"),
    ):
        codes = [
            {
                dict(labels)[label]
                for _, labels in read(exporter, driven(one, fleet("a")))
                if label in dict(labels)
            }
            for one in (calm, broken)
        ]
        assert codes == [{"200"}, {"200", "503"}], exporter


def test_histograms_are_ordered(service: Service, fleet: MakeFleet) -> None:
    """Buckets never fall with their bound, for answers and for errors."""
    series = read(Exporter.ISTIO, driven(service(rate=300.0), fleet("a")))
    for code in ("200", "503"):
        buckets = having(series, "istio_request_duration_milliseconds_bucket", response_code=code)
        assert len(buckets) == 20
        assert buckets == sorted(buckets)


def test_a_plain_server_tells_its_queue(service: Service, fleet: MakeFleet) -> None:
    """Requests in flight are a gauge by pod, large where the service is overloaded."""
    series = read(Exporter.HTTP_SERVER, driven(service(rate=300.0, metrics=ALL), fleet("a", "b")))
    queues = having(series, "http_requests_in_flight", namespace="shop")
    assert len(queues) == 2
    assert queues[0] > 100
    assert having(series, "http_request_duration_seconds_bucket", le="0.005", pod="a", code="200")
    assert not having(series, "http_request_duration_seconds_bucket", le="60")


def test_the_ingress_outlives_pods(service: Service, fleet: MakeFleet) -> None:
    """Its counters go on when every pod has been replaced."""
    one = service(rate=40.0, metrics=ALL)
    before = driven(one, fleet("a"))
    after = driven(one, fleet("a"), fleet("b"))
    labels = {"exported_namespace": "shop", "exported_service": "checkout", "status": "200"}
    name = "nginx_ingress_controller_requests_total"  # the parser's way to name every counter
    (first,) = having(read(Exporter.INGRESS_NGINX, before), name, **labels)
    (second,) = having(read(Exporter.INGRESS_NGINX, after), name, **labels)
    assert second == pytest.approx(2 * first, rel=0.1)


@pytest.mark.parametrize("source", list(Source))
def test_a_service_has_only_the_metrics_it_asked_for(
    service: Service, fleet: MakeFleet, source: Source
) -> None:
    """Of the request metrics only those named, of cAdvisor's always all."""
    loads = driven(service(metrics={source}), fleet("a"))
    told = {exporter.value for exporter in Exporter if read(exporter, loads)}
    assert told == {"cadvisor", "kube-state-metrics", source.value}


def test_kube_state_metrics_tells_what_the_api_server_says(service: Service, fleet: MakeFleet) -> None:
    """Deployments' counts, pods' readiness and their sizes."""
    pods = fleet("a", starting=("b",)).pods
    loads = driven(
        service(), Fleet(pods, DeploymentView("checkout", replicas=2, observed=2, ready=1, available=1))
    )
    series = read(Exporter.KUBE_STATE_METRICS, loads)
    assert having(series, "kube_deployment_spec_replicas", deployment="checkout") == [2]
    assert having(series, "kube_deployment_status_replicas_ready", deployment="checkout") == [1]
    assert having(series, "kube_pod_status_ready", pod="b", condition="true") == [0]
    assert having(series, "kube_pod_status_ready", pod="b", condition="false") == [1]
    assert having(series, "kube_pod_container_resource_limits", pod="a", resource="cpu") == [0.5]

"""The services' metrics under the names that a real cluster's exporters use.

Series carry the labels they have once Prometheus has scraped them (`namespace`, `pod`), so that scrapes must
honour them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

from rlautoscaler.sandbox import families
from rlautoscaler.sandbox.counters import BOUNDS, Figure
from rlautoscaler.sandbox.families import Family, Row, Sample
from rlautoscaler.sandbox.loads import Loads, RunningPod
from rlautoscaler.sandbox.pods import DeploymentView, PodView
from rlautoscaler.sandbox.services import SandboxService, Source


class Exporter(StrEnum):
    """Who would expose the metrics in a real cluster; each is one scrape job."""

    CADVISOR = "cadvisor"
    KUBE_STATE_METRICS = "kube-state-metrics"
    ISTIO = Source.ISTIO.value
    HTTP_SERVER = Source.HTTP_SERVER.value
    INGRESS_NGINX = Source.INGRESS_NGINX.value


_ISTIO_BOUNDS = {f"{bound * 1000:g}": index for index, bound in enumerate(BOUNDS)}
_CLIENT_BOUNDS = {f"{bound:g}": index for index, bound in enumerate(BOUNDS) if 0.005 <= bound <= 10.0}
"""Default buckets of Prometheus' client libraries and of ingress-nginx."""

_INGRESS_POD = 'namespace="ingress-nginx",pod="ingress-nginx-controller-0"'


def of(exporter: Exporter, loads: Loads) -> list[Family]:
    """What an exporter shows now."""
    return _EXPORTERS[exporter](loads)


def _cadvisor(loads: Loads) -> list[Family]:
    pods = loads.running
    sums = loads.by_pod.shown([pod.key for pod in pods]).tolist()
    containers = [f'{_pod(pod)},container="{pod.pod.container}"' for pod in pods]
    networks = [f'{_pod(pod)},interface="eth0"' for pod in pods]
    disks = [f'{labels},device="/dev/vda"' for labels in containers]

    def counted(name: str, figure: Figure, labels: list[str]) -> Family:
        return families.counter(name, zip(labels, (row[figure] for row in sums), strict=True))

    memory = zip(containers, (round(pod.memory) for pod in pods), strict=True)
    return [
        counted("container_cpu_usage_seconds_total", Figure.CPU_SECONDS, containers),
        counted("container_cpu_cfs_periods_total", Figure.CFS_PERIODS, containers),
        counted("container_cpu_cfs_throttled_periods_total", Figure.THROTTLED_PERIODS, containers),
        families.gauge("container_memory_working_set_bytes", memory),
        counted("container_network_receive_bytes_total", Figure.RECEIVED, networks),
        counted("container_network_transmit_bytes_total", Figure.SENT, networks),
        counted("container_fs_reads_bytes_total", Figure.READ, disks),
        counted("container_fs_writes_bytes_total", Figure.WRITTEN, disks),
    ]


def _kube_state_metrics(loads: Loads) -> list[Family]:
    owned = list(zip(loads.services, loads.fleets, strict=True))
    deployments = [
        (f'namespace="{service.namespace}",deployment="{service.name}"', fleet.deployment)
        for service, fleet in owned
        if fleet.deployment is not None
    ]
    pods = [
        (f'namespace="{service.namespace}",pod="{pod.name}"', pod)
        for service, fleet in owned
        for pod in fleet.pods
    ]
    return [*_of_deployments(deployments), *_of_pods(pods)]


def _of_deployments(deployments: list[tuple[str, DeploymentView]]) -> list[Family]:
    figures: Mapping[str, Callable[[DeploymentView], float]] = {
        "kube_deployment_spec_replicas": lambda one: one.replicas,
        "kube_deployment_status_replicas": lambda one: one.observed,
        "kube_deployment_status_replicas_ready": lambda one: one.ready,
        "kube_deployment_status_replicas_available": lambda one: one.available,
    }
    return [
        families.gauge(name, ((labels, figure(one)) for labels, one in deployments))
        for name, figure in figures.items()
    ]


def _of_pods(pods: list[tuple[str, PodView]]) -> list[Family]:
    ready = [
        (f'{labels},condition="{condition}"', float(pod.is_ready is is_true))
        for labels, pod in pods
        for condition, is_true in (("true", True), ("false", False))
    ]
    phases = [(f'{labels},phase="{pod.phase}"', 1.0) for labels, pod in pods]
    requests = [
        row for labels, pod in pods for row in _sizes(labels, pod, pod.cpu_request, pod.memory_request)
    ]
    limits = [row for labels, pod in pods for row in _sizes(labels, pod, pod.cpu_limit, pod.memory_limit)]
    return [
        families.gauge("kube_pod_status_ready", ready),
        families.gauge("kube_pod_status_phase", phases),
        families.gauge("kube_pod_container_resource_requests", requests),
        families.gauge("kube_pod_container_resource_limits", limits),
    ]


def _sizes(labels: str, pod: PodView, cpu: float | None, memory: float | None) -> Iterator[Sample]:
    of_container = f'{labels},container="{pod.container}"'
    if cpu is not None:
        yield f'{of_container},resource="cpu",unit="core"', cpu
    if memory is not None:
        yield f'{of_container},resource="memory",unit="byte"', memory


def _istio(loads: Loads) -> list[Family]:
    """As the called pod's sidecar tells it."""
    rows = [(f"{_pod(pod)},{_workload(pod.service)}", sums) for pod, sums in _counted(Source.ISTIO, loads)]
    return [
        families.requests("istio_requests_total", rows),
        families.durations("istio_request_duration_milliseconds", rows, _ISTIO_BOUNDS, unit=1e-3),
    ]


def _http_server(loads: Loads) -> list[Family]:
    """As the pods' own client library tells it."""
    pods = _counted(Source.HTTP_SERVER, loads)
    rows = [(f'{_pod(pod)},method="GET",code="{{code}}"', sums) for pod, sums in pods]
    return [
        families.requests("http_requests_total", rows),
        families.durations("http_request_duration_seconds", rows, _CLIENT_BOUNDS),
        families.gauge("http_requests_in_flight", ((_pod(pod), round(pod.in_flight)) for pod, _ in pods)),
    ]


def _ingress_nginx(loads: Loads) -> list[Family]:
    """As the controller tells it, which outlives the pods of the service."""
    services = [service for service in loads.services if Source.INGRESS_NGINX in service.metrics]
    sums = loads.by_service.shown([service.key for service in services]).tolist()
    rows: list[Row] = [(_ingress(service), row) for service, row in zip(services, sums, strict=True)]
    return [
        families.requests("nginx_ingress_controller_requests", rows),
        families.durations("nginx_ingress_controller_request_duration_seconds", rows, _CLIENT_BOUNDS),
    ]


def _counted(source: Source, loads: Loads) -> list[tuple[RunningPod, list[float]]]:
    pods = [pod for pod in loads.running if source in pod.service.metrics]
    sums = loads.by_pod.shown([pod.key for pod in pods]).tolist()
    return list(zip(pods, sums, strict=True))


def _pod(pod: RunningPod) -> str:
    return f'namespace="{pod.service.namespace}",pod="{pod.pod.name}"'


def _workload(service: SandboxService) -> str:
    return (
        f'reporter="destination",destination_workload="{service.name}",'
        f'destination_workload_namespace="{service.namespace}",request_protocol="http",'
        f'response_code="{{code}}"'
    )


def _ingress(service: SandboxService) -> str:
    return (
        f'{_INGRESS_POD},exported_namespace="{service.namespace}",exported_service="{service.name}",'
        f'ingress="{service.name}",status="{{code}}"'
    )


_EXPORTERS: Mapping[Exporter, Callable[[Loads], list[Family]]] = MappingProxyType(
    {
        Exporter.CADVISOR: _cadvisor,
        Exporter.KUBE_STATE_METRICS: _kube_state_metrics,
        Exporter.ISTIO: _istio,
        Exporter.HTTP_SERVER: _http_server,
        Exporter.INGRESS_NGINX: _ingress_nginx,
    }
)

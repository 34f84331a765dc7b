"""Where well-known meshes, proxies and servers keep request rate, latency, errors and queue.

| preset | whose metrics | found by |
|---|---|---|
| `istio` | the sidecar of the called pod, `reporter="destination"` | `destination_workload_namespace` and `destination_workload`: the name of the Deployment itself |
| `linkerd` | the proxy of the called pod, `direction="inbound"` | `namespace` and `pod`, which its own scrape configuration sets |
| `ingress-nginx` | the ingress controller | `namespace` and `service` of the Ingress's backend. Scraped through a ServiceMonitor they arrive as `exported_namespace` and `exported_service`, since the controller's pod has labels of these names too |
| `traefik` | the ingress controller | `service`, as `shop-checkout-80@kubernetescrd`: it cannot be derived, so `spec.metrics.labels` has to name it |
| `http-server` | the pods themselves: Prometheus' usual names, or OpenTelemetry's | `namespace` and `pod`, which a PodMonitor or ServiceMonitor sets |
| `vllm` | the pods themselves | `namespace` and `pod`, likewise |

Where series are found by `pod`, they are joined to the target through owner references, so labels that
overlap between workloads mix nothing up. Where they are found by a name, it is the target's, unless
`spec.metrics.labels` gives that label another value: a Service called otherwise than its Deployment is named
there.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NONE = "none"


@dataclass(frozen=True, slots=True)
class Family:
    """One way to name the same measurements."""

    requests: str
    """A counter with one increment for each answered request."""
    histogram: str
    """A histogram of their durations, without `_bucket`."""
    unit: float = 1.0
    """Seconds in one unit of the histogram."""
    failed: tuple[str, ...] = ()
    """Matchers, each of which picks failed requests out of `requests`; empty where nobody tells."""
    queue: tuple[str, ...] = ()
    """Gauges that add up to the requests accepted and not yet answered."""


@dataclass(frozen=True, slots=True)
class Preset:
    """How the series of one source are named and found."""

    families: tuple[Family, ...]
    """Tried in order, for each workload or pod alone."""
    by: tuple[str, ...] = ("namespace", "pod")
    """Labels that find a workload, or with `per_pod` a pod: its namespace, where there is such a label, and
    its name."""
    per_pod: bool = True
    scope: str = "namespace"
    """Label that narrows queries to the namespaces in use; empty where there is none."""
    matchers: Mapping[str, str] = field(default_factory=dict)
    """Unless `spec.metrics.labels` says otherwise."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Labels to take the value of another label, where that is there."""


ISTIO = Preset(
    (
        Family(
            requests="istio_requests_total",
            histogram="istio_request_duration_milliseconds",
            unit=1e-3,
            failed=('response_code=~"5.."',),
        ),
    ),
    by=("destination_workload_namespace", "destination_workload"),
    per_pod=False,
    scope="destination_workload_namespace",
    matchers={"reporter": "destination"},
)

LINKERD = Preset(
    (
        Family(
            requests="response_total",
            histogram="response_latency_ms",
            unit=1e-3,
            failed=('classification="failure"',),
        ),
    ),
    matchers={"direction": "inbound"},
)

INGRESS_NGINX = Preset(
    (
        Family(
            requests="nginx_ingress_controller_requests",
            histogram="nginx_ingress_controller_request_duration_seconds",
            failed=('status=~"5.."',),
        ),
    ),
    by=("namespace", "service"),
    per_pod=False,
    scope="exported_namespace",
    renamed={"namespace": "exported_namespace", "service": "exported_service"},
)

TRAEFIK = Preset(
    (
        Family(
            requests="traefik_service_requests_total",
            histogram="traefik_service_request_duration_seconds",
            failed=('code=~"5.."',),
        ),
    ),
    by=("service",),
    per_pod=False,
    scope="",
    # Prometheus' Kubernetes service discovery has a label of this name too.
    renamed={"service": "exported_service"},
)

HTTP_SERVER = Preset(
    (
        Family(
            requests="http_requests_total",
            histogram="http_request_duration_seconds",
            # Client libraries do not agree; one that reports classes writes 5xx.
            failed=('code=~"5.."', 'status=~"5.."', 'status_code=~"5.."'),
            queue=("http_requests_in_flight",),
        ),
        Family(
            requests="http_server_request_duration_seconds_count",
            histogram="http_server_request_duration_seconds",
            failed=('http_response_status_code=~"5.."',),
            queue=("http_server_active_requests",),
        ),
    )
)

VLLM = Preset(
    (
        Family(
            requests="vllm:request_success_total",
            histogram="vllm:e2e_request_latency_seconds",
            queue=("vllm:num_requests_running", "vllm:num_requests_waiting"),
        ),
    )
)

BY_NAME: Mapping[str, Preset] = MappingProxyType(
    {
        "istio": ISTIO,
        "linkerd": LINKERD,
        "ingress-nginx": INGRESS_NGINX,
        "traefik": TRAEFIK,
        "http-server": HTTP_SERVER,
        "vllm": VLLM,
    }
)
"""All presets but `none`, which has no request metrics."""

"""The settings of the process in groups: what each means, its unit, its default and why.

What concerns one service stands in its custom resource instead. Secrets are named by file, because flags and
environment are readable by others and outlive their rotation. Durations are written as `15s`.

No field may be called `port` or end in `_service_host` and the like: for a Service called `rlautoscaler…`,
Kubernetes puts such variables into the environment of all pods of its namespace.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import CoreSchema, core_schema

from rlagents.policies.hpa import PRODUCTION, HpaParameters
from rlagents.structs.objectives import Prices
from rlautoscaler.resources import durations


class Duration(float):
    """Seconds that are read and shown as a duration. At most a day."""

    def __str__(self) -> str:
        return durations.written(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> CoreSchema:
        amount = core_schema.float_schema(gt=0, le=86400)
        return core_schema.chain_schema(
            [
                core_schema.no_info_plain_validator_function(_read_duration),
                core_schema.no_info_after_validator_function(cls, amount),
            ]
        )


def _read_duration(value: Any) -> Any:
    return durations.seconds(value) if isinstance(value, str) else value


def _check_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("write it like http://prometheus.monitoring.svc:9090")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("only host, port and path may be in it; credentials have settings of their own")
    return value


Port = Annotated[int, Field(ge=0, le=65535)]
Price = Annotated[float, Field(ge=0)]


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ClusterSettings(_Group):
    """Which cluster, and how much of it."""

    kubeconfig: Path | None = None
    """Kubeconfig file. Default: KUBECONFIG, then the pod's service account, then ~/.kube/config."""

    context: str | None = None
    """Context of the kubeconfig. Default: its current one."""

    namespace: str | None = None
    """The only namespace to work in. Default: all, which needs cluster-wide rights."""

    switch_name: str = "rlautoscaler-switch"
    """ConfigMap in the operator's namespace; `force-baseline: "true"` in its data puts every autoscaler on
    the baseline within a tick. Default rlautoscaler-switch. It need not exist."""


class PrometheusSettings(_Group):
    """Where signals are read."""

    prometheus_url: Annotated[str, AfterValidator(_check_url)] = (
        "http://prometheus-operated.monitoring.svc:9090"
    )
    """URL of Prometheus or what speaks its API, with the path prefix if it has one. The default is what the
    Prometheus operator calls its own, in the namespace `monitoring`."""

    prometheus_bearer_token_file: Path | None = None
    """File with a bearer token, read for every query because tokens are renewed in place. Default: none."""

    prometheus_username: str | None = None
    """User name for basic authentication, with prometheus_password_file. Default: none."""

    prometheus_password_file: Path | None = None
    """File with the password, read for every query. Default: none."""

    prometheus_ca_file: Path | None = None
    """Certificates that vouch for the server, PEM. Default: those of the system."""

    prometheus_client_certificate_file: Path | None = None
    """Client certificate, PEM, with prometheus_client_key_file. Default: none."""

    prometheus_client_key_file: Path | None = None
    """Key of the client certificate, PEM. Default: none."""

    prometheus_headers: dict[str, str] = Field(default={}, repr=False)
    """Headers of every query, as X-Scope-OrgID=shop for Mimir. Default: none."""

    prometheus_timeout: Duration = Duration(5)
    """Time for one query. Default 5s: below the tick's deadline, so that one slow query leaves time to
    act."""

    @model_validator(mode="after")
    def _check_prometheus(self) -> Self:
        if (self.prometheus_username is None) != (self.prometheus_password_file is None):
            raise ValueError("prometheus_username and prometheus_password_file need each other")
        if (self.prometheus_client_certificate_file is None) != (self.prometheus_client_key_file is None):
            raise ValueError("prometheus_client_certificate_file and …_key_file need each other")
        if self.prometheus_bearer_token_file is not None and self.prometheus_username is not None:
            raise ValueError("give either prometheus_bearer_token_file or prometheus_username, not both")
        return self


class TickSettings(_Group):
    """The decision loop."""

    tick_deadline: Duration = Duration(10)
    """Time for reading all signals of a tick; what has not come by then is unknown in this tick. Default 10s.
    It is never more than two thirds of the interval, which leaves the rest for deciding and writing."""

    def reading_time(self, interval: float) -> float:
        """Seconds for reading in a tick of a loop with this interval (seconds)."""
        return min(self.tick_deadline, interval * 2 / 3)


class BaselineSettings(_Group):
    """How the cluster's own HPA controller is set, so that the baseline is exactly that HPA.

    Managed clusters leave these at their defaults; elsewhere copy the kube-controller-manager's flags of the
    same names (--horizontal-pod-autoscaler-…).
    """

    hpa_tolerance: Annotated[float, Field(ge=0, lt=1)] = PRODUCTION.tolerance
    """How far a metric may be from its target without a change. Default 0.1, as Kubernetes'."""

    hpa_cpu_initialization_period: Duration = Duration(PRODUCTION.cpu_initialization_period)
    """Age up to which a pod's CPU is believed only after a while of readiness. Default 5m, as Kubernetes'."""

    hpa_initial_readiness_delay: Duration = Duration(PRODUCTION.initial_readiness_delay)
    """Time after its start in which an unready pod counts as never ready. Default 30s, as Kubernetes'."""

    hpa_downscale_stabilization: Duration = Duration(PRODUCTION.downscale_window)
    """How long a recommendation holds off smaller ones where the spec names no window. Default 5m, as
    Kubernetes'."""

    hpa_scale_to_zero: bool = True
    """Whether minReplicas may be 0: the feature gate HPAScaleToZero of the API server and the controller
    manager. Default on, as in Kubernetes from 1.37; before that no HPA has a minimum of 0 unless the gate was
    switched on, so nothing differs for an HPA that was taken over."""

    @property
    def hpa_parameters(self) -> HpaParameters:
        """For the baseline."""
        return HpaParameters(
            tolerance=self.hpa_tolerance,
            cpu_initialization_period=self.hpa_cpu_initialization_period,
            initial_readiness_delay=self.hpa_initial_readiness_delay,
            downscale_window=self.hpa_downscale_stabilization,
            scale_to_zero=self.hpa_scale_to_zero,
        )


class LeaseSettings(_Group):
    """Who acts, of several replicas of the operator."""

    lease_name: str = "rlautoscaler"
    """Name of the Lease that the acting replica holds. Default rlautoscaler. Two installations in one
    namespace need two names."""

    lease_namespace: str | None = None
    """Namespace of the Lease, and of the switch. Default: the pod's own, or `default` outside a cluster."""

    lease_duration: Duration = Duration(15)
    """Time after which a standby may take a Lease that nobody renewed. Default 15s, as Kubernetes'
    controllers. Longer survives a slower API server and leaves services unattended for longer."""

    lease_renew_deadline: Duration = Duration(10)
    """Time after which a holder that could not renew stops acting; shorter than lease_duration. Default
    10s."""

    lease_retry_period: Duration = Duration(2)
    """Time between two attempts; shorter than lease_renew_deadline. Default 2s."""

    @model_validator(mode="after")
    def _check_lease(self) -> Self:
        if not self.lease_retry_period < self.lease_renew_deadline < self.lease_duration:
            raise ValueError("lease_retry_period < lease_renew_deadline < lease_duration must hold")
        return self


class ServingSettings(_Group):
    """What the process tells others: metrics, probes, logs."""

    listen_address: str = "0.0.0.0"
    """Address for /metrics, /healthz and /readyz. Default 0.0.0.0, all, because kubelet and Prometheus ask
    from outside the pod."""

    listen_port: Port = 8080
    """Port for the same; 0 for any free one. Default 8080."""

    log_format: Literal["auto", "json", "plain"] = "auto"
    """json, plain, or auto (plain in a terminal, else json). Default auto."""

    log_level: Literal["info", "debug"] = "info"
    """info, or debug for each tick's details. Default info: a line for each change."""


class PriceSettings(_Group):
    """Prices for autoscalers that name none (`spec.objective.cost`)."""

    price_cpu_core_hour: Price = Prices().cpu_core_hour
    """Price of one CPU core for one hour, in any currency. Default 0.033, a usual one in US dollars."""

    price_memory_gib_hour: Price = Prices().memory_gib_hour
    """Price of one GiB of memory for one hour. Default 0.0045."""

    @property
    def prices(self) -> Prices:
        """For objectives."""
        return Prices(self.price_cpu_core_hour, self.price_memory_gib_hour)

"""`spec.metrics`: where the service's signals come from."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, Strict

from rlautoscaler.resources import durations
from rlautoscaler.resources.documents import DROPS_NULLS, Part
from rlautoscaler.resources.rules import Rule


class Preset(StrEnum):
    """A ready-made set of queries."""

    NONE = "none"
    ISTIO = "istio"
    LINKERD = "linkerd"
    INGRESS_NGINX = "ingress-nginx"
    TRAEFIK = "traefik"
    HTTP_SERVER = "http-server"
    VLLM = "vllm"


class Query(Part):
    """Your own PromQL for one signal."""

    place = "metrics.queries"

    query: Annotated[str, Field(min_length=1, max_length=4096)]
    """PromQL that gives one number for this workload, in the unit of the signal. An empty answer is an
    unknown value, never 0."""

    timestampQuery: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    """PromQL that gives the time of the newest raw sample behind `query`, in seconds since the epoch, as
    `max(timestamp(my_requests_total{app="checkout"}))`. Default: none, and then the value's age is unknown
    and it never argues for removing replicas."""


class Queries(Part):
    """Your own PromQL, signal by signal, in place of what the preset has for it."""

    place = "metrics.queries"

    throughput: Query | None = None
    """Requests per second now (`irate` is best: fresh beats smooth)."""

    throughputSmooth: Query | None = None
    """Requests per second over `metrics.window` (`rate`)."""

    latencyP50: Query | None = None
    """Median latency in seconds."""

    latencyP99: Query | None = None
    """99th percentile of latency in seconds."""

    errorRate: Query | None = None
    """Failed requests as a share of all, from 0 to 1."""

    queueDepth: Query | None = None
    """Requests accepted and not yet answered, over all pods."""

    cpu: Query | None = None
    """CPU cores in use, over all pods."""

    memory: Query | None = None
    """Bytes of memory in use (working set), over all pods."""

    networkIO: Query | None = None
    """Bytes per second received and sent, over all pods."""

    diskIO: Query | None = None
    """Bytes per second read and written, over all pods."""

    throttled: Query | None = None
    """Share of scheduling periods in which the pods were held back at their CPU limit, from 0 to 1."""


LabelValue = Annotated[str, Field(max_length=256)]


class Metrics(Part):
    """Where the signals come from. Every signal may be missing: what is unknown never argues for removing
    replicas, and the policy then works on what is left."""

    place = "metrics"
    own_rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.labels.all(name, size(name) <= 128 && name.matches('^[a-zA-Z_][a-zA-Z0-9_]*$'))",
            holds=lambda metrics: all(_is_label_name(name) for name in metrics.labels),
            message="labels must have names of letters, digits and '_' that do not start with a digit",
            field="labels",
        ),
    )

    preset: Annotated[Preset, Strict(False)] = Preset.NONE
    """The queries to start from: `istio`, `ingress-nginx`, `http-server` (the HTTP server metrics of
    OpenTelemetry and the client libraries), or `none` (CPU and memory from cAdvisor alone); not available yet
    are `linkerd`, `traefik` and `vllm`. Default `none`. Without request metrics the policy works on CPU."""

    labels: Annotated[dict[str, LabelValue], DROPS_NULLS] = Field(default={}, max_length=16)
    """Extra label matchers for the preset's queries, name to exact value, as `cluster: eu-1`. Default: none.
    Set it where one Prometheus holds several clusters."""

    queries: Queries = Queries()
    """Default: none."""

    window: Annotated[str, durations.auto_or_between("1s", "1h", usual="1m")] = "auto"
    """Time over which rates are averaged, as a duration. Default `auto`: four times the scrape interval
    found, at least 1m. Shorter sees a rise earlier and is noisier."""

    staleAfter: Annotated[str, durations.auto_or_between("1s", "1h", usual="1m")] = "auto"
    """Age from which a sample counts as unknown, as a duration. Default `auto`: three times the scrape
    interval, at least 60s."""


def _is_label_name(name: str) -> bool:
    return name.isascii() and name.isidentifier() and len(name) <= 128

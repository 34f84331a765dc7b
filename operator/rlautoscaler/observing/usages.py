"""The queries for CPU, memory, network, disk and throttling, from cAdvisor, for all autoscalers alike.

cAdvisor knows pods and containers and no workload. `max` over everything else counts a container once that
two jobs scrape, or that has restarted and has a series for each life.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rlautoscaler.observing import promql
from rlautoscaler.observing.presets import Preset

CPU = "container_cpu_usage_seconds_total"
MEMORY = "container_memory_working_set_bytes"
NETWORK = ("container_network_receive_bytes_total", "container_network_transmit_bytes_total")
DISK = ("container_fs_reads_bytes_total", "container_fs_writes_bytes_total")
THROTTLED = "container_cpu_cfs_throttled_periods_total"
PERIODS = "container_cpu_cfs_periods_total"

BY_POD = ("namespace", "pod")
BY_CONTAINER = ("namespace", "pod", "container")

_CONTAINERS = ('container!=""', 'container!="POD"')
"""Not the sums over a pod's cgroup, and not the container that holds its network."""

_OF_THE_SCRAPE = frozenset(
    {"container", "endpoint", "instance", "job", "metrics_path", "namespace", "node", "pod", "service"}
)
"""Labels that say something else in cAdvisor's series than in those of requests."""


@dataclass(frozen=True, slots=True)
class UsageQueries:
    """PromQL for one set of labels and one window."""

    window: float
    cpu: str
    """Cores, by container, of the last two samples."""
    cpu_age: str
    memory: str
    """Bytes, by container."""
    memory_age: str
    network: str
    """Bytes per second, by pod: its containers share the network."""
    network_age: str
    disk: str
    """Bytes per second, by container."""
    disk_age: str
    throttled: str
    """CFS periods per second in which the container was throttled."""
    periods: str
    """CFS periods per second in which it wanted to run."""
    periods_age: str

    def texts(self) -> list[str]:
        """All of it, the most wanted first."""
        return [
            self.cpu,
            self.cpu_age,
            self.memory,
            self.memory_age,
            self.throttled,
            self.periods,
            self.periods_age,
            self.network,
            self.network_age,
            self.disk,
            self.disk_age,
        ]


def applicable(preset: Preset | None, labels: Mapping[str, str]) -> dict[str, str]:
    """The labels of `spec.metrics.labels` that may narrow cAdvisor's series, too.

    A label that names the cluster must; one that names a Service or a job must not. What is left narrows
    only series that have such a label at all.
    """
    of_preset = {*preset.by, *preset.matchers, *preset.renamed.values()} if preset else set()
    return {name: value for name, value in labels.items() if name not in _OF_THE_SCRAPE | of_preset}


def queries(labels: Mapping[str, str], namespaces: Iterable[str], window: float) -> UsageQueries:
    """Queries for all pods of the namespaces. Raises `QueryError` for wrong labels."""
    matchers = _matchers(labels, namespaces)
    pods = _Source(tuple(matchers), BY_POD, promql.duration(window))
    containers = _Source((*matchers, *_CONTAINERS), BY_CONTAINER, promql.duration(window))
    return UsageQueries(
        window=window,
        cpu=containers.one(containers.rate(CPU, "irate")),
        cpu_age=containers.age(CPU),
        memory=containers.one(containers.series(MEMORY)),
        memory_age=containers.age(MEMORY),
        network=pods.added(NETWORK, "interface"),
        network_age=pods.age(*NETWORK),
        disk=containers.added(DISK, "device"),
        disk_age=containers.age(*DISK),
        throttled=containers.one(containers.rate(THROTTLED)),
        periods=containers.one(containers.rate(PERIODS)),
        periods_age=containers.age(PERIODS),
    )


def cadence(labels: Mapping[str, str], namespaces: Iterable[str]) -> str:
    """Selector of raw series, from whose samples the scrape interval can be told."""
    return promql.selector(CPU, [*_matchers(labels, namespaces), *_CONTAINERS])


@dataclass(frozen=True, slots=True)
class _Source:
    """What the expressions of one granularity have in common."""

    matchers: tuple[str, ...]
    by: tuple[str, ...]
    span: str

    def series(self, metric: str) -> str:
        return promql.selector(metric, self.matchers)

    def rate(self, metric: str, function: str = "rate") -> str:
        return f"{function}({self.series(metric)}[{self.span}])"

    def one(self, expression: str, *labels: str) -> str:
        return f"max by ({', '.join((*self.by, *labels))}) ({expression})"

    def added(self, metrics: tuple[str, ...], part: str) -> str:
        """The sum of both directions over all interfaces or devices, where either direction may be absent."""
        directions = [
            f'label_replace({self.one(self.rate(metric), part)}, "direction", "{number}", "", "")'
            for number, metric in enumerate(metrics)
        ]
        return f"sum by ({', '.join(self.by)}) ({' or '.join(directions)})"

    def age(self, *metrics: str) -> str:
        """Seconds since the newest raw sample."""
        newest = " or ".join(f"timestamp({self.series(metric)})" for metric in metrics)
        return promql.age(self.one(newest))


def _matchers(labels: Mapping[str, str], namespaces: Iterable[str]) -> list[str]:
    return promql.equal_or_absent(labels) + promql.one_of("namespace", namespaces)

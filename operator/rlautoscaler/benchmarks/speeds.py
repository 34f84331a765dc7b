"""How many autoscalers one operator serves: a sandbox full of small services, and the operator beside it.

Everything is real but the kubelets: the API server, Prometheus with every series a mesh and cAdvisor would
have, the operator as a process of its own. What it reports of itself is read from its `/metrics`.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from rlagents.simulation.services import ServiceParameters
from rlautoscaler.clients import kube
from rlautoscaler.clients.protocols import RLAUTOSCALERS, KubeApi, Manifest
from rlautoscaler.errors import SandboxError
from rlautoscaler.resources import names, schemas
from rlautoscaler.sandbox import scrapes, services
from rlautoscaler.sandbox.drivers import Driver
from rlautoscaler.sandbox.options import SandboxOptions
from rlautoscaler.sandbox.planes import Sandbox
from rlautoscaler.sandbox.ports import LOOPBACK, PortReservations
from rlautoscaler.sandbox.services import SandboxService

NAMESPACE = "fleet"
AT_ONCE = 20
READY_SECONDS = 600.0
STOP_SECONDS = 30.0
_PARAMETERS = ServiceParameters(
    cpu_per_request=0.02, cpu_variability=1.0, cores_per_pod=0.5, base_latency=0.02
)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SpeedOptions:
    """What is measured."""

    autoscalers: int = 1000
    with_pods: int = 200
    """Of them, how many have one running pod; the others have a Deployment of size 0."""
    interval: int = 15
    """Seconds between two decisions, and between two scrapes."""
    seconds: float = 120.0
    """For how long, after the first decision about everybody."""
    mode: str = "Auto"


@dataclass(frozen=True, slots=True)
class SpeedReport:
    """What was measured, in the window."""

    autoscalers: int
    seconds: float
    ticks: float
    """Ticks in which somebody was due."""
    decided_share: float
    """Decisions made, as a share of those that were due; 1 when nobody missed a tick."""
    queries_per_tick: float
    tick_seconds_mean: float
    tick_seconds_p99: float
    """Upper end of the histogram's bucket that holds it."""
    deciding_seconds_mean: float
    writes_per_minute: float
    """To the API server: sizes, statuses, events, Lease."""
    memory_mib: float
    """Resident, at the end."""
    cpu_share: float
    """Of one core."""


async def measure(options: SpeedOptions, say: Say) -> SpeedReport:
    """Run it. Raises `SandboxError` where something does not come up in time."""
    say("Starting the control plane")
    nodes = SandboxOptions(label="speed", scrape_interval=options.interval, controller_manager_args=_FAST)
    async with Sandbox(nodes) as sandbox, kube.connect(kubeconfig=sandbox.kubeconfig) as api:
        sandbox.kubectl("apply", "-f", "-", stdin=schemas.text())
        fleet = [_service(index, options) for index in range(options.autoscalers)]
        say(f"Creating {options.autoscalers} Deployments and RLAutoscalers")
        await services.apply(api, fleet[0])
        await _in_parallel(fleet, lambda service: services.apply(api, service))
        await _in_parallel(fleet, lambda service: _autoscale(api, service, options))
        async with Driver(api, fleet) as driver:
            sandbox.configure_prometheus(scrapes.configuration(driver.port, interval=options.interval))
            say("Starting the operator")
            async with _operator(sandbox) as port:
                await _until_decided(port, options, say)
                say(f"Measuring for {options.seconds:.0f} s")
                before = await _scrape(port)
                await asyncio.sleep(options.seconds)
                after = await _scrape(port)
    return report(options, before, after)


def report(options: SpeedOptions, before: Figures, after: Figures) -> SpeedReport:
    """From two scrapes of the operator to the figures between them."""

    def grown(name: str) -> float:
        return after.total(name) - before.total(name)

    ticks = grown("rlautoscaler_reconcile_duration_seconds_count")
    due = options.autoscalers * options.seconds / options.interval
    return SpeedReport(
        autoscalers=options.autoscalers,
        seconds=options.seconds,
        ticks=ticks,
        decided_share=grown("rlautoscaler_decisions_total") / due,
        queries_per_tick=grown("rlautoscaler_metric_query_duration_seconds_count") / max(ticks, 1),
        tick_seconds_mean=grown("rlautoscaler_reconcile_duration_seconds_sum") / max(ticks, 1),
        tick_seconds_p99=quantile(before, after, "rlautoscaler_reconcile_duration_seconds_bucket", 0.99),
        deciding_seconds_mean=grown("rlautoscaler_inference_duration_seconds_sum") / max(ticks, 1),
        writes_per_minute=(after.writes() - before.writes()) / options.seconds * 60,
        memory_mib=after.total("process_resident_memory_bytes") / 2**20,
        cpu_share=grown("process_cpu_seconds_total") / options.seconds,
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """One scrape: values by sample name and labels."""

    samples: Mapping[tuple[str, frozenset[tuple[str, str]]], float]

    def total(self, name: str) -> float:
        """Over all label values."""
        return sum(value for (sample, _), value in self.samples.items() if sample == name)

    def writes(self) -> float:
        """Requests that changed something in the API server."""
        return sum(
            value
            for (sample, labels), value in self.samples.items()
            if sample == "rlautoscaler_api_requests_total"
            and dict(labels)["verb"] not in ("get", "list", "watch")
        )

    def buckets(self, name: str) -> dict[float, float]:
        """Cumulative counts of a histogram by upper end."""
        return {
            float(dict(labels)["le"]): value
            for (sample, labels), value in self.samples.items()
            if sample == name
        }


def quantile(before: Figures, after: Figures, name: str, share: float) -> float:
    """Upper end of the bucket in which the quantile of the observations between two scrapes lies."""
    old, new = before.buckets(name), after.buckets(name)
    counts = {end: count - old.get(end, 0.0) for end, count in sorted(new.items())}
    wanted = share * max(counts.values(), default=0.0)
    return next((end for end, count in counts.items() if count >= wanted), math.nan)


def parse(text: str) -> Figures:
    """A scrape in the text format."""
    return Figures(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


_FAST = ("--kube-api-qps=200", "--kube-api-burst=400")
"""Of the controller manager, so that a thousand Deployments are set up in one minute instead of five."""


def _service(index: int, options: SpeedOptions) -> SandboxService:
    return SandboxService(
        NAMESPACE,
        f"service-{index:04d}",
        _PARAMETERS,
        lambda elapsed: 8.0 + 4.0 * math.sin(elapsed / 120 + index),
        replicas=1 if index < options.with_pods else 0,
    )


def _manifest(service: SandboxService, options: SpeedOptions) -> Manifest:
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"namespace": service.namespace, "name": service.name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": service.name},
            "maxReplicas": 3,
            "interval": f"{options.interval}s",
            "objective": {"latency": {"target": "250ms"}},
            "metrics": {"preset": "istio"},
            "rollout": {"mode": options.mode},
        },
    }


async def _autoscale(api: KubeApi, service: SandboxService, options: SpeedOptions) -> None:
    await api.create(RLAUTOSCALERS, service.namespace, _manifest(service, options))


async def _in_parallel(
    fleet: list[SandboxService], work: Callable[[SandboxService], Awaitable[None]]
) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(service: SandboxService) -> None:
        async with room:
            await work(service)

    await asyncio.gather(*(one(service) for service in fleet))


@asynccontextmanager
async def _operator(sandbox: Sandbox) -> AsyncIterator[int]:
    """The operator as a process of its own; its metrics are on the port given."""
    reserved = PortReservations(["operator"])
    port = reserved["operator"]
    log = Path(sandbox.folder) / "operator.log"
    with log.open("wb") as stream:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "rlautoscaler.cli.main",
            "run",
            f"--kubeconfig={sandbox.kubeconfig}",
            f"--prometheus-url={sandbox.prometheus_url}",
            f"--listen-address={LOOPBACK}",
            f"--listen-port={port}",
            stderr=stream,
        )
    try:
        yield port
        if process.returncode is not None:
            raise SandboxError(f"The operator ended by itself: {log.read_text()[-2000:]}")
    finally:
        reserved.close()
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _until_decided(port: int, options: SpeedOptions, say: Say) -> None:
    """Return when everybody has been decided about once, and the burst of first statuses is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READY_SECONDS
    while loop.time() < deadline:
        await asyncio.sleep(2.0)
        try:
            figures = await _scrape(port)
        except aiohttp.ClientError:
            continue
        if figures.total("rlautoscaler_decisions_total") >= options.autoscalers:
            say("Everybody has been decided about; letting first statuses pass")
            await asyncio.sleep(2 * options.interval)
            return
    raise SandboxError(f"The operator did not decide about everybody within {READY_SECONDS:.0f} s.")


async def _scrape(port: int) -> Figures:
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
        session.get(f"http://{LOOPBACK}:{port}/metrics") as response,
    ):
        return parse(await response.text())

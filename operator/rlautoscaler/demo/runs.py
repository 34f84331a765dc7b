"""The course of a demo: set up, let the traffic go, watch both sides second by second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from rlautoscaler.clients import kube
from rlautoscaler.clients.discoveries import DEFINITIONS
from rlautoscaler.clients.protocols import (
    DEPLOYMENTS,
    HORIZONTALPODAUTOSCALERS,
    RLAUTOSCALERS,
    KubeApi,
    PatchType,
)
from rlautoscaler.demo import guests, manifests, moments, operators, waits
from rlautoscaler.demo.moments import Moment, Reader
from rlautoscaler.demo.operators import Operator
from rlautoscaler.demo.scenarios import Scenario
from rlautoscaler.demo.venues import Venue
from rlautoscaler.errors import NotFoundError
from rlautoscaler.resources import schemas
from rlautoscaler.sandbox import scrapes, services
from rlautoscaler.sandbox.bridges import PodMetricsBridge
from rlautoscaler.sandbox.drivers import Driver
from rlautoscaler.sandbox.records import Record

_PODS_SECONDS = 60.0
_SERVED_SECONDS = 30.0
_DECIDED_SECONDS = 60.0
_SETTLE_SECONDS = 10.0
"""Held traffic, so that both autoscalers begin the comparison settled and with full windows."""

Tell = Callable[[str], None]


class Run:
    """A demo that is set up. Made by `prepared`."""

    def __init__(
        self, api: KubeApi, venue: Venue, scenario: Scenario, driver: Driver, operator: Operator
    ) -> None:
        self.scenario = scenario
        self.sources: list[str] = []
        """Whose size stood, once a second since the comparison began."""
        self._venue = venue
        self._driver = driver
        self._operator = operator
        self._reader = Reader(api, scenario, has_hpa=venue.is_sandbox)
        self._began_at: float | None = None

    @property
    def ours(self) -> list[Record]:
        """Records of our service since the comparison began."""
        return self._since_beginning(self._driver.records[self.scenario.ours.key])

    @property
    def twin(self) -> list[Record]:
        """Those of the twin."""
        return self._since_beginning(self._driver.records[self.scenario.twin.key])

    async def moments(self, duration: float) -> AsyncIterator[Moment]:
        """Let the traffic go and give a moment each second, for so many seconds."""
        self.begin()
        while (elapsed := sum(record.seconds for record in self.ours)) < duration:
            self.check()
            await self._reader.read()
            self.sources.append(self._reader.verdict.source)
            yield Moment(
                elapsed=elapsed,
                duration=duration,
                ours=self.ours,
                twin=self.twin,
                verdict=self._reader.verdict,
                hpa=self._reader.hpa,
                events=self._reader.events,
            )
            await asyncio.sleep(1.0)

    def begin(self) -> None:
        """Let the traffic go; the comparison begins here."""
        self.scenario.traffic.begin(self._driver.elapsed)
        self._began_at = self._driver.loads.now

    def check(self) -> None:
        """Raise where a part has ended by itself."""
        self._venue.check()
        self._operator.check()
        self._driver.check()

    def _since_beginning(self, records: Iterable[Record]) -> list[Record]:
        if self._began_at is None:
            return []
        # A record that straddles the beginning belongs to the time before it.
        return [record for record in records if record.at - record.seconds >= self._began_at - 1e-6]


@asynccontextmanager
async def prepared(venue: Venue, scenario: Scenario, *, seed: int, tell: Tell) -> AsyncIterator[Run]:
    """Set everything up, and take it down. `OperatorError`s tell what did not come about in time."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(
            kube.connect(kubeconfig=venue.kubeconfig, context=venue.context)
        )
        if not venue.is_sandbox:
            await stack.enter_async_context(guests.visiting(api))
        tell("Installing the RLAutoscaler kind")
        await _install(api, venue)
        tell(f"Creating {scenario.ours.key} and its twin {scenario.twin.key}")
        for service in (scenario.ours, scenario.twin):
            await services.apply(api, service)
        await _until_ready(api, venue, scenario)
        tell("Starting traffic and metrics")
        driver = Driver(api, [scenario.ours, scenario.twin], seed=seed, is_fluid=True)
        await stack.enter_async_context(driver)
        venue.configure_prometheus(scrapes.configuration(driver.port, interval=manifests.SCRAPE_INTERVAL))
        if venue.is_sandbox:
            period = manifests.METRICS_PERIOD
            bridge = PodMetricsBridge(api, driver.loads, [scenario.twin.key], period=period, window=period)
            await stack.enter_async_context(bridge)
        tell("Starting the operator as a process of its own")
        operator = stack.enter_context(operators.running(venue, scenario.ours.namespace))
        await operator.until_ready()
        tell(
            f"Creating the RLAutoscaler and the {scenario.twin_label}, and waiting for their first decisions"
        )
        run = Run(api, venue, scenario, driver, operator)
        await _autoscale(api, venue, scenario)
        await _until_decided(api, run, venue)
        tell(f"Letting both settle for {_SETTLE_SECONDS:.0f} s")
        await asyncio.sleep(_SETTLE_SECONDS)
        run.check()
        yield run


async def _install(api: KubeApi, venue: Venue) -> None:
    document = schemas.crd()
    name = document["metadata"]["name"]
    await api.patch(DEFINITIONS, None, name, document, patch_type=PatchType.APPLY)

    async def is_served() -> bool | None:
        try:
            await api.list(RLAUTOSCALERS)
        except NotFoundError:
            return None
        return True

    await waits.until(
        is_served,
        f"{name} was not served; look into the API server's log.",
        seconds=_SERVED_SECONDS,
        check=venue.check,
    )


async def _until_ready(api: KubeApi, venue: Venue, scenario: Scenario) -> None:
    async def are_ready() -> bool | None:
        for service in (scenario.ours, scenario.twin):
            deployment = await api.get(DEPLOYMENTS, service.namespace, service.name)
            if deployment.get("status", {}).get("readyReplicas", 0) < service.replicas:
                return None
        return True

    namespace = scenario.ours.namespace
    await waits.until(
        are_ready,
        f"not all pods were ready; `kubectl -n {namespace} describe pods` tells why.",
        seconds=_PODS_SECONDS,
        check=venue.check,
    )


async def _autoscale(api: KubeApi, venue: Venue, scenario: Scenario) -> None:
    namespace = scenario.ours.namespace
    await api.create(RLAUTOSCALERS, namespace, manifests.autoscaler(scenario))
    if venue.is_sandbox:
        await api.create(HORIZONTALPODAUTOSCALERS, namespace, manifests.hpa(scenario))
    else:
        await api.create(RLAUTOSCALERS, namespace, manifests.baseline_only(scenario))


async def _until_decided(api: KubeApi, run: Run, venue: Venue) -> None:
    """Both autoscalers have decided on valid metrics."""
    scenario = run.scenario

    async def has_ours() -> bool | None:
        manifest = await api.get(RLAUTOSCALERS, scenario.ours.namespace, scenario.ours.name)
        return bool(moments.verdict(manifest).source) or None

    async def has_twin() -> bool | None:
        if not venue.is_sandbox:
            manifest = await api.get(RLAUTOSCALERS, scenario.twin.namespace, scenario.twin.name)
            return bool(moments.verdict(manifest).source) or None
        manifest = await api.get(HORIZONTALPODAUTOSCALERS, scenario.twin.namespace, scenario.twin.name)
        return moments.is_active(manifest) or None

    for look, who in ((has_ours, scenario.ours.key), (has_twin, scenario.twin.key)):
        await waits.until(
            look,
            f"the autoscaler of {who} had not decided yet; `kubectl -n {who.namespace} describe "
            f"rlautoscalers,hpa` tells why, and the operator's log is {venue.folder}/logs/operator.log.",
            seconds=_DECIDED_SECONDS,
            check=run.check,
        )

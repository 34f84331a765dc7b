"""The live part: a sandbox, twins, both autoscalers, the acts; what comes back is evidence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import chain

from rlautoscaler.clients import kube
from rlautoscaler.clients.discoveries import DEFINITIONS
from rlautoscaler.clients.protocols import (
    DEPLOYMENTS,
    HORIZONTALPODAUTOSCALERS,
    NAMESPACES,
    RLAUTOSCALERS,
    KubeApi,
    Manifest,
    PatchType,
    Resource,
)
from rlautoscaler.conformance import manifests, paces
from rlautoscaler.conformance.acts import Actor
from rlautoscaler.conformance.evidence import Evidence
from rlautoscaler.conformance.instruments import Instruments
from rlautoscaler.conformance.journals import AUDIT_POLICY
from rlautoscaler.conformance.recorders import Recorder
from rlautoscaler.conformance.scenarios import NAMESPACE, Scenario, Side, Twin, twins
from rlautoscaler.conformance.verdicts import Played, Recorded
from rlautoscaler.errors import NotFoundError, SandboxError
from rlautoscaler.resources import schemas
from rlautoscaler.sandbox import adapters, builds, components
from rlautoscaler.sandbox.adapters import Adapter
from rlautoscaler.sandbox.operators import OperatorProcess
from rlautoscaler.sandbox.options import SandboxOptions
from rlautoscaler.sandbox.planes import Sandbox

Tell = Callable[[str], None]

_READY_SECONDS = 90.0
_DECIDED_SECONDS = 60.0
_POLL_SECONDS = 0.25
_SETTLE_SECONDS = 3 * paces.PERIOD
"""Before the first act, so that both sides have passed a few times over a size that is right."""
_LINE_SECONDS = 10.0
_CHECK_SECONDS = 1.0


def sandbox(listener: builds.Listener) -> Sandbox:
    """The control plane at the comparison's pace, not started yet."""
    options = SandboxOptions(
        label="conformance",
        node_cpu="64",
        hpa=paces.FLAGS,
        feature_gates={"HPAScaleToZero": True},
        audit_policy=AUDIT_POLICY,
        controller_manager_args=("--vmodule=horizontal=4",),
    )
    return Sandbox(options, listener=listener)


async def record(plane: Sandbox, scenarios: Sequence[Scenario], tell: Tell) -> Recorded:
    """Play all scenarios at once, those with a restart after the others. Raises `OperatorError`s."""
    async with _prepared(plane, scenarios, tell) as run:
        steady = [one for one in scenarios if not one.restarts]
        restarting = [one for one in scenarios if one.restarts]
        played = [*await run.play(steady), *await run.play(restarting)]
        return Recorded(tuple(played), run.evidence())


class Run:
    """Everything that runs beside each other. Made by `_prepared`."""

    def __init__(
        self, api: KubeApi, plane: Sandbox, operator: OperatorProcess, recorder: Recorder, tell: Tell
    ) -> None:
        self._api = api
        self._plane = plane
        self._operator = operator
        self._recorder = recorder
        self._tell = tell
        self.instruments: Instruments | None = None

    def check(self) -> None:
        """Raise where a part has ended by itself."""
        self._plane.check()
        self._operator.check()

    def evidence(self) -> Evidence:
        """So far."""
        return self._recorder.evidence(self._plane.audit_log, self._plane.controller_manager_log)

    async def play(self, scenarios: Sequence[Scenario]) -> list[Played]:
        """All of them at once, to the end of the longest."""
        if not scenarios or self.instruments is None:
            return []
        actor = Actor(self._api, self.instruments, self._restart)
        loop = asyncio.get_running_loop()
        began_at, epoch = loop.time(), time.time()
        seconds = max(scenario.seconds for scenario in scenarios)
        self._tell(f"Playing {len(scenarios)} scenarios side by side, {seconds:.0f} s")
        async with asyncio.TaskGroup() as group:
            for scenario in scenarios:
                group.create_task(actor.play(scenario, began_at))
            group.create_task(self._watch(scenarios, began_at, seconds))
        return [Played(scenario, epoch) for scenario in scenarios]

    async def _watch(self, scenarios: Sequence[Scenario], began_at: float, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        told = 0.0
        while (elapsed := loop.time() - began_at) < seconds:
            if elapsed - told >= _LINE_SECONDS:
                told = elapsed
                self._tell(f"{elapsed:4.0f} s  {self._sizes(scenarios)}")
            await asyncio.sleep(_CHECK_SECONDS)
            self.check()

    def _sizes(self, scenarios: Sequence[Scenario]) -> str:
        """How many pairs have the same size, and those that do not, theirs first, as `rise 5|2`."""
        unequal = []
        for scenario in scenarios:
            theirs, ours = (self._recorder.size(twin.name) for twin in twins(scenario))
            if theirs != ours:
                unequal.append(f"{scenario.name} {theirs}|{ours}")
        alike = f"{len(scenarios) - len(unequal)} of {len(scenarios)} pairs have the same size"
        return f"{alike}; not yet: {', '.join(unequal)}" if unequal else alike

    async def _restart(self) -> None:
        """Both at once. Several scenarios may ask for it; the first one gets it."""
        if self._recorder.restarts:
            return
        self._recorder.restarts.append(time.time())
        self._tell("Restarting both autoscalers")
        await asyncio.gather(
            asyncio.to_thread(self._plane.restart_part, components.KUBE_CONTROLLER_MANAGER.name),
            self._restart_operator(),
        )

    async def _restart_operator(self) -> None:
        await asyncio.to_thread(self._operator.stop)
        self._operator.start()
        await self._operator.until_ready()


@asynccontextmanager
async def _prepared(plane: Sandbox, scenarios: Sequence[Scenario], tell: Tell) -> AsyncIterator[Run]:
    """Twins that are ready, and autoscalers that have decided about each of them."""
    pairs = list(chain.from_iterable(twins(scenario) for scenario in scenarios))
    async with kube.connect(kubeconfig=plane.kubeconfig) as api:
        tell("Installing the RLAutoscaler kind and the metrics APIs")
        await _install(api, plane)
        async with Recorder(api) as recorder:
            instruments = Instruments(scenarios, recorder.pods_of)
            adapter = Adapter(instruments, plane.ca_file, plane.certificate_key_file, recorder.answers.append)
            async with adapter:
                await adapters.register(api, adapter.port)
                tell(f"Creating {len(pairs)} Deployments")
                await _create(api, DEPLOYMENTS, [manifests.deployment(twin) for twin in pairs])
                await _until(
                    lambda: all(_is_ready(recorder, twin) for twin in pairs),
                    "not all pods of the twins were ready",
                    _READY_SECONDS,
                    plane.check,
                )
                tell("Starting the operator as a process of its own")
                with OperatorProcess(plane, paces.OPERATOR) as operator:
                    await operator.until_ready()
                    run = Run(api, plane, operator, recorder, tell)
                    run.instruments = instruments
                    await _autoscale(api, pairs, recorder, run)
                    yield run


async def _autoscale(api: KubeApi, pairs: Sequence[Twin], recorder: Recorder, run: Run) -> None:
    theirs = [manifests.hpa(twin) for twin in pairs if twin.side is Side.THEIRS]
    ours = [manifests.autoscaler(twin) for twin in pairs if twin.side is Side.OURS]
    await asyncio.gather(_create(api, HORIZONTALPODAUTOSCALERS, theirs), _create(api, RLAUTOSCALERS, ours))
    await _until(
        lambda: all(_is_active(recorder.hpa(one["metadata"]["name"])) for one in theirs),
        "the cluster's HPA controller had not decided about every twin",
        _DECIDED_SECONDS,
        run.check,
    )

    async def have_ours() -> bool:
        listed = await api.list(RLAUTOSCALERS, NAMESPACE)
        return sum(_is_active(one) for one in listed.items) == len(ours)

    await _until(have_ours, "the operator had not decided about every twin", _DECIDED_SECONDS, run.check)
    await asyncio.sleep(_SETTLE_SECONDS)


async def _install(api: KubeApi, plane: Sandbox) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    await api.patch(NAMESPACES, None, NAMESPACE, namespace, patch_type=PatchType.APPLY)
    document = schemas.crd()
    await api.patch(DEFINITIONS, None, document["metadata"]["name"], document, patch_type=PatchType.APPLY)

    async def is_served() -> bool:
        try:
            await api.list(RLAUTOSCALERS)
        except NotFoundError:
            return False
        return True

    await _until(is_served, "the RLAutoscaler kind was not served", _READY_SECONDS, plane.check)


async def _create(api: KubeApi, resource: Resource, bodies: Sequence[Manifest]) -> None:
    await asyncio.gather(*(api.create(resource, NAMESPACE, body) for body in bodies))


async def _until(
    holds: Callable[[], bool | Awaitable[bool]], complaint: str, seconds: float, check: Callable[[], None]
) -> None:
    """Look until it holds; `SandboxError` with the complaint where the time is over."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                check()
                answer = holds()
                if answer if isinstance(answer, bool) else await answer:
                    return
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise SandboxError(
            f"After {seconds:g} s {complaint}; the machine may be overloaded. Try again, or look at the "
            "programs' logs with --keep."
        ) from None


def _is_ready(recorder: Recorder, twin: Twin) -> bool:
    return sum(pod.is_ready for pod in recorder.pods_of(twin.name)) == twin.scenario.replicas


def _is_active(manifest: Manifest) -> bool:
    """Whether an HPA's or RLAutoscaler's metrics gave a size."""
    conditions = (manifest.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "ScalingActive" and one["status"] == "True" for one in conditions)

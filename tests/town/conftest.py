"""A town on the sandbox: services with traffic that tests set, metrics, and the operator as a real process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from rlagents.simulation.services import ServiceParameters
from rlautoscaler.clients import kube
from rlautoscaler.resources import names, schemas
from rlautoscaler.sandbox import scrapes, services
from rlautoscaler.sandbox.bridges import PodMetricsBridge
from rlautoscaler.sandbox.drivers import Driver
from rlautoscaler.sandbox.faults import Fault
from rlautoscaler.sandbox.options import SandboxOptions
from rlautoscaler.sandbox.planes import Sandbox
from rlautoscaler.sandbox.ports import PortReservations
from rlautoscaler.sandbox.services import SandboxService

T = TypeVar("T")
Manifest = dict[str, Any]

TOWN = "town"
PARAMETERS = ServiceParameters(
    cpu_per_request=0.01, cpu_variability=1.0, cores_per_pod=0.5, base_latency=0.02
)
"""A pod serves at most fifty requests a second."""
SERVICES = (
    "web",
    "calm",
    "owned",
    "claimed",
    "pinned",
    "paused",
    "restarted",
    "blind",
    "idle",
    "twin",
    "peer",
    "modes",
    "gone",
    "frozen",
    "lax",
    "heir",
    "trial",
)
HPA_FLAGS = {"downscale-stabilization": 10, "cpu-initialization-period": 5, "initial-readiness-delay": 2}
"""Seconds; the cluster's own HPA controller and our baseline get the same."""


def eventually(check: Callable[[], T], *, within: float = 30.0, every: float = 0.25) -> T:
    """The first true answer of a check; AssertionError with the last one, or its error, after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        try:
            answer, failure = check(), None
        except (AssertionError, KeyError, IndexError, StopIteration, OSError) as error:
            answer, failure = None, error
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:.0f} s; last answer {answer!r}, {failure!r}")
        time.sleep(every)


def throughout(check: Callable[[], bool], *, seconds: float) -> None:
    """A check holds for some time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert check()
        time.sleep(0.25)


class Town:
    """The cluster as a user with kubectl has it, and a hand on its traffic."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.rates = dict.fromkeys(SERVICES, 20.0)
        """Requests a second, by service."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stack = AsyncExitStack()
        self.driver: Driver

    def start(self) -> None:
        self._thread.start()
        self.sandbox.kubectl("apply", "-f", "-", stdin=schemas.text())
        self.driver = self._run(self._start())
        self.sandbox.configure_prometheus(scrapes.configuration(self.driver.port, interval=1.0))

    def stop(self) -> None:
        self._run(self._stack.aclose())
        self._run(asyncio.sleep(0.3))  # closed TLS connections are gone only after a few turns of the loop
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> Driver:
        api = await self._stack.enter_async_context(kube.connect(kubeconfig=self.sandbox.kubeconfig))
        fleet = [
            SandboxService(TOWN, name, PARAMETERS, self._pattern(name), replicas=2, startup_delay=1.0)
            for name in SERVICES
        ]
        for service in fleet:
            await services.apply(api, service)
        driver = await self._stack.enter_async_context(Driver(api, fleet, step=0.5, is_fluid=True))
        keys = [service.key for service in fleet]
        await self._stack.enter_async_context(
            PodMetricsBridge(api, driver.loads, keys, period=1.0, window=3.0)
        )
        return driver

    def _pattern(self, name: str) -> Callable[[float], float]:
        return lambda _: self.rates[name]

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(timeout=60)

    def inject(self, fault: Fault) -> None:
        self._loop.call_soon_threadsafe(self.driver.inject, fault)

    def heal(self) -> None:
        self._loop.call_soon_threadsafe(self.driver.clear)

    # What kubectl is used for.

    def get(self, kind: str, name: str, namespace: str = TOWN) -> Manifest:
        answer = self.sandbox.kubectl("get", kind, name, "-n", namespace, "-o", "json")
        return dict(json.loads(answer))

    def apply(self, manifest: Manifest) -> str:
        return self.sandbox.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def autoscale(
        self, name: str, *, target: str | None = None, annotations: dict[str, str] | None = None, **spec: Any
    ) -> None:
        self.apply(autoscaler(name, target=target, annotations=annotations, **spec))

    def patch(self, name: str, patch: Manifest) -> None:
        self.sandbox.kubectl("patch", "rla", name, "-n", TOWN, "--type=merge", "-p", json.dumps(patch))

    def annotate(self, name: str, annotation: str) -> None:
        self.sandbox.kubectl("annotate", "rla", name, "-n", TOWN, "--overwrite", annotation)

    def delete(self, kind: str, name: str) -> None:
        self.sandbox.kubectl("delete", kind, name, "-n", TOWN, "--wait=true")

    def status(self, name: str) -> Manifest:
        return dict(self.get("rla", name).get("status") or {})

    def condition(self, name: str, kind: str) -> tuple[str, str]:
        """Status and reason."""
        found = self._condition(name, kind)
        return found["status"], found["reason"]

    def message(self, name: str, kind: str) -> str:
        """The condition's sentence."""
        return str(self._condition(name, kind)["message"])

    def _condition(self, name: str, kind: str) -> dict[str, Any]:
        return next(one for one in self.status(name)["conditions"] if one["type"] == kind)

    def size(self, name: str) -> int:
        return int(self.get("deployment", name)["spec"].get("replicas", 0))

    def scale(self, name: str, replicas: int) -> None:
        self.sandbox.kubectl("scale", "deployment", name, "-n", TOWN, f"--replicas={replicas}")

    def events(self, name: str) -> set[str]:
        answer = self.sandbox.kubectl(
            "get",
            "events",
            "-n",
            TOWN,
            f"--field-selector=involvedObject.name={name},involvedObject.kind={names.KIND}",
            "-o",
            "json",
        )
        return {event["reason"] for event in json.loads(answer)["items"]}


def autoscaler(
    name: str, *, target: str | None = None, annotations: dict[str, str] | None = None, **spec: Any
) -> Manifest:
    """An RLAutoscaler at the suite's pace: a second stands for fifteen."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": name, "namespace": TOWN, "annotations": annotations or {}},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target or name},
            "minReplicas": 1,
            "maxReplicas": 8,
            "interval": "1s",
            "objective": {"latency": {"target": "250ms"}, "errorRate": "5%"},
            "metrics": {"preset": "istio", "window": "5s", "staleAfter": "6s"},
            "baseline": {
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 60},
                        },
                    }
                ],
                "behavior": {
                    "scaleDown": {
                        "stabilizationWindowSeconds": 10,
                        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 1}],
                    }
                },
            },
            "rollout": {"mode": "Baseline"},
            **spec,
        },
    }


class Operator:
    """One operator process."""

    def __init__(self, sandbox: Sandbox, folder: Path, *arguments: str) -> None:
        self._ports = PortReservations(["operator"])
        self.port = self._ports["operator"]
        self.log = folder / f"operator-{self.port}.log"
        command = [
            *(sys.executable, "-m", "rlautoscaler.cli.main", "run"),
            f"--kubeconfig={sandbox.kubeconfig}",
            f"--prometheus-url={sandbox.prometheus_url}",
            "--listen-address=127.0.0.1",
            f"--listen-port={self.port}",
            "--log-format=json",
            *(f"--hpa-{flag}={seconds}s" for flag, seconds in HPA_FLAGS.items()),
            *("--lease-duration=4s", "--lease-renew-deadline=3s", "--lease-retry-period=0.5s"),
            *arguments,
        ]
        with self.log.open("wb") as stream:
            self.process = subprocess.Popen(command, stderr=stream, stdout=stream, start_new_session=True)

    def probe(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def ask(self, path: str) -> str:
        """What it answers, whatever the status."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return str(response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return str(error.read().decode())

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as response:
            return str(response.read().decode())

    def leads(self) -> bool:
        return "rlautoscaler_leading 1.0" in self.metrics()

    def until_ready(self) -> Operator:
        eventually(lambda: self.alive() and self.probe("/readyz") == 200, within=40)
        return self

    def alive(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return True

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        code = self.process.wait(30)
        self._ports.close()
        return code


@pytest.fixture(scope="session")
def town(programs: None) -> Iterator[Town]:
    flags = tuple(f"--horizontal-pod-autoscaler-{flag}={seconds}s" for flag, seconds in HPA_FLAGS.items())
    options = SandboxOptions(
        label="tests-cluster",
        scrape_interval=1.0,
        controller_manager_args=("--horizontal-pod-autoscaler-sync-period=1s", *flags),
    )
    with Sandbox(options) as sandbox:
        running = Town(sandbox)
        running.start()
        try:
            yield running
        finally:
            running.stop()


@pytest.fixture(scope="session")
def start(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Operator]]:
    """Starts operators; those that still run at the end are ended."""
    folder, started = tmp_path_factory.mktemp("operators"), list[Operator]()

    def begin(*arguments: str) -> Operator:
        started.append(Operator(town.sandbox, folder, *arguments))
        return started[-1]

    yield begin
    for operator in started:
        operator.end(signal.SIGKILL)


class Hall:
    """The operator that most tests share, started again where a test has ended it."""

    def __init__(self, start: Callable[..., Operator]) -> None:
        self._start = start
        self._operator: Operator | None = None

    def get(self) -> Operator:
        if self._operator is None or self._operator.process.poll() is not None:
            self._operator = self._start().until_ready()
        return self._operator


@pytest.fixture(scope="session")
def hall(start: Callable[..., Operator]) -> Hall:
    return Hall(start)


@pytest.fixture
def operator(hall: Hall) -> Operator:
    return hall.get()


@pytest.fixture
def tools() -> Any:
    """`eventually`, `throughout`, `autoscaler`: test modules cannot import from here."""

    class Tools:
        pass

    Tools.eventually = staticmethod(eventually)  # type: ignore[attr-defined]
    Tools.throughout = staticmethod(throughout)  # type: ignore[attr-defined]
    Tools.autoscaler = staticmethod(autoscaler)  # type: ignore[attr-defined]
    return Tools

"""What Kubernetes and Prometheus ask of the process: `/healthz`, `/readyz`, `/metrics`.

Health is progress: a process whose event loop answers while its work stands still is not healthy. Every
loop therefore beats a pulse at each turn, and health fails when one is older than three of its periods.
Which pulses are expected depends on the role: a standby only has the lease loop's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

MISSED_BEATS = 3
"""Periods without a beat after which a loop counts as stuck."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """One loop's last sign of life."""

    period: float
    """Seconds between two beats of a loop that is well."""
    at: float
    """Of the last beat, by the clock of `Pulses`."""

    def is_late(self, now: float) -> bool:
        """Whether the loop has been silent for too long."""
        return now - self.at > MISSED_BEATS * self.period


class Pulses:
    """The loops that should be turning now. `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pulses: dict[str, Pulse] = {}

    def beat(self, name: str, *, period: float) -> None:
        """A loop starts or has turned; from now on it is expected to go on."""
        self._pulses[name] = Pulse(period, self._clock())

    def end(self, name: str) -> None:
        """A loop has ended as it should, and is not expected any more."""
        self._pulses.pop(name, None)

    def complaints(self) -> list[str]:
        """A sentence for each loop that is stuck; none of them: healthy."""
        now = self._clock()
        return [
            f"The {name} has not turned for {now - pulse.at:.0f} s, its period is {pulse.period:g} s."
            for name, pulse in self._pulses.items()
            if pulse.is_late(now)
        ]


def application(
    registry: CollectorRegistry,
    pulses: Pulses,
    caches: Callable[[], Mapping[str, bool]],
    complaints: Callable[[], list[str]] = list,
    obstacles: Callable[[], list[str]] = list,
) -> web.Application:
    """The web application behind all three paths.

    caches: each cache's name, and whether it holds what the cluster holds.
    complaints: sentences, beside those of `pulses`, for which the process should be restarted.
    obstacles: sentences, beside those of `caches`, for which it cannot do its work yet.
    """

    async def health(request: web.Request) -> web.Response:
        return _verdict(pulses.complaints() + complaints())

    async def readiness(request: web.Request) -> web.Response:
        unfilled = [f"The cache of {name} is not filled yet." for name, ok in caches().items() if not ok]
        return _verdict(obstacles() + unfilled)

    async def exposition(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        # In a thread: a thousand autoscalers are a tenth of a second of formatting.
        body = await asyncio.to_thread(encode, registry)
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/healthz", health)
    app.router.add_get("/readyz", readiness)
    app.router.add_get("/metrics", exposition)
    return app


class ProbeServer:
    """The application on a port, from `start` to `stop`."""

    def __init__(self, app: web.Application, *, host: str, port: int) -> None:
        self._runner = web.AppRunner(app, access_log=None)
        self._host = host
        self._port = port

    async def start(self) -> int:
        """Listen; returns the port, which the system chooses where 0 was given. `OSError` if it is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port and all connections."""
        await self._runner.cleanup()


def _verdict(complaints: list[str]) -> web.Response:
    text = "\n".join(complaints) or "ok"
    return web.Response(text=text + "\n", status=503 if complaints else 200)

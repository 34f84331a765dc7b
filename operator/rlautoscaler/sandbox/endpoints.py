"""Where Prometheus scrapes the simulated exporters: a small web server on loopback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from rlautoscaler.sandbox.expositions import Exporter
from rlautoscaler.sandbox.ports import LOOPBACK

_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def path(exporter: Exporter) -> str:
    """Where an exporter's text is."""
    return f"/{exporter}/metrics"


class Endpoint:
    """Serves what `exposition` says of each exporter, on a free port."""

    def __init__(self, exposition: Callable[[Exporter], str]) -> None:
        self._exposition = exposition
        self._runner: web.AppRunner | None = None
        self.port = 0
        """0 until it is started."""

    async def start(self) -> None:
        """Listen."""
        application = web.Application()
        for exporter in Exporter:
            application.router.add_get(path(exporter), self._handler(exporter))
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close; harmless when repeated."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _handler(self, exporter: Exporter) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(_: web.Request) -> web.Response:
            return web.Response(
                body=self._exposition(exporter).encode(), headers={"Content-Type": _CONTENT_TYPE}
            )

        return handle

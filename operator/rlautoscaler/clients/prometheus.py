"""The real Prometheus, or what speaks its HTTP API: Thanos, Mimir, VictoriaMetrics.

async with prometheus.connect(Settings("http://prometheus:9090")) as api:
    samples = await api.query("up")
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from rlautoscaler.clients import answers
from rlautoscaler.clients.protocols import Vector
from rlautoscaler.clients.tls import TlsFiles
from rlautoscaler.errors import PrometheusUnreachableError, SettingsError

LARGEST_ANSWER = 64 * 1024**2
"""Bytes. 5,000 workloads take 2 MB; a user's query that answers with everything must not fill the memory."""


FOR_THANOS = {"dedup": "true", "partial_response": "false"}
"""One sample for each pair of replicas, and an error instead of a sum over the stores that answered."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where Prometheus is and how to ask it."""

    url: str
    """With the path prefix, if any: `http://mimir/prometheus`, `http://vmselect:8481/select/0/prometheus`."""
    bearer_token_file: Path | None = None
    """Read for every query, because tokens are renewed in place."""
    username: str = ""
    password_file: Path | None = None
    """With `username`, for basic authentication; read for every query."""
    tls: TlsFiles = field(default=TlsFiles())
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every query, as `X-Scope-OrgID` for Mimir."""
    parameters: Mapping[str, str] = field(default_factory=lambda: dict(FOR_THANOS))
    """Added to every query. Others than Thanos ignore what they do not know."""
    timeout: float = 10.0
    """Seconds for one query."""
    connections: int = 16
    """At most so many queries at once."""

    @property
    def endpoint(self) -> str:
        """URL of instant queries."""
        return self.url.rstrip("/") + "/api/v1/query"


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[PrometheusClient]:
    """A client with its connections. Asks nothing yet; `SettingsError` where a certificate cannot be read."""
    settings.tls.context()
    connector = aiohttp.TCPConnector(limit=settings.connections)
    async with aiohttp.ClientSession(connector=connector, trust_env=True) as session:
        yield PrometheusClient(settings, session)


class PrometheusClient:
    """A `PrometheusApi` over HTTP."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        """See `PrometheusApi`."""
        form = {**self._settings.parameters, "query": promql, "timeout": f"{self._settings.timeout:g}s"}
        if at is not None:
            form["time"] = repr(at)
        status, body = await self._post(form)
        return answers.vector(promql, status, body)

    async def _post(self, form: Mapping[str, str]) -> tuple[int, Any]:
        """POST, because a query may be longer than a URL may be."""
        settings = self._settings
        try:
            async with self._session.post(
                settings.endpoint,
                data=form,
                headers=self._headers(),
                ssl=settings.tls.context(),
                timeout=aiohttp.ClientTimeout(total=settings.timeout),
                allow_redirects=False,  # a redirected POST becomes a GET without its query
            ) as response:
                return response.status, _parsed(response, await _read(response))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, SettingsError) as error:
            cause = str(error) or f"no answer within {settings.timeout:g} s"
            raise PrometheusUnreachableError(
                f"Prometheus at {settings.endpoint} cannot be asked: {cause.rstrip('.')}. "
                "Check its URL, the credentials and the network policy."
            ) from error

    def _headers(self) -> dict[str, str]:
        settings = self._settings
        headers = dict(settings.headers)
        if settings.bearer_token_file is not None:
            headers["Authorization"] = f"Bearer {settings.bearer_token_file.read_text().strip()}"
        elif settings.password_file is not None:
            password = settings.password_file.read_text().strip()
            headers["Authorization"] = aiohttp.encode_basic_auth(settings.username, password)
        return headers


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise ValueError(f"the answer is larger than {LARGEST_ANSWER >> 20} MiB; aggregate the query")
    return bytes(body)


def _parsed(response: aiohttp.ClientResponse, body: bytes) -> Any:
    """JSON; else, for the message, what was met in its place, as a login page."""
    if location := response.headers.get("Location"):
        return f"a redirect to {location}"
    try:
        return json.loads(body)
    except ValueError:
        return body[:200].decode(errors="replace").strip()

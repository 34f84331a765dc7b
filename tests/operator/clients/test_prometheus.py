"""The real Prometheus client against a server that looks at every request."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import BasicAuth, web
from aiohttp.test_utils import TestServer

from rlautoscaler.clients import prometheus
from rlautoscaler.clients.prometheus import Settings
from rlautoscaler.clients.protocols import Sample
from rlautoscaler.clients.tls import TlsFiles
from rlautoscaler.errors import PrometheusUnreachableError, SettingsError

NUMBER = {"status": "success", "data": {"resultType": "scalar", "result": [0, "1"]}}


class Recorder:
    """Keeps requests and their forms; answers 1."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.forms: list[Mapping[str, Any]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.forms.append(dict(await request.post()))
        return web.json_response(NUMBER)


@asynccontextmanager
async def serving(handler: Any) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


async def test_a_query_is_posted_below_the_path_prefix() -> None:
    """The prefix of Mimir and VictoriaMetrics stays; query, time-out and Thanos' parameters are in the form."""
    recorder = Recorder()
    async with (
        serving(recorder.handle) as url,
        prometheus.connect(Settings(f"{url}/select/0/prometheus/", timeout=7)) as api,
    ):
        assert await api.query("up") == [Sample({}, 1.0)]
        await api.query("up", at=1700000000.25)
    assert {request.path for request in recorder.requests} == {"/select/0/prometheus/api/v1/query"}
    assert {request.method for request in recorder.requests} == {"POST"}
    assert recorder.forms[0] == {
        "query": "up",
        "timeout": "7s",
        "dedup": "true",
        "partial_response": "false",
    }
    assert recorder.forms[1]["time"] == "1700000000.25"


async def test_a_long_query_fits() -> None:
    """A query of 140 kB, which no URL could hold, arrives whole."""
    recorder = Recorder()
    promql = "up or " * 20_000 + "up"
    async with serving(recorder.handle) as url, prometheus.connect(Settings(url)) as api:
        await api.query(promql)
    assert recorder.forms[0]["query"] == promql


async def test_a_token_that_was_renewed_in_place_is_used_at_once(tmp_path: Path) -> None:
    """The token's file is read for every query."""
    recorder = Recorder()
    token = write(tmp_path / "token", "first\n")
    async with (
        serving(recorder.handle) as url,
        prometheus.connect(Settings(url, bearer_token_file=token)) as api,
    ):
        await api.query("up")
        write(token, "second\n")
        await api.query("up")
    seen = [request.headers["Authorization"] for request in recorder.requests]
    assert seen == ["Bearer first", "Bearer second"]


async def test_basic_authentication_and_headers_are_sent(tmp_path: Path) -> None:
    """User and password file become basic authentication; a tenant's header goes along."""
    recorder = Recorder()
    password = write(tmp_path / "password", "pässword\n")
    async with serving(recorder.handle) as url:
        settings = Settings(
            url, username="reader", password_file=password, headers={"X-Scope-OrgID": "team-a"}
        )
        async with prometheus.connect(settings) as api:
            await api.query("up")
    [request] = recorder.requests
    sent = BasicAuth.decode(request.headers["Authorization"], encoding="utf-8")
    assert (sent.login, sent.password) == ("reader", "pässword")
    assert request.headers["X-Scope-OrgID"] == "team-a"


def test_secrets_do_not_show_in_the_settings() -> None:
    """Headers may carry keys, so printing the settings leaves them out."""
    assert "s3cret" not in repr(Settings("http://x", headers={"Authorization": "s3cret"}))


async def test_a_missing_token_file_is_an_outage_with_its_cause(tmp_path: Path) -> None:
    """Without credentials nothing is asked, and the file is named."""
    missing = tmp_path / "token"
    async with prometheus.connect(Settings("http://127.0.0.1:1", bearer_token_file=missing)) as api:
        with pytest.raises(PrometheusUnreachableError, match="token"):
            await api.query("up")


async def test_a_prometheus_that_is_down_is_unreachable() -> None:
    """A refused connection names the URL and what to check."""
    async with prometheus.connect(Settings("http://127.0.0.1:1")) as api:
        with pytest.raises(
            PrometheusUnreachableError, match=r"http://127\.0\.0\.1:1/api/v1/query.*network policy"
        ):
            await api.query("up")


@pytest.mark.parametrize("url", ["", "not a url", "ftp://x", "http://"])
async def test_a_url_that_is_none_is_unreachable(url: str) -> None:
    """A wrong URL never becomes another kind of error."""
    async with prometheus.connect(Settings(url)) as api:
        with pytest.raises(PrometheusUnreachableError):
            await api.query("up")


async def test_a_slow_answer_is_given_up() -> None:
    """After the time-out of a query the caller gets an error that says so."""

    async def hang(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await request.content.wait_eof()
        return response

    async with serving(hang) as url, prometheus.connect(Settings(url, timeout=0.05)) as api:
        with pytest.raises(PrometheusUnreachableError):
            await api.query("up")


async def test_a_redirect_is_not_followed() -> None:
    """Redirected, a POST would lose its query; the user is told where to."""

    async def redirect(_: web.Request) -> web.Response:
        raise web.HTTPFound("https://login.example.com/")

    async with serving(redirect) as url, prometheus.connect(Settings(url)) as api:
        with pytest.raises(PrometheusUnreachableError, match=r"302.*login\.example\.com"):
            await api.query("up")


async def test_an_answer_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that answers with everything is cut off and told to aggregate."""
    monkeypatch.setattr(prometheus, "LARGEST_ANSWER", 1 << 20)

    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * (1 << 16))
        except ConnectionError:
            return response

    async with serving(flood) as url, prometheus.connect(Settings(url)) as api:
        with pytest.raises(PrometheusUnreachableError, match="larger than 1 MiB"):
            await api.query("up")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for loopback, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    files = tmp_path / "tls.crt", tmp_path / "tls.key"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    command += ["-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run(command, check=True, capture_output=True)
    return files


@asynccontextmanager
async def serving_tls(certificate: tuple[Path, Path]) -> AsyncIterator[str]:
    """A server that shows the certificate and demands it of its clients too."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate[0])
    context.load_cert_chain(*certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", Recorder().handle)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=context)
    try:
        yield f"https://127.0.0.1:{server.port}"
    finally:
        await server.close()


async def test_both_sides_can_show_certificates(certificate: tuple[Path, Path]) -> None:
    """With the authority and a client certificate the query is answered."""
    tls = TlsFiles(ca_file=certificate[0], client_certificate=certificate[0], client_key=certificate[1])
    async with serving_tls(certificate) as url, prometheus.connect(Settings(url, tls=tls)) as api:
        assert await api.query("up") == [Sample({}, 1.0)]


@pytest.mark.parametrize(
    "without",
    [
        pytest.param(lambda tls: replace(tls, ca_file=None), id="its authority"),
        pytest.param(lambda tls: replace(tls, client_certificate=None, client_key=None), id="a certificate"),
    ],
)
async def test_certificates_are_demanded(
    certificate: tuple[Path, Path], without: Callable[[TlsFiles], TlsFiles]
) -> None:
    """A server of unknown authority is refused, and a client without a certificate is not served."""
    tls = without(TlsFiles(certificate[0], certificate[0], certificate[1]))
    async with serving_tls(certificate) as url, prometheus.connect(Settings(url, tls=tls)) as api:
        with pytest.raises(PrometheusUnreachableError):
            await api.query("up")


async def test_checking_can_be_switched_off(certificate: tuple[Path, Path]) -> None:
    """`insecure_skip_verify` talks to whoever answers."""
    tls = TlsFiles(client_certificate=certificate[0], client_key=certificate[1], insecure_skip_verify=True)
    async with serving_tls(certificate) as url, prometheus.connect(Settings(url, tls=tls)) as api:
        assert await api.query("up") == [Sample({}, 1.0)]


def test_renewed_certificates_are_loaded(certificate: tuple[Path, Path]) -> None:
    """The same files give the same context, a rewritten one a new context."""
    tls = TlsFiles(ca_file=certificate[0])
    first = tls.context()
    assert tls.context() is first
    contents = certificate[0].read_bytes()
    certificate[0].unlink()
    certificate[0].write_bytes(contents)
    assert tls.context() is not first


async def test_a_damaged_certificate_is_a_setting(tmp_path: Path) -> None:
    """What is no certificate is found at the start, with its name."""
    settings = Settings("https://x", tls=TlsFiles(ca_file=write(tmp_path / "ca.crt", "none")))
    with pytest.raises(SettingsError, match=r"ca\.crt"):
        async with prometheus.connect(settings):
            pass


async def test_a_certificate_damaged_later_is_an_outage(certificate: tuple[Path, Path]) -> None:
    """A half-written renewal costs queries, not the process."""
    settings = Settings("https://127.0.0.1:1", tls=TlsFiles(ca_file=certificate[0]))
    async with prometheus.connect(settings) as api:
        write(certificate[0], "half of")
        with pytest.raises(PrometheusUnreachableError, match="Correct or renew"):
            await api.query("up")

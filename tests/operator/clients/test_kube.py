"""The real client against a server that behaves badly on purpose."""

from __future__ import annotations

import asyncio
import datetime
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio.client import ApiClient
from kubernetes.aio.config import incluster_config

from rlautoscaler.clients import credentials, kube
from rlautoscaler.clients.kube import Timeouts
from rlautoscaler.clients.protocols import CONFIGMAPS, DEPLOYMENTS, PODS, PatchType
from rlautoscaler.errors import (
    ApiError,
    ForbiddenError,
    GoneError,
    InvalidObjectError,
    SettingsError,
    UnreachableError,
)

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Records requests and answers as it is told."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.respond: Respond = _empty
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        return await self.respond(request)

    def answer(self, *bodies: Any, status: int = 200) -> None:
        """Answer the next requests with these, the last of them for ever."""
        remaining = list(bodies)

        async def respond(_: web.Request) -> web.Response:
            body = remaining.pop(0) if len(remaining) > 1 else remaining[0]
            return web.json_response(body, status=status)

        self.respond = respond


async def _empty(_: web.Request) -> web.Response:
    return web.json_response({})


GROUPS = {"groups": [{"name": "apps"}]}


@pytest.mark.parametrize(
    ("sentence", "answers", "expected"),
    [
        ("its group is not there yet", [{"groups": []}], False),
        ("its group is there and lists others", [GROUPS, {"resources": [{"name": "pods"}]}], False),
        ("both name it", [GROUPS, {"resources": [{"name": "deployments"}]}], True),
        ("an answer says nothing", [{}], False),
    ],
)
async def test_a_resource_is_served_when_discovery_names_it(
    server: Server, kubeconfig: Path, sentence: str, answers: list[Any], expected: bool
) -> None:
    """The list of groups is filled apart from that of a group's resources."""
    server.answer(*answers)
    async with kube.connect(kubeconfig=kubeconfig) as api:
        assert await api.serves(DEPLOYMENTS) is expected, sentence
    assert [request.path for request in server.requests] == ["/apis", "/apis/apps/v1"][: len(answers)]


async def test_a_group_that_has_just_gone_is_not_served(server: Server, kubeconfig: Path) -> None:
    """Named a moment ago, and now a 404."""

    async def respond(request: web.Request) -> web.Response:
        gone = request.path != "/apis"
        return web.json_response({} if gone else GROUPS, status=404 if gone else 200)

    server.respond = respond
    async with kube.connect(kubeconfig=kubeconfig) as api:
        assert not await api.serves(DEPLOYMENTS)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    recorder = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", recorder.handle)
    async with TestServer(app, handler_cancellation=True) as running:
        recorder.url = str(running.make_url("")).rstrip("/")
        yield recorder


@pytest.fixture
def kubeconfig(server: Server, tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("first")
    path = tmp_path / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "here",
                "clusters": [{"name": "c", "cluster": {"server": server.url}}],
                "users": [{"name": "u", "user": {"tokenFile": "token"}}],
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    return path


@pytest_asyncio.fixture
async def api(kubeconfig: Path) -> AsyncIterator[kube.KubeClient]:
    timeouts = Timeouts(connect=5, call=5, watch=240, watch_silence=5)
    async with kube.connect(kubeconfig=kubeconfig, timeouts=timeouts) as client:
        yield client


def write(path: Path, contents: str | None) -> None:
    """Put something into a file, or remove it."""
    if contents is None:
        path.unlink()
    else:
        path.write_text(contents)


def point(kubeconfig: Path, cluster: dict[str, str]) -> None:
    """Let a kubeconfig lead elsewhere."""
    document = yaml.safe_load(kubeconfig.read_text())
    document["clusters"][0]["cluster"] = cluster
    kubeconfig.write_text(yaml.safe_dump(document))


async def follow(api: kube.KubeClient, seen: list[str] | None = None) -> None:
    """Note the types of a watch's events until it ends."""
    async for one in api.watch(CONFIGMAPS, resource_version="1"):
        if seen is not None:
            seen.append(one.type)


def status(code: int, message: str, reason: str = "") -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "code": code, "message": message, "reason": reason}


async def test_requests_say_who_asks(api: kube.KubeClient, server: Server) -> None:
    """Every request carries the token and our user agent."""
    await api.get(DEPLOYMENTS, "shop", "web")
    [request] = server.requests
    assert request.path == "/apis/apps/v1/namespaces/shop/deployments/web"
    assert request.headers["Authorization"] == "Bearer first"
    assert request.headers["User-Agent"] == "rlautoscaler"


@pytest.mark.parametrize(
    ("patch_type", "patch", "query"),
    [
        pytest.param(PatchType.MERGE, {"spec": {}}, {"fieldManager": "rlautoscaler"}, id="merge"),
        pytest.param(PatchType.JSON, [{"op": "x"}], {"fieldManager": "rlautoscaler"}, id="json"),
        pytest.param(
            PatchType.APPLY, {"spec": {}}, {"fieldManager": "rlautoscaler", "force": "true"}, id="apply"
        ),
    ],
)
async def test_a_patch_names_its_type_and_the_field_manager(
    api: kube.KubeClient, server: Server, patch_type: PatchType, patch: Any, query: dict[str, str]
) -> None:
    """Content type, body and field manager arrive as they are meant; an apply is forced."""
    await api.patch(DEPLOYMENTS, "shop", "web", patch, subresource="scale", patch_type=patch_type)
    [request] = server.requests
    assert request.path.endswith("/deployments/web/scale")
    assert request.headers["Content-Type"] == patch_type
    assert dict(request.query) == query
    assert json.loads(server.bodies[0]) == patch


async def test_a_list_follows_its_pages(api: kube.KubeClient, server: Server) -> None:
    """Pages of 500 are asked for until there is no further one; the version is the last page's."""
    server.answer(
        {"items": [{"a": 1}], "metadata": {"continue": "next", "resourceVersion": "7"}},
        {"items": [{"a": 2}], "metadata": {"resourceVersion": "8"}},
    )
    listed = await api.list(PODS, selector="app=web")
    assert listed.items == [{"a": 1}, {"a": 2}]
    assert listed.resource_version == "8"
    assert [dict(request.query) for request in server.requests] == [
        {"limit": "500", "labelSelector": "app=web"},
        {"limit": "500", "labelSelector": "app=web", "continue": "next"},
    ]


async def test_a_list_that_outlives_its_version_begins_anew(api: kube.KubeClient, server: Server) -> None:
    """410 between two pages costs one more list, not an error."""
    answers = [
        web.json_response({"items": [{"a": 1}], "metadata": {"continue": "next"}}),
        web.json_response(status(410, "expired"), status=410),
        web.json_response({"items": [{"a": 2}], "metadata": {"resourceVersion": "9"}}),
    ]

    async def respond(_: web.Request) -> web.Response:
        return answers.pop(0)

    server.respond = respond
    assert (await api.list(PODS)).items == [{"a": 2}]


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        (400, InvalidObjectError, "Correct what was sent"),
        (401, ForbiddenError, "renew the token or the kubeconfig"),
        (403, ForbiddenError, "Grant the operator the verb patch on deployments/scale of the API group apps"),
        (410, GoneError, "list again"),
        (415, InvalidObjectError, "Correct what was sent"),
        (422, InvalidObjectError, "Correct what was sent"),
        (429, UnreachableError, "ask less often"),
        (500, UnreachableError, "may pass"),
        (503, UnreachableError, "may pass"),
    ],
)
async def test_refusals_become_sentences(
    api: kube.KubeClient, server: Server, code: int, kind: type[ApiError], sentence: str
) -> None:
    """Each status has its error, which tells the call, the server's words and what to do."""
    server.answer(status(code, "because.", "Because"), status=code)
    with pytest.raises(kind) as caught:
        await api.patch(DEPLOYMENTS, "shop", "web", {}, subresource="scale")
    message = str(caught.value)
    assert f"answered {code} to `patch deployments/scale shop/web`: because. " in message
    assert sentence in message
    assert (caught.value.status, caught.value.reason) == (code, "Because")


@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", "", "[]", '"x"'])
async def test_a_refusal_by_a_proxy_is_told_in_its_words(
    api: kube.KubeClient, server: Server, body: str
) -> None:
    """An answer that is no Status object still becomes an error of ours."""

    async def respond(_: web.Request) -> web.Response:
        return web.Response(text=body, status=502)

    server.respond = respond
    with pytest.raises(UnreachableError, match="answered 502 to `get pods shop/x`"):
        await api.get(PODS, "shop", "x")


@pytest.mark.parametrize("body", ["<html>Log in</html>", "[1]", ""])
async def test_a_success_that_is_no_object_is_not_taken_for_one(
    api: kube.KubeClient, server: Server, body: str
) -> None:
    """A login page with status 200 is no answer of an API server."""

    async def respond(_: web.Request) -> web.Response:
        return web.Response(text=body)

    server.respond = respond
    with pytest.raises(UnreachableError):
        await api.get(PODS, "shop", "x")


async def test_a_server_that_is_down_is_unreachable(kubeconfig: Path) -> None:
    """A refused connection names the call and stays one of our errors."""
    point(kubeconfig, {"server": "http://127.0.0.1:1"})
    async with kube.connect(kubeconfig=kubeconfig) as client:
        with pytest.raises(UnreachableError, match="No answer from the API server to `get pods shop/x`"):
            await client.get(PODS, "shop", "x")


async def test_a_server_that_hangs_is_given_up(kubeconfig: Path, server: Server) -> None:
    """After the call's time-out the caller gets an error, not silence."""
    release = asyncio.Event()

    async def respond(_: web.Request) -> web.Response:
        await release.wait()
        return web.json_response({})

    server.respond = respond
    async with kube.connect(kubeconfig=kubeconfig, timeouts=Timeouts(call=0.05)) as client:
        with pytest.raises(UnreachableError):
            await client.get(PODS, "shop", "x")
    release.set()


def stream(*lines: bytes, hold: asyncio.Event | None = None) -> Respond:
    """A response of raw chunks that ends, or stays open as long as it is held."""

    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for line in lines:
            await response.write(line)
        if hold is not None:
            await hold.wait()
        return response

    return respond


def event(kind: str, /, **contents: Any) -> bytes:
    return json.dumps({"type": kind, "object": contents}).encode() + b"\n"


async def test_a_watch_asks_for_bookmarks_and_a_limit(api: kube.KubeClient, server: Server) -> None:
    """The request names where to begin, wants bookmarks, and lets the server end it."""
    server.respond = stream(event("BOOKMARK", metadata={"resourceVersion": "12"}))
    events = [one async for one in api.watch(CONFIGMAPS, "shop", resource_version="11")]
    assert [one.type for one in events] == ["BOOKMARK"]
    assert dict(server.requests[0].query) == {
        "watch": "true",
        "resourceVersion": "11",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "240",
    }


async def test_a_line_of_a_watch_may_arrive_in_pieces(api: kube.KubeClient, server: Server) -> None:
    """Lines are put together whatever the network does, also one of two megabytes."""
    big = event("ADDED", metadata={"name": "x" * 2_000_000})
    server.respond = stream(big[:10], big[10:1_000_000], big[1_000_000:] + event("DELETED"))
    events = [one.type async for one in api.watch(CONFIGMAPS, resource_version="1")]
    assert events == ["ADDED", "DELETED"]


async def test_a_watch_can_be_gone_by_status(api: kube.KubeClient, server: Server) -> None:
    """410 as the answer to the request itself."""
    server.answer(status(410, "too old"), status=410)
    with pytest.raises(GoneError, match="watch configmaps"):
        await follow(api)


async def test_a_watch_can_be_gone_in_the_stream(api: kube.KubeClient, server: Server) -> None:
    """410 as an ERROR line after good ones: the good ones are delivered first."""
    server.respond = stream(event("ADDED"), event("ERROR", **status(410, "too old", "Expired")))
    seen: list[str] = []
    with pytest.raises(GoneError) as caught:
        await follow(api, seen)
    assert seen == ["ADDED"]
    assert caught.value.reason == "Expired"


@pytest.mark.parametrize("line", [b'{"type": "ADD', b"not json\n", b"[]\n"])
async def test_a_line_that_is_cut_is_an_error(api: kube.KubeClient, server: Server, line: bytes) -> None:
    """Half an event is never taken for a whole one."""
    server.respond = stream(line)
    with pytest.raises(UnreachableError):
        await follow(api)


async def test_a_silent_watch_is_given_up(kubeconfig: Path, server: Server) -> None:
    """No event and no bookmark for too long: the connection counts as dead."""
    hold = asyncio.Event()
    server.respond = stream(event("ADDED"), hold=hold)
    seen: list[str] = []
    async with kube.connect(kubeconfig=kubeconfig, timeouts=Timeouts(watch_silence=0.05)) as client:
        with pytest.raises(UnreachableError):
            await follow(client, seen)
    hold.set()
    assert seen == ["ADDED"]


async def test_leaving_a_watch_closes_its_connection(api: kube.KubeClient, server: Server) -> None:
    """A watch that is left early is not read on in the background: the server sees the end."""
    cancelled = asyncio.Event()

    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(event("ADDED"))
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return response

    server.respond = respond
    async with aclosing(api.watch(CONFIGMAPS, resource_version="1")) as events:
        await anext(events)
    await asyncio.wait_for(cancelled.wait(), 5)


async def test_a_token_file_is_read_again(kubeconfig: Path, server: Server) -> None:
    """A token renewed in place is used after a minute at the latest, and the old one until then."""
    now = [0.0]
    configuration = await credentials.load(kubeconfig, clock=lambda: now[0])
    async with ApiClient(configuration) as transport:
        client = kube.KubeClient(transport)
        await client.get(PODS, "shop", "x")
        write(kubeconfig.parent / "token", "second")
        await client.get(PODS, "shop", "x")
        now[0] = credentials.REFRESH_SECONDS
        await client.get(PODS, "shop", "x")
    seen = [request.headers["Authorization"] for request in server.requests]
    assert seen == ["Bearer first", "Bearer first", "Bearer second"]


async def test_a_kubeconfig_that_breaks_later_leaves_the_old_token_in_use(
    kubeconfig: Path, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is being rewritten costs a warning, not the connection."""
    now = [0.0]
    configuration = await credentials.load(kubeconfig, clock=lambda: now[0])
    async with ApiClient(configuration) as transport:
        write(kubeconfig.parent / "token", None)
        now[0] = credentials.REFRESH_SECONDS
        await kube.KubeClient(transport).get(PODS, "shop", "x")
    assert server.requests[0].headers["Authorization"] == "Bearer first"
    assert "the old token stays in use" in caplog.text


@pytest.fixture
def mounted_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pod's ServiceAccount mount, and the environment that leads to the API server."""
    token, certificate = tmp_path / "mounted", tmp_path / "ca.crt"
    token.write_text("first")
    certificate.write_text("not looked at before the first connection")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(certificate))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return token


async def test_the_token_of_a_pod_is_read_again(mounted_token: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the cluster, the projected token that the kubelet renews is used without a restart."""
    configuration = await credentials.load(environ={"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert configuration.host == "https://10.0.0.1:443"
    assert (await configuration.auth_settings())["BearerToken"]["value"] == "bearer first"
    write(mounted_token, "second")

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Later:
            return cls(2100, 1, 1)

    monkeypatch.setattr(incluster_config.datetime, "datetime", Later)
    assert (await configuration.auth_settings())["BearerToken"]["value"] == "bearer second"


@pytest.mark.parametrize(
    ("contents", "context", "sentence"),
    [
        pytest.param(None, None, "There is no kubeconfig at", id="no file"),
        pytest.param("clusters: [", None, "cannot be used", id="not YAML"),
        pytest.param("{}", None, "get-contexts", id="empty"),
        pytest.param("[]", None, "cannot be used", id="a list"),
        pytest.param("keep", "elsewhere", "elsewhere", id="unknown context"),
    ],
)
async def test_a_wrong_kubeconfig_is_told_in_a_sentence(
    kubeconfig: Path, contents: str | None, context: str | None, sentence: str
) -> None:
    """Whatever is wrong with the file, the user is told what and where to look."""
    if contents != "keep":
        write(kubeconfig, contents)
    with pytest.raises(SettingsError, match=sentence):
        async with kube.connect(kubeconfig=kubeconfig, context=context):
            pass


async def test_a_damaged_certificate_is_a_setting(kubeconfig: Path) -> None:
    """A certificate authority that is none is found before the first request."""
    point(kubeconfig, {"server": "https://127.0.0.1:1", "certificate-authority": str(kubeconfig)})
    with pytest.raises(SettingsError, match="certificates for https://127"):
        async with kube.connect(kubeconfig=kubeconfig):
            pass


async def test_the_named_files_of_the_environment_come_before_the_pod(
    kubeconfig: Path, server: Server
) -> None:
    """`KUBECONFIG` wins over a ServiceAccount, as for kubectl inside a pod."""
    environ = {"KUBECONFIG": str(kubeconfig), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert (await credentials.load(environ=environ)).host == server.url


async def test_a_pod_without_a_token_is_told_so() -> None:
    """In a cluster without a mounted token the error names the setting of the pod."""
    with pytest.raises(SettingsError, match="automountServiceAccountToken"):
        await credentials.load(environ={"KUBERNETES_SERVICE_HOST": "10.0.0.1"})

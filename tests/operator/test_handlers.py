"""kopf's part: the connection it gets, and the store it fills."""

from __future__ import annotations

import asyncio
import threading
from itertools import islice

import kopf
import pytest
import yaml

from rlautoscaler import handlers
from rlautoscaler.errors import ForbiddenError, SettingsError, UnreachableError
from rlautoscaler.reconciling.stores import Store
from rlautoscaler.resources.names import GROUP, PLURAL, VERSION

MANIFEST = {"metadata": {"namespace": "shop", "name": "web", "uid": "1"}, "spec": {}}


@pytest.fixture
def kubeconfig(tmp_path):
    """A cluster reached with a token."""
    path = tmp_path / "kubeconfig"
    document = {
        "clusters": [
            {"name": "c", "cluster": {"server": "https://127.0.0.1:6443", "insecure-skip-tls-verify": True}}
        ],
        "users": [{"name": "u", "user": {"token": "secret"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(document))
    return path


async def test_kopf_connects_as_our_own_client_does(kubeconfig):
    """One source of credentials for both."""
    found = await handlers.connection(kubeconfig, None)
    assert (found.server, found.token, found.insecure) == ("https://127.0.0.1:6443", "secret", True)


async def test_a_missing_kubeconfig_is_a_sentence(tmp_path):
    """As for our own client."""
    with pytest.raises(SettingsError, match="no kubeconfig"):
        await handlers.connection(tmp_path / "none", None)


def test_kopf_never_gives_up_a_request():
    """An API server may take minutes to come up; nine attempts are less than one."""
    pauses = list(islice(handlers.Backoffs(), 1000))
    assert len(pauses) == 1000
    assert max(pauses) <= 15


async def test_our_resource_is_waited_for(caplog):
    """An API server that has just come up knows no definitions yet; what is missing is told once."""
    answers = iter([UnreachableError("down"), False, False, True])
    sentences: list[str] = []

    class Server:
        async def serves(self, resource):
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

    async def sleep(seconds):
        sentences.extend(record.message for record in caplog.records)
        caplog.clear()

    await handlers.until_served(Server(), threading.Event(), sleep)
    assert sentences[0] == "down"
    assert "rlautoscaler crd | kubectl apply" in sentences[1]
    assert len(sentences) == 2


async def test_refused_credentials_are_not_waited_for():
    """They get no better by waiting; a restart reads them again."""

    class Server:
        async def serves(self, resource):
            raise ForbiddenError("Unauthorized", status=401)

    with pytest.raises(SettingsError, match="does not accept the credentials"):
        await handlers.until_served(Server(), threading.Event())


def test_a_failure_of_kopf_is_not_waited_for(monkeypatch, kubeconfig):
    """It comes out of the thread at once, as a sentence, although nobody asked kopf to stop."""

    async def operator(*, stop_flag, **_):
        asyncio.get_running_loop().run_in_executor(None, stop_flag.wait)  # as kopf does
        raise kopf.LoginError("Ran out of valid credentials.")

    async def served(*_):
        pass

    monkeypatch.setattr(kopf, "operator", operator)
    monkeypatch.setattr(handlers, "until_served", served)
    with pytest.raises(SettingsError, match="does not accept the credentials"):
        handlers.watch(Store(), kubeconfig, None, namespace=None, stop=threading.Event())


def keep_of(store: Store):
    """The one handler that kopf calls for events of our resource."""
    registry = handlers.registry(store, None, None)
    (handler,) = registry._watching.get_all_handlers()
    assert handler.selector is not None
    assert (
        handler.selector.group,
        handler.selector.version,
        handler.selector.any_name or handler.selector.plural,
    ) == (GROUP, VERSION, PLURAL)
    return handler.fn


@pytest.mark.parametrize(
    ("sentence", "kinds", "left"),
    [
        ("what the first list shows is kept", [None], 1),
        ("what is added or changed is kept", ["ADDED", "MODIFIED"], 1),
        ("what is deleted goes", ["ADDED", "DELETED"], 0),
        ("a deletion of what was never seen is no trouble", ["DELETED"], 0),
    ],
)
def test_events_fill_the_store(sentence, kinds, left):
    """The watch's events, one by one."""
    store = Store()
    keep = keep_of(store)
    for kind in kinds:
        keep(event={"type": kind, "object": MANIFEST})
    assert len(store.all()) == left, sentence


def test_kopf_asks_for_nothing_else():
    """No timers, daemons or indexes: they cost tasks and finalizers for every object."""
    registry = handlers.registry(Store(), None, None)
    assert registry._spawning.get_all_handlers() == []
    assert registry._indexing.get_all_handlers() == []
    assert registry._changing.get_all_handlers() == []
    assert isinstance(registry, kopf.OperatorRegistry)

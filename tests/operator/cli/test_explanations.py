"""`rlautoscaler explain` as a person and a script use it, on a fake API server and on none."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlautoscaler.cli import main
from rlautoscaler.clients import credentials, kube
from rlautoscaler.clients.fakes import FakeKubeApi
from rlautoscaler.clients.protocols import RLAUTOSCALERS
from rlautoscaler.errors import ForbiddenError, SettingsError

STATUS = {
    "horizontal": {
        "target": {
            "baseline": 5,
            "applied": 5,
            "source": "Baseline",
            "reason": "BaselineMode",
            "generatedAt": "2026-09-21T14:13:20Z",
        },
        "explanation": {"course": "BelowMinimum", "current": 3, "desired": 5, "reason": "TooFewReplicas"},
    }
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeKubeApi:
    """In place of the cluster; the kubeconfig's context is in namespace `shop`."""
    api = FakeKubeApi()
    for name, status in (("checkout", STATUS), ("fresh", None)):
        metadata = {"namespace": "shop", "name": name}
        api.seed(
            RLAUTOSCALERS, {"metadata": metadata, "spec": {}} | ({} if status is None else {"status": status})
        )

    @asynccontextmanager
    async def connect(**_: Any) -> AsyncIterator[FakeKubeApi]:
        yield api

    monkeypatch.setattr(kube, "connect", connect)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path)))
    return api


def kubeconfig(folder: Path) -> Path:
    """Two contexts, the current one in namespace `shop`, the other without any."""
    path = folder / "kubeconfig"
    contexts = [
        {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
        {"name": "there", "context": {"cluster": "c", "user": "u"}},
    ]
    clusters = [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}]
    users = [{"name": "u", "user": {"token": "t"}}]
    document = {"current-context": "here", "contexts": contexts, "clusters": clusters, "users": users}
    path.write_text(yaml.safe_dump(document))
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of the program."""
    monkeypatch.setattr(sys, "argv", ["rlautoscaler", "explain", *arguments])
    with pytest.raises(SystemExit) as caught:
        main.main()
    return int(caught.value.code or 0)


def test_a_decision_is_printed(
    api: FakeKubeApi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a namespace it is looked for where kubectl would look; exit code 0."""
    assert run(monkeypatch, "checkout") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("shop/checkout: 3 -> 5, decided by the baseline")
    assert "It is below the minimum" in printed
    assert [(call.verb, call.namespace) for call in api.calls] == [("get", "shop")]


def test_a_script_gets_one_line_of_json(
    api: FakeKubeApi, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same, structured."""
    assert run(monkeypatch, "checkout", "-n", "shop", "--json") == 0
    plain = json.loads(capsys.readouterr().out)
    assert (plain["decision"]["applied"], plain["baseline"]["course"]) == (5, "BelowMinimum")


@pytest.mark.parametrize(
    ("arguments", "failure", "sentence"),
    [
        pytest.param(
            ["basket"], None, "There is no RLAutoscaler basket in namespace shop", id="a wrong name"
        ),
        pytest.param(["checkout", "-n", "bank"], None, "in namespace bank", id="a wrong namespace"),
        pytest.param(["fresh"], None, "Nothing has been decided yet about shop/fresh", id="nothing decided"),
        pytest.param(["checkout"], ForbiddenError("No.", status=403), "You may not read", id="no rights"),
        pytest.param(["a/b"], None, "is not a name of an object", id="no name at all"),
    ],
)
def test_what_cannot_be_explained_is_one_sentence(
    api: FakeKubeApi,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    failure: ForbiddenError | None,
    sentence: str,
) -> None:
    """On standard error, with exit code 1, and nothing on standard output."""
    if failure is not None:
        api.fail(failure)
    assert run(monkeypatch, *arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in printed.err
    assert len(printed.err.splitlines()) == 1


def test_no_kubeconfig_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence says what to name."""
    assert run(monkeypatch, "checkout", "--kubeconfig=/nowhere") == 1
    assert "There is no kubeconfig at /nowhere" in capsys.readouterr().err


def test_wrong_usage_has_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As everywhere in the program."""
    assert run(monkeypatch) == 2
    assert "NAME" in capsys.readouterr().err.upper()


@pytest.mark.parametrize(("context", "namespace"), [(None, "shop"), ("here", "shop"), ("there", "default")])
def test_the_namespace_is_kubectls(tmp_path: Path, context: str | None, namespace: str) -> None:
    """That of the context, or `default`."""
    assert credentials.namespace(kubeconfig(tmp_path), context) == namespace


def test_a_context_that_there_is_not(tmp_path: Path) -> None:
    """The sentence says how to list them."""
    with pytest.raises(SettingsError, match="get-contexts"):
        credentials.namespace(kubeconfig(tmp_path), "elsewhere")

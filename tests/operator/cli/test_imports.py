"""`rlautoscaler import hpa` as a person and a script use it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from rlautoscaler.cli import imports, main
from rlautoscaler.resources import schemas
from rlautoscaler.sandbox.planes import Sandbox

NAMESPACE = "imports"
HPA = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web", "namespace": NAMESPACE},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 10,
        "metrics": [{"type": "External", "external": {"metric": {"name": "q"}, "target": {"type": "Value", "value": 0.5}}}],
        "behavior": {"scaleDown": {"selectPolicy": "Disabled"}},
    },
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> str:
    """An HPA in a file."""
    path = tmp_path / "hpa.yaml"
    path.write_text(yaml.safe_dump(HPA))
    return str(path)


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The whole program, with its exit code."""
    monkeypatch.setattr(sys, "argv", ["rlautoscaler", "import", "hpa", *arguments])
    with pytest.raises(SystemExit) as caught:
        main.main()
    return int(caught.value.code or 0)


def test_yaml_goes_to_standard_output_and_notes_to_standard_error(file: str) -> None:
    """So the one can be piped into kubectl, and the other is read all the same."""
    result = CliRunner().invoke(imports.app, ["hpa", "-f", file])
    assert result.exit_code == 0
    document = yaml.safe_load(result.stdout)
    assert (document["kind"], document["metadata"]) == ("RLAutoscaler", HPA["metadata"])
    (metric,) = document["spec"]["baseline"]["metrics"]
    assert metric["external"]["target"] == {"type": "Value", "value": "0.5"}
    assert result.stdout.startswith("# Continues HorizontalPodAutoscaler imports/web.")
    assert result.stderr.startswith("note: The metric q will be read")


def test_json_is_the_same_document(file: str) -> None:
    """Without comments."""
    printed = CliRunner().invoke(imports.app, ["hpa", "-f", file, "-o", "json", "--name", "mine"])
    assert json.loads(printed.stdout)["metadata"]["name"] == "mine"


def test_a_pipe_is_read(file: str) -> None:
    """`-` is standard input; an HPA without namespace takes the one that is named."""
    text = json.dumps(HPA | {"metadata": {"name": "web"}})
    printed = CliRunner().invoke(
        imports.app, ["hpa", "-f", "-", "-n", "shop", "--error-rate", "1%"], input=text
    )
    document = yaml.safe_load(printed.stdout)
    assert document["metadata"] == {"name": "web", "namespace": "shop"}
    assert document["spec"]["objective"] == {"errorRate": "1%"}


MISTAKES = [
    ("neither a name nor a file", [], 2, "Name the HPA, or a file with --file"),
    ("a file that is not there", ["-f", "/nowhere"], 1, "The file /nowhere cannot be read"),
    ("a file without it", ["-f", "{file}", "other"], 1, "holds no HorizontalPodAutoscaler other."),
    ("a preset that is to come", ["-f", "{file}", "--preset=vllm"], 1, "vllm is not available yet"),
    (
        "a cluster that is not there",
        ["web", "--kubeconfig=/nowhere"],
        1,
        "There is no kubeconfig at /nowhere",
    ),
]


@pytest.mark.parametrize(
    ("sentence", "arguments", "code", "message"), MISTAKES, ids=[one[0] for one in MISTAKES]
)
def test_a_mistake_is_told(
    sentence: str,
    arguments: list[str],
    code: int,
    message: str,
    file: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line on standard error says what to change; nothing is printed that could be applied."""
    given = [argument.format(file=file) for argument in arguments]
    assert run(*given, monkeypatch=monkeypatch) == code, sentence
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert line.startswith("error: ")
    assert message in line


@pytest.fixture(scope="module")
def cluster(sandbox: Sandbox) -> Iterator[Sandbox]:
    """A cluster with an HPA, that knows RLAutoscalers."""
    sandbox.kubectl("apply", "-f", "-", stdin=schemas.text())
    sandbox.kubectl("create", "namespace", NAMESPACE)
    sandbox.kubectl("wait", "--for=condition=Established", "crd", "rlautoscalers.rlautoscaler.io")
    sandbox.kubectl("apply", "-f", "-", stdin=json.dumps(HPA))
    yield sandbox
    sandbox.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.mark.cluster
def test_what_is_printed_of_a_clusters_hpa_can_be_applied(
    cluster: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what the API server has made of the HPA."""
    arguments = ["web", "-n", NAMESPACE, f"--kubeconfig={cluster.kubeconfig}", "--name=printed"]
    assert run(*arguments, monkeypatch=monkeypatch) == 0
    cluster.kubectl("apply", "-f", "-", stdin=capsys.readouterr().out)
    assert target(cluster, "printed") == {"type": "Value", "value": "500m"}


@pytest.mark.cluster
def test_apply_creates_it_once(
    cluster: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second time it is refused, and the object stays."""
    arguments = ["web", "-n", NAMESPACE, f"--kubeconfig={cluster.kubeconfig}", "--apply"]
    assert run(*arguments, monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().out == "RLAutoscaler imports/web created, in Shadow\n"
    assert target(cluster, "web") == {"type": "Value", "value": "500m"}
    assert run(*arguments, monkeypatch=monkeypatch) == 1
    assert "imports/web exists already" in capsys.readouterr().err


@pytest.mark.cluster
def test_a_missing_hpa_is_told(
    cluster: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With where it was looked for: without -n in the context's namespace."""
    assert run("nope", f"--kubeconfig={cluster.kubeconfig}", monkeypatch=monkeypatch) == 1
    assert "no HorizontalPodAutoscaler nope in namespace default" in capsys.readouterr().err


def target(cluster: Sandbox, name: str) -> Any:
    """Of the one metric of a stored RLAutoscaler."""
    stored = json.loads(cluster.kubectl("get", "rla", name, "-n", NAMESPACE, "-o", "json"))
    return stored["spec"]["baseline"]["metrics"][0]["external"]["target"]

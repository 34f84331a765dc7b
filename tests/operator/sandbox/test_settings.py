"""What the sandbox writes and passes to its programs, without starting any."""

from __future__ import annotations

import base64
import csv
import io
import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlautoscaler.errors import SandboxError
from rlautoscaler.sandbox import commands, credentials, folders, nodes, prometheus
from rlautoscaler.sandbox.layouts import PORTS, Layout
from rlautoscaler.sandbox.planes import Sandbox
from rlautoscaler.sandbox.ports import LOOPBACK, PortReservations


@pytest.fixture
def reserved() -> Iterator[PortReservations]:
    reserved = PortReservations(PORTS)
    yield reserved
    reserved.close()


@pytest.fixture
def layout(tmp_path: Path, reserved: PortReservations) -> Layout:
    return Layout(tmp_path, reserved)


def bind(port: int, *, reuse: bool) -> socket.socket:
    server = socket.socket()
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        server.bind((LOOPBACK, port))
        server.listen()
    except OSError:
        server.close()
        raise
    return server


def test_reserved_ports_differ(reserved: PortReservations) -> None:
    """Each program has a port of its own."""
    assert len({reserved[name] for name in PORTS}) == len(PORTS)


def test_a_reserved_port_can_be_listened_on_by_its_program(reserved: PortReservations) -> None:
    """Go's servers set SO_REUSEADDR, and listen on a reserved port again and again."""
    for _ in range(2):
        with bind(reserved["etcd"], reuse=True), socket.create_connection((LOOPBACK, reserved["etcd"])):
            pass


def test_a_reserved_port_is_given_to_nobody_else(reserved: PortReservations) -> None:
    """The kernel refuses it to a plain bind, and never chooses it for a second sandbox."""
    with pytest.raises(OSError, match="in use"):
        bind(reserved["etcd"], reuse=False)
    others = [PortReservations(PORTS) for _ in range(20)]
    try:
        taken = {other[name] for other in others for name in PORTS}
        assert len(taken) == 20 * len(PORTS)
        assert taken.isdisjoint({reserved[name] for name in PORTS})
    finally:
        for other in others:
            other.close()


def test_every_address_in_the_command_lines_is_loopback(layout: Layout) -> None:
    """No flag names another address, and KWOK's server, which has none, is off."""
    lines = [
        *commands.etcd(layout),
        *commands.kube_apiserver(layout, ()),
        *commands.kube_controller_manager(layout, ()),
        *commands.kube_scheduler(layout, ()),
        *commands.prometheus(layout),
    ]
    assert {url for line in lines for url in re.findall(r"https?://([^:/]+)", line)} <= {
        LOOPBACK,
        "kubernetes.default.svc",
    }
    assert sum(line == f"--bind-address={LOOPBACK}" for line in lines) == 3
    assert f"--web.listen-address={LOOPBACK}:{layout.ports['prometheus']}" in lines
    assert "--node-port=0" in commands.kwok(layout)


def test_callers_flags_come_last(layout: Layout) -> None:
    """The last of two equal flags wins in the Kubernetes programs, so that a caller can overrule any."""
    extra = ("--horizontal-pod-autoscaler-sync-period=1s",)
    assert commands.kube_controller_manager(layout, extra)[-1] == extra[0]


def test_every_stage_file_is_given_to_kwok(layout: Layout) -> None:
    """Stages are package data; one that KWOK does not get would be a behaviour that silently does nothing."""
    given = [line for line in commands.kwok(layout) if line.startswith("--config=")]
    assert len(given) == len(list(commands.STAGES.glob("*.yaml"))) >= 5


def test_stage_files_are_stages_with_names_of_their_own() -> None:
    """Each document parses, and no name occurs twice, since the later would replace the earlier."""
    documents: list[Any] = [
        document
        for path in commands.STAGES.glob("*.yaml")
        for document in yaml.safe_load_all(path.read_text())
    ]
    names = [document["metadata"]["name"] for document in documents if document["kind"] == "Stage"]
    assert len(names) == len(set(names)) == len(documents) - 1


def test_a_signing_key_is_a_p256_key() -> None:
    """The PEM holds an RFC 5915 structure of the right length for the curve, another at each call."""
    body = "".join(credentials.signing_key().splitlines()[1:-1])
    document = base64.b64decode(body)
    assert document[1] == len(document) - 2
    assert document[:7].hex() == "30310201010420"
    assert document[-10:].hex() == "06082a8648ce3d030107"
    assert credentials.signing_key() != credentials.signing_key()


def test_the_token_file_has_a_line_for_each_user() -> None:
    """Token, user, uid and the groups in one quoted column."""
    text = credentials.token_file({"admin": "t1", "eve": "t2"}, {"admin": ["system:masters", "x"]})
    assert list(csv.reader(io.StringIO(text))) == [
        ["t1", "admin", "admin", "system:masters,x"],
        ["t2", "eve", "eve", ""],
    ]


def test_a_kubeconfig_stands_by_itself() -> None:
    """Server, certificate and token are inside, and the context names them."""
    document = yaml.safe_load(credentials.kubeconfig("https://127.0.0.1:1", b"PEM", "admin", "secret"))
    assert document["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"
    assert base64.b64decode(document["clusters"][0]["cluster"]["certificate-authority-data"]) == b"PEM"
    assert document["users"] == [{"name": "admin", "user": {"token": "secret"}}]
    assert document["current-context"] == document["contexts"][0]["name"]


def test_private_files_replace_what_was_there(tmp_path: Path) -> None:
    """Also a file that others could read, which must not keep its mode."""
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    credentials.write_private(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)


def test_prometheus_gets_the_intervals_it_lacks() -> None:
    """Scrape interval and time-out go together; rules are evaluated as often."""
    document = yaml.safe_load(prometheus.configuration("scrape_configs: []", 0.5))
    assert document["global"] == {
        "evaluation_interval": "500ms",
        "scrape_interval": "500ms",
        "scrape_timeout": "500ms",
    }
    assert document["scrape_configs"] == []


def test_prometheus_keeps_the_intervals_it_has() -> None:
    """A configuration with a scrape interval of its own gets no time-out above it."""
    document = yaml.safe_load(
        prometheus.configuration("global: {scrape_interval: 1s, external_labels: {a: b}}", 30)
    )
    assert document["global"] == {
        "evaluation_interval": "30000ms",
        "scrape_interval": "1s",
        "external_labels": {"a": "b"},
    }


@pytest.mark.parametrize(("text", "sentence"), [("- a", "not a YAML mapping"), ("a: [", "not YAML")])
def test_a_prometheus_configuration_that_is_none_is_refused(text: str, sentence: str) -> None:
    """The error says so before Prometheus is started."""
    with pytest.raises(SandboxError, match=sentence):
        prometheus.configuration(text, 1)


def test_a_folder_of_the_users_must_be_empty(tmp_path: Path) -> None:
    """Files that are there already are never mixed with a sandbox's."""
    assert folders.make(tmp_path / "a" / "b", "x") == tmp_path / "a" / "b"
    (tmp_path / "a" / "b" / "thesis.txt").write_text("")
    with pytest.raises(SandboxError, match="is not empty"):
        folders.make(tmp_path / "a" / "b", "x")


def test_cache_and_state_follow_the_xdg_folders() -> None:
    """The variables win, relative ones are ignored as the specification wants."""
    assert folders.cache({"XDG_CACHE_HOME": "/c"}) == Path("/c/rlautoscaler")
    assert folders.state({"XDG_STATE_HOME": "/s"}) == Path("/s/rlautoscaler/sandboxes")
    assert folders.cache({"XDG_CACHE_HOME": "relative"}) == Path.home() / ".cache" / "rlautoscaler"


def test_a_node_counts_when_it_takes_pods() -> None:
    """Ready alone is not enough while the taint of the unready is still there."""
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    unready = {"conditions": [{"type": "Ready", "status": "False"}]}
    taints = [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]
    listed = [
        {"spec": {}, "status": ready},
        {"spec": {"taints": taints}, "status": ready},
        {"status": unready},
        {},
    ]
    assert nodes.ready_count(listed) == 1


def test_a_sandbox_that_was_not_started_says_so() -> None:
    """Asking for its kubeconfig is a sentence, not an AttributeError."""
    with pytest.raises(SandboxError, match="is not running"):
        _ = Sandbox().kubeconfig
    Sandbox().close()

"""What keeps an operator from starting, as whoever starts it sees it: a sentence and exit code 1."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.cluster


def test_a_port_that_is_taken_is_told(town, operator, start):
    """Another program listens there already; that one is not disturbed."""
    late = start(f"--listen-port={operator.port}")
    assert late.process.wait(20) == 1
    assert "choose another with --listen-port" in last_line(late)
    assert operator.probe("/healthz") == 200


def test_credentials_that_are_refused_are_told(town, start):
    """The API server knows no such token: it does not stay as a process that does nothing."""
    stranger = start(f"--kubeconfig={town.sandbox.kubeconfig_for('stranger', 'no-such-token')}")
    assert stranger.process.wait(30) == 1
    assert "error: The API server does not accept the credentials" in last_line(stranger)
    assert "Traceback" not in stranger.log.read_text()


def test_a_lease_that_has_nowhere_to_be_is_told_once(town, start, tools):
    """Healthy, because a restart would not help, and not ready until somebody makes the namespace."""
    waiting = start("--lease-namespace=nowhere", "--namespace=nowhere", "--log-format=plain")
    obstacle = "There is no namespace nowhere to hold it"
    tools.eventually(lambda: obstacle in waiting.ask("/readyz"))
    tools.throughout(lambda: waiting.probe("/healthz") == 200, seconds=2)
    assert waiting.log.read_text().count(obstacle) == 1
    town.sandbox.kubectl("create", "namespace", "nowhere")
    tools.eventually(lambda: waiting.probe("/readyz") == 200 and waiting.leads())
    assert waiting.end() == 0


def last_line(operator) -> str:
    return str(operator.log.read_text().splitlines()[-1])

"""When something is gone, empty, old or absurd: nothing shrinks on it, it is told, and it heals by itself."""

from __future__ import annotations

import pytest

from rlautoscaler.sandbox.faults import Effect, Fault

pytestmark = pytest.mark.cluster

AUTO = {"rollout": {"mode": "Auto"}}


@pytest.fixture
def service(town, operator, tools):
    """A service with three pods' worth of load, decided by the policy."""
    town.rates["restarted"] = 60.0
    town.autoscale("restarted", **AUTO)
    tools.eventually(lambda: town.condition("restarted", "Fallback") == ("False", "PolicyActs"), within=40)
    tools.eventually(lambda: town.size("restarted") >= 3, within=40)
    yield "restarted"
    town.heal()


def reasons(town, name: str) -> dict[str, str]:
    return {one["name"]: one.get("reason", one["state"]) for one in town.status(name)["currentMetrics"]}


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        (Effect.STOPPED, ("NoSeries", "Stale")),
        (Effect.FROZEN, ("Stale", "NoSeries")),
        (Effect.NOT_A_NUMBER, ("NotANumber",)),
    ],
)
def test_metrics_that_fail(town, operator, tools, service, effect, reason):
    """CPU series gone, frozen or NaN: the signal is unknown with a reason, the size does not shrink, and it heals."""
    town.inject(Fault(effect, metric="container_cpu_usage"))
    tools.eventually(lambda: reasons(town, service)["cpu"] in reason, within=30)
    tools.eventually(lambda: town.condition(service, "Fallback")[0] == "True")
    size = town.size(service)
    town.rates[service] = 5.0
    tools.throughout(lambda: town.size(service) >= size, seconds=6)
    town.heal()
    town.rates[service] = 60.0
    tools.eventually(lambda: town.condition(service, "Fallback")[0] == "False", within=40)


def test_prometheus_down(town, operator, tools, service):
    """No answer at all: every signal says so and events tell; the baseline grows on by the metrics API."""
    town.sandbox.stop_part("prometheus", grace=0)
    try:
        tools.eventually(lambda: reasons(town, service)["cpu"] == "PrometheusUnreachable", within=20)
        size = town.size(service)
        tools.throughout(lambda: town.size(service) >= size, seconds=5)
        assert {"FallbackActivated", "MetricsStale"} <= town.events(service)
        town.rates[service] = 140.0
        tools.eventually(lambda: town.size(service) > size, within=40)
        assert town.condition(service, "ScalingActive") == ("True", "ValidMetricFound")
        assert "metrics.k8s.io instead" in town.message(service, "ScalingActive")
        assert operator.probe("/healthz") == 200
    finally:
        town.sandbox.start_part("prometheus")
    tools.eventually(lambda: town.condition(service, "Fallback")[0] == "False", within=60)


def test_the_api_server_restarts(town, hall, tools, service):
    """Gone for seconds: the leader that cannot renew ends with a sentence, and the next start goes on."""
    before = hall.get()
    town.sandbox.restart_part("kube-apiserver", grace=0)
    operator = tools.eventually(hall.get, within=60)
    tools.eventually(operator.leads, within=30)
    if operator is not before:
        assert before.process.returncode == 1
        assert "lease" in before.log.read_text().lower()
    town.rates[service] = 140.0
    tools.eventually(lambda: town.size(service) >= 4, within=60)

"""Restarts and replicas: one acts, nothing that steers is lost."""

from __future__ import annotations

import os
import signal
import time

import pytest

pytestmark = pytest.mark.cluster


def test_a_killed_leader_is_replaced_within_one_lease(town, hall, start, tools):
    """The standby is ready and does not act; after the kill it leads within the Lease's four seconds and a bit."""
    first = hall.get()
    tools.eventually(first.leads)
    standby = start().until_ready()
    tools.throughout(lambda: not standby.leads() and standby.probe("/healthz") == 200, seconds=3)
    killed_at = time.monotonic()
    first.end(signal.SIGKILL)
    tools.eventually(standby.leads, within=10, every=0.1)
    assert time.monotonic() - killed_at < 4.0 + 2.5, "one lease time, and two looks"
    third = start().until_ready()
    stopped_at = time.monotonic()
    assert standby.end(signal.SIGTERM) == 0
    tools.eventually(third.leads, within=10, every=0.1)
    assert time.monotonic() - stopped_at < 4.0, "a released Lease is not waited for"
    assert third.end(signal.SIGTERM) == 0


def test_a_leader_that_was_frozen_ends_when_it_wakes(town, hall, start, tools):
    """The standby leads meanwhile; the woken one sees that its time is over, writes nothing and ends with 1."""
    first = hall.get()
    tools.eventually(first.leads)
    second = start().until_ready()
    generation = town.get("deployment", "frozen")["metadata"]["generation"]
    town.autoscale("frozen", minReplicas=3)
    tools.eventually(lambda: town.size("frozen") == 3)
    assert rescales(first) == 1
    os.kill(first.process.pid, signal.SIGSTOP)
    town.scale("frozen", 1)
    tools.eventually(second.leads, within=10)
    tools.eventually(lambda: town.size("frozen") == 3)
    town.scale("frozen", 1)
    os.kill(first.process.pid, signal.SIGCONT)
    assert first.process.wait(10) == 1
    assert "error: The lease" in first.log.read_text()
    assert "Traceback" not in first.log.read_text()
    tools.eventually(lambda: town.size("frozen") == 3)
    changes = town.get("deployment", "frozen")["metadata"]["generation"] - generation
    assert changes == 5, "one by the first, two by hand, two by the second"
    assert (rescales(first), rescales(second)) == (1, 2)
    assert second.end() == 0


def rescales(operator) -> int:
    """How often a process says that it has changed the size of `frozen`."""
    return sum("town/frozen" in line and "->" in line for line in operator.log.read_text().splitlines())


def test_a_restart_in_mid_run_forgets_nothing_that_steers(town, hall, tools):
    """The recommendation that holds the size is in the status; a new process holds it on, as long as due."""
    hall.get()
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 60}}
    baseline = tools.autoscaler("restarted")["spec"]["baseline"]
    town.rates["restarted"] = 150.0
    town.autoscale("restarted", baseline={**baseline, "behavior": behavior})
    tools.eventually(lambda: town.size("restarted") >= 4, within=40)
    size = town.size("restarted")
    history = town.status("restarted")["history"]
    hall.get().end(signal.SIGKILL)
    town.rates["restarted"] = 5.0
    hall.get()
    tools.throughout(lambda: town.size("restarted") >= size, seconds=12)
    assert town.status("restarted")["history"][: len(history)] == history


def test_it_says_what_is_wrong_with_its_settings(town, start, tools):
    """A setting that cannot work is one sentence and exit code 1, before anything starts."""
    broken = start("--lease-renew-deadline=9s")
    assert broken.process.wait(20) == 1
    assert "lease_renew_deadline" in broken.log.read_text()
    assert "Traceback" not in broken.log.read_text()

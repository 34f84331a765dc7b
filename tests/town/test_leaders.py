"""Restarts and replicas: one acts, nothing that steers is lost."""

from __future__ import annotations

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

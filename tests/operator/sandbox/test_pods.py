"""Pods and Deployments reduced to what the load needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rlautoscaler.sandbox import pods

READY = {"conditions": [{"type": "Ready", "status": "True"}]}
CASES = {
    "a running pod with the Ready condition": ({}, {}, True),
    "no longer once it is being deleted": ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, {}, False),
    "not while it is pending, whatever the condition says": ({}, {"phase": "Pending"}, False),
    "not without conditions": ({}, {"conditions": None}, False),
}


@pytest.mark.parametrize(("metadata", "status", "expected"), CASES.values(), ids=CASES.keys())
def test_who_takes_traffic(
    pod_manifest: Callable[..., Any], metadata: Any, status: Any, expected: bool
) -> None:
    """Traffic goes to running, ready pods that nobody deletes."""
    assert pods.pod(pod_manifest(metadata=metadata, status=status)).is_ready is expected


def test_a_resize_counts_once_it_is_in_force(pod_manifest: Callable[..., Any]) -> None:
    """The limit is that of the container's status, and the specification's before there is one."""
    assert pods.pod(pod_manifest()).cpu_limit == 0.5
    told = {"containerStatuses": [{"name": "app", "resources": {"limits": {"cpu": "750m"}}}]}
    assert pods.pod(pod_manifest(status=told)).cpu_limit == 0.75


def test_a_pod_without_resources(pod_manifest: Callable[..., Any]) -> None:
    """Missing limits are None and missing requests cost nothing."""
    manifest = pod_manifest()
    manifest["spec"]["containers"][0] = {"name": "app"}
    view = pods.pod(manifest)
    assert (view.cpu_limit, view.memory_limit, view.cpu_request) == (None, None, 0.0)


def test_ended_pods_reserve_nothing(pod_manifest: Callable[..., Any]) -> None:
    """Pending and terminating pods are paid for, those that have ended are not."""
    phases = {phase: pods.pod(pod_manifest(status={"phase": phase})) for phase in ("Pending", "Failed")}
    assert phases["Pending"].is_reserved
    assert not phases["Failed"].is_reserved


def test_a_deployment_whose_status_is_still_empty() -> None:
    """Counts that nobody wrote yet are 0."""
    view = pods.deployment({"metadata": {"name": "web"}, "spec": {"replicas": 3}})
    assert (view.replicas, view.observed, view.ready, view.available) == (3, 0, 0, 0)

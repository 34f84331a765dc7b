"""Nodes of the sandbox: objects that KWOK keeps Ready."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rlautoscaler.sandbox.components import KUBERNETES_VERSION
from rlautoscaler.sandbox.options import SandboxOptions

PATH = "/api/v1/nodes"


def manifest(name: str, *, cpu: str, memory: str, pods: int) -> dict[str, Any]:
    """A node with that capacity, all of it allocatable."""
    resources = {"cpu": cpu, "memory": memory, "pods": str(pods)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "type": "kwok",
            },
        },
        "status": {
            "capacity": resources,
            "allocatable": resources,
            "nodeInfo": {
                # Clients decide by the kubelets' version what they may ask for, as a resize in place.
                "kubeletVersion": KUBERNETES_VERSION,
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }


def manifests(options: SandboxOptions) -> list[dict[str, Any]]:
    """All nodes that the options ask for: `node-0`, `node-1`, …"""
    return [
        manifest(f"node-{number}", cpu=options.node_cpu, memory=options.node_memory, pods=options.node_pods)
        for number in range(options.node_count)
    ]


def ready_count(items: Iterable[dict[str, Any]]) -> int:
    """How many of the listed nodes take pods: Ready, and the taint of the unready already gone."""
    return sum(1 for node in items if _takes_pods(node))


def _takes_pods(node: dict[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    is_ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return is_ready and not node.get("spec", {}).get("taints")

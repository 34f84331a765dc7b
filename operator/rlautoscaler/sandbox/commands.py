"""The command line of each program: what is started where, and why each flag is there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rlautoscaler.sandbox.layouts import (
    API_PORT,
    CONTROLLER_MANAGER_PORT,
    ETCD_PEER_PORT,
    PROMETHEUS_PORT,
    SCHEDULER_PORT,
    Layout,
)
from rlautoscaler.sandbox.ports import LOOPBACK

STAGES = Path(__file__).parent / "stages"

_SERVICE_RANGE = "10.96.0.0/16"
_POD_RANGE = "10.32.0.1/12"
"""Room for a million pods, because KWOK does not give every address back."""


def etcd(layout: Layout) -> list[str]:
    """The store. It never syncs to disk: after a power cut there is no sandbox to go on with."""
    peer = f"http://{LOOPBACK}:{layout.ports[ETCD_PEER_PORT]}"
    return [
        "--name=sandbox",
        f"--data-dir={layout.folder / 'etcd'}",
        f"--listen-client-urls={layout.etcd_url}",
        f"--advertise-client-urls={layout.etcd_url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=sandbox={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def kube_apiserver(layout: Layout, extra: Iterable[str]) -> list[str]:
    """The API server, with RBAC on and a serving certificate of its own making."""
    return [
        f"--etcd-servers={layout.etcd_url}",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={layout.ports[API_PORT]}",
        f"--cert-dir={layout.ca_file.parent}",
        f"--token-auth-file={layout.token_file}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={layout.signing_key_file}",
        f"--service-account-key-file={layout.signing_key_file}",
        f"--service-cluster-ip-range={_SERVICE_RANGE}",
        # Endpoints of the API server itself must not be loopback, and nobody in here needs them.
        "--endpoint-reconciler-type=none",
        # Pods do not run, so they need no token volume; charts' ServiceAccounts work all the same.
        "--disable-admission-plugins=ServiceAccount",
        "--allow-privileged=true",
        "--profiling=false",
        *extra,
    ]


def kube_controller_manager(layout: Layout, extra: Iterable[str]) -> list[str]:
    """Deployments, ReplicaSets, the HPA, garbage collection, ServiceAccounts' tokens."""
    return [
        f"--kubeconfig={layout.kubeconfig}",
        "--leader-elect=false",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={layout.ports[CONTROLLER_MANAGER_PORT]}",
        f"--service-account-private-key-file={layout.signing_key_file}",
        f"--root-ca-file={layout.ca_file}",
        # With the default of 20 requests a second, a burst of hundreds of pods would take half a minute.
        "--kube-api-qps=300",
        "--kube-api-burst=600",
        "--profiling=false",
        *extra,
    ]


def kube_scheduler(layout: Layout, extra: Iterable[str]) -> list[str]:
    """Places pods on the simulated nodes."""
    return [
        f"--kubeconfig={layout.kubeconfig}",
        "--leader-elect=false",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={layout.ports[SCHEDULER_PORT]}",
        "--profiling=false",
        *extra,
    ]


def kwok(layout: Layout) -> list[str]:
    """Plays every kubelet, as the stages tell."""
    return [
        f"--kubeconfig={layout.kubeconfig}",
        *(f"--config={path}" for path in sorted(STAGES.glob("*.yaml"))),
        "--manage-all-nodes=true",
        f"--cidr={_POD_RANGE}",
        "--node-ip=10.0.0.1",
        # Without a port it would listen on every address of the machine.
        "--node-port=0",
        # A KWOK that is started again waits until the leases of the one before are over.
        "--node-lease-duration-seconds=12",
    ]


def prometheus(layout: Layout) -> list[str]:
    """Prometheus, which can be told to read its configuration anew."""
    return [
        f"--config.file={layout.prometheus_file}",
        f"--storage.tsdb.path={layout.folder / 'prometheus'}",
        f"--web.listen-address={LOOPBACK}:{layout.ports[PROMETHEUS_PORT]}",
        "--web.enable-lifecycle",
        "--log.level=warn",
    ]

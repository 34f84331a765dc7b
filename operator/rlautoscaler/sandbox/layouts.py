"""Where the files of a sandbox are, and its ports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rlautoscaler.sandbox.ports import LOOPBACK, PortReservations

ETCD_PORT = "etcd"
ETCD_PEER_PORT = "etcd-peer"
API_PORT = "kube-apiserver"
CONTROLLER_MANAGER_PORT = "kube-controller-manager"
SCHEDULER_PORT = "kube-scheduler"
PROMETHEUS_PORT = "prometheus"
PORTS = (ETCD_PORT, ETCD_PEER_PORT, API_PORT, CONTROLLER_MANAGER_PORT, SCHEDULER_PORT, PROMETHEUS_PORT)


@dataclass(frozen=True, slots=True)
class Layout:
    """Every path and address of one sandbox."""

    folder: Path
    ports: PortReservations

    @property
    def etcd_url(self) -> str:
        """Client URL of etcd."""
        return f"http://{LOOPBACK}:{self.ports[ETCD_PORT]}"

    @property
    def server(self) -> str:
        """URL of kube-apiserver."""
        return f"https://{LOOPBACK}:{self.ports[API_PORT]}"

    @property
    def prometheus_url(self) -> str:
        """URL of Prometheus."""
        return f"http://{LOOPBACK}:{self.ports[PROMETHEUS_PORT]}"

    @property
    def ca_file(self) -> Path:
        """The certificate kube-apiserver made for itself, with the CA that signed it."""
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def signing_key_file(self) -> Path:
        """Signs and verifies ServiceAccounts' tokens."""
        return self.folder / "service-accounts.key"

    @property
    def token_file(self) -> Path:
        """The users and their tokens."""
        return self.folder / "tokens.csv"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.folder / "kubeconfig"

    @property
    def prometheus_file(self) -> Path:
        """Configuration of Prometheus."""
        return self.folder / "prometheus.yaml"

    @property
    def audit_policy_file(self) -> Path:
        """What the API server notes in its audit log."""
        return self.folder / "audit-policy.yaml"

    @property
    def audit_log(self) -> Path:
        """One JSON line an event; written only where there is a policy."""
        return self.folder / "logs" / "audit.log"

    def health_url(self, port: str) -> str:
        """Health of the controller manager or the scheduler, behind certificates of their own."""
        return f"https://{LOOPBACK}:{self.ports[port]}/healthz"

"""The programs of the control plane, their pinned versions and how each is built.

The versions are those of the `go.mod` files in `modules/`, which a test compares. Each program family has a
module of its own, because one module for all would let Go's version selection mix their dependencies.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "modules"

KUBERNETES_VERSION = "v1.37.2"


@dataclass(frozen=True, slots=True)
class Component:
    """One program and the Go package that it is built from."""

    name: str
    version: str
    module: str
    """Folder under `modules/`."""
    package: str
    """Go package to build, `.` for a `main` of ours."""
    expected_seconds: float
    """Cold build on two cores, to show while somebody waits; later builds of a family share its packages."""
    version_variables: tuple[tuple[str, str], ...] = ()
    """Link-time variables, because a plain `go build` does not stamp the release's version."""
    tags: tuple[str, ...] = ()
    is_envtest_asset: bool = False
    """Whether `KUBEBUILDER_ASSETS`, the convention of controller-runtime's envtest, holds it."""

    @property
    def folder(self) -> Path:
        """Where its `go.mod` is."""
        return MODULES / self.module

    @property
    def linker_flags(self) -> str:
        """Without symbol tables, which halves the size; with the version."""
        variables = [f"-X {name}={value}" for name, value in self.version_variables]
        return " ".join(["-s", "-w", *variables])


def _kubernetes(name: str, expected_seconds: float, *, is_envtest_asset: bool = False) -> Component:
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    return Component(
        name=name,
        version=KUBERNETES_VERSION,
        module="kubernetes",
        package=f"k8s.io/kubernetes/cmd/{name}",
        expected_seconds=expected_seconds,
        version_variables=(
            ("k8s.io/component-base/version.gitVersion", KUBERNETES_VERSION),
            ("k8s.io/component-base/version.gitMajor", major),
            ("k8s.io/component-base/version.gitMinor", minor),
            ("k8s.io/client-go/pkg/version.gitVersion", KUBERNETES_VERSION),
        ),
        is_envtest_asset=is_envtest_asset,
    )


ETCD = Component(
    name="etcd",
    version="v3.7.3",
    module="etcd",
    package=".",
    expected_seconds=35,
    is_envtest_asset=True,
)
KUBE_APISERVER = _kubernetes("kube-apiserver", 330, is_envtest_asset=True)
KUBE_CONTROLLER_MANAGER = _kubernetes("kube-controller-manager", 90)
KUBE_SCHEDULER = _kubernetes("kube-scheduler", 15)
KUBECTL = _kubernetes("kubectl", 25, is_envtest_asset=True)
KWOK = Component(
    name="kwok",
    version="v0.8.0",
    module="kwok",
    package="sigs.k8s.io/kwok/cmd/kwok",
    expected_seconds=80,
    version_variables=(("sigs.k8s.io/kwok/pkg/consts.Version", "v0.8.0"),),
)
PROMETHEUS = Component(
    name="prometheus",
    version="v0.316.0",
    module="prometheus",
    package="github.com/prometheus/prometheus/cmd/prometheus",
    expected_seconds=130,
    version_variables=(("github.com/prometheus/common/version.Version", "3.16.0"),),
    # Without the clouds' service discoveries it builds in a third of the time.
    tags=("netgo", "remove_all_sd"),
)
HELM = Component(
    name="helm",
    version="v4.3.1",
    module="helm",
    package="helm.sh/helm/v4/cmd/helm",
    expected_seconds=115,
)

RUNNING = (ETCD, KUBE_APISERVER, KUBE_CONTROLLER_MANAGER, KUBE_SCHEDULER, KWOK, PROMETHEUS)
"""What a sandbox runs, in the order in which it is built."""
ALL = (*RUNNING, KUBECTL, HELM)

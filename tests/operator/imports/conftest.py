"""HPAs for the tests of the import: the table of the custom resource's own tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

TABLE = Path(__file__).parents[1] / "resources" / "hpas.yaml"


@pytest.fixture(scope="session")
def table() -> list[dict[str, Any]]:
    """Each with `because`, `spec` and sometimes `metadata`."""
    rows: list[dict[str, Any]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return rows


@pytest.fixture
def manifest() -> Any:
    """Makes an HPA's manifest; a spec of one's own is merged over that of `web`."""

    def make(name: str = "web", namespace: str = "shop", **spec: Any) -> dict[str, Any]:
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        return {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": name} | ({"namespace": namespace} if namespace else {}),
            "spec": {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 10} | spec,
        }

    return make

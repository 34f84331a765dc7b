"""Objects that another version of the definition let in."""

from __future__ import annotations

import copy

import pytest

from rlautoscaler.errors import SandboxError
from rlautoscaler.resources import schemas

pytestmark = pytest.mark.cluster


def test_an_object_that_this_version_refuses_is_told_and_the_others_go_on(town, operator, tools):
    """Its condition quotes what to change, its target is left alone, and mended it is obeyed."""
    town.apply(lax())
    try:
        broken = {"rollout": {"mode": "Canary"}, "minReplicas": 3}
        tools.eventually(lambda: is_taken(town, tools.autoscaler("lax", **broken)))
    finally:
        town.apply(schemas.crd())
    tools.eventually(lambda: town.condition("lax", "Ready") == ("False", "InvalidSpec"))
    assert "Canary is not available yet" in town.message("lax", "Ready")
    assert town.size("lax") == 2
    town.autoscale("calm", minReplicas=3)
    tools.eventually(lambda: town.size("calm") == 3)
    assert town.size("lax") == 2
    town.patch("lax", {"spec": {"rollout": {"mode": "Baseline"}}})
    tools.eventually(lambda: town.size("lax") == 3)
    tools.eventually(lambda: town.condition("lax", "Ready")[0] == "True")


def lax():
    """The definition as a careless former version might have had it: any spec goes."""
    definition = copy.deepcopy(schemas.crd())
    for version in definition["spec"]["versions"]:
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        spec.clear()
        spec |= {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return definition


def is_taken(town, manifest) -> bool:
    """What is served follows a new definition a moment later."""
    try:
        town.apply(manifest)
    except SandboxError:
        return False
    return True

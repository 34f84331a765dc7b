"""`spec.resources`: the vertical side, limits of the pods' containers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, Strict

from rlagents.structs.quantities import to_milli
from rlautoscaler.resources import quantities, texts
from rlautoscaler.resources.documents import Part
from rlautoscaler.resources.rules import Rule


class ResourceMode(StrEnum):
    """What is done with the limits."""

    RECOMMEND = "Recommend"
    IN_PLACE = "InPlace"
    IN_PLACE_OR_ROLLOUT = "InPlaceOrRollout"
    ROLLOUT = "Rollout"


_ORDERED: tuple[Rule, ...] = (
    Rule(
        cel=quantities.ordered("min", "max"),
        holds=lambda bounds: to_milli(bounds.min) <= to_milli(bounds.max),
        message="min must not be above max",
        field="min",
    ),
)


class CpuBounds(Part):
    """Bounds of a container's CPU limit."""

    place = "resources.containers.cpu"
    own_rules: ClassVar[tuple[Rule, ...]] = _ORDERED

    min: Annotated[int | str, quantities.CPU]
    """Smallest limit, as a quantity of cores (`250m`). Required."""

    max: Annotated[int | str, quantities.CPU]
    """Largest limit, as a quantity of cores (`4`). Required."""


class MemoryBounds(Part):
    """Bounds of a container's memory limit."""

    place = "resources.containers.memory"
    own_rules: ClassVar[tuple[Rule, ...]] = _ORDERED

    min: Annotated[int | str, quantities.MEMORY]
    """Smallest limit, as a quantity of bytes (`256Mi`). Required."""

    max: Annotated[int | str, quantities.MEMORY]
    """Largest limit, as a quantity of bytes (`4Gi`). Required."""


class Container(Part):
    """A container whose limits may change."""

    place = "resources.containers"

    name: Annotated[str, texts.CONTAINER_NAME]
    """Name of the container. Required; each name once."""

    cpu: CpuBounds | None = None
    """Default: the CPU limit stays as it is."""

    memory: MemoryBounds | None = None
    """Default: the memory limit stays as it is."""


class Resources(Part):
    """The vertical side: limits of the pods' containers. Requests follow limits by their original ratio, and
    the pods' QoS class never changes."""

    place = "resources"
    own_rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.containers.all(one, self.containers.exists_one(other, other.name == one.name))",
            holds=lambda resources: (
                len({one.name for one in resources.containers}) == len(resources.containers)
            ),
            message="containers must have different names",
            field="containers",
        ),
    )

    mode: Annotated[ResourceMode, Strict(False)] = ResourceMode.RECOMMEND
    """What is done with the limits: `Recommend` (shown in the status, nothing is changed), and not available
    yet `InPlace` (running pods are resized), `InPlaceOrRollout`, `Rollout` (the template is changed). Default
    `Recommend`."""

    containers: list[Container] = Field(
        default=[], max_length=16, json_schema_extra={"x-kubernetes-list-map-keys": ["name"]}
    )
    """The containers whose limits are considered, with their bounds. Default: none, and then there is no
    recommendation."""

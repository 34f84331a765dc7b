"""What a policy may choose from, in the order of its network's outputs.

As with features, a model is made for one action space and refuses any other.
"""

from __future__ import annotations

from dataclasses import dataclass

from rlagents.structs.decisions import Action

_MEMORY_STEP = 256 * 2.0**20


@dataclass(frozen=True, slots=True)
class ActionSpace:
    """A named, versioned, ordered set of discrete actions."""

    name: str
    version: int
    actions: tuple[Action, ...]

    @property
    def key(self) -> str:
        """Name and version, as written into model cards."""
        return f"{self.name}/{self.version}"

    @property
    def names(self) -> tuple[str, ...]:
        """Of the actions, in their order."""
        return tuple(action.name for action in self.actions)

    def __len__(self) -> int:
        return len(self.actions)


CLASSICAL = ActionSpace(
    name="classical",
    version=1,
    actions=(
        Action("no-op"),
        Action("replicas+1", replicas=1),
        Action("replicas+2", replicas=2),
        Action("replicas-1", replicas=-1),
        Action("replicas-2", replicas=-2),
        Action("cpu+0.5", cpu=0.5),
        Action("cpu-0.5", cpu=-0.5),
        Action("memory+256Mi", memory=_MEMORY_STEP),
        Action("memory-256Mi", memory=-_MEMORY_STEP),
    ),
)
"""The nine actions of the classical recipe: nothing, replicas by one or two, each pod's limits by a step."""

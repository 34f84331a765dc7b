"""The annotations by which a simulated pod is told how to behave; `stages/README.md` explains each."""

from __future__ import annotations

from enum import StrEnum

PREFIX = "sandbox.rlautoscaler.io/"

BEHAVIOUR = f"{PREFIX}behaviour"
RESIZE = f"{PREFIX}resize"
STARTUP_DELAY = f"{PREFIX}startup-delay"
STARTUP_SPREAD = f"{PREFIX}startup-spread"
CRASH_DELAY = f"{PREFIX}crash-delay"
OOM_DELAY = f"{PREFIX}oom-delay"
RESTART_DELAY = f"{PREFIX}restart-delay"
PULL_DELAY = f"{PREFIX}pull-delay"
SHUTDOWN_DELAY = f"{PREFIX}shutdown-delay"
RESIZE_DELAY = f"{PREFIX}resize-delay"
NEXT_AT = f"{PREFIX}next-at"


class Behaviour(StrEnum):
    """Values of the annotation `behaviour`."""

    CRASH_LOOP = "crash-loop"
    NEVER_READY = "never-ready"
    OOM_KILLED = "oom-killed"
    SLOW_PULL = "slow-pull"
    NODE_NOT_READY = "not-ready"
    """For nodes."""


class ResizeOutcome(StrEnum):
    """Values of the annotation `resize`; without it a resize is carried out."""

    DEFERRED = "deferred"
    INFEASIBLE = "infeasible"

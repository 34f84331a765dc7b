"""What `kubectl get rla` shows, and with `-o wide` besides."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    path: str
    """JSONPath below the object; a test finds each in the schema."""
    type: str
    """OpenAPI type: `string`, `integer`, or `date`, which is shown as an age."""
    description: str
    wide: bool = False

    def document(self) -> dict[str, object]:
        """As one entry of `additionalPrinterColumns`."""
        return {
            "name": self.name,
            "type": self.type,
            "jsonPath": self.path,
            "description": self.description,
            "priority": int(self.wide),
        }


def _condition(kind: str) -> str:
    return f'.status.conditions[?(@.type=="{kind}")].status'


COLUMNS = (
    Column("Target", ".spec.scaleTargetRef.name", "string", "What is scaled."),
    Column("Mode", ".spec.rollout.mode", "string", "How far the learned policy may go."),
    Column("Min", ".spec.minReplicas", "integer", "Fewest replicas."),
    Column("Max", ".spec.maxReplicas", "integer", "Most replicas."),
    Column("Replicas", ".status.currentReplicas", "integer", "The size that the target asks for."),
    Column("Desired", ".status.desiredReplicas", "integer", "The size that the target should have."),
    Column("RL%", ".status.rollout.percent", "integer", "Share of the time that the learned policy owns."),
    Column("Source", ".status.horizontal.target.source", "string", "Whose size it is."),
    Column("Ready", _condition("Ready"), "string", "Whether the autoscaler does its work."),
    Column("Age", ".metadata.creationTimestamp", "date", "Time since it was created."),
    Column("CPU", ".status.vertical.podCPU", "string", "Recommended CPU limit of a pod.", wide=True),
    Column("Memory", ".status.vertical.podMemory", "string", "Recommended memory limit of a pod.", wide=True),
    Column("Last Scale", ".status.lastScaleTime", "date", "Time since the size changed.", wide=True),
    Column("Model", ".status.model.name", "string", "The policy's model.", wide=True),
    Column("Paused", _condition("Paused"), "string", "Whether you paused it.", wide=True),
    Column("Fallback", _condition("Fallback"), "string", "Whether the baseline stands in.", wide=True),
)

"""Evidence made by hand: a controller that passes every two seconds over one HPA on CPU."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase
from rlautoscaler.conformance.evidence import Evidence, HpaSeen, PodSeen, SizeSeen
from rlautoscaler.conformance.scenarios import Level, Moment, Quantity, Scenario
from rlautoscaler.sandbox.adaptations import RESOURCE_METRICS, Question
from rlautoscaler.sandbox.adapters import Answer

AGENT = "kube-controller-manager/v1.37.2 (linux/amd64) kubernetes/$Format/horizontal-pod-autoscaler"
EPOCH = 1_795_000_000.0


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def audit_line(
    at: float, name: str, replicas: int, *, verb: str = "get", code: int = 200, agent: str = AGENT
) -> str:
    scale = {
        "kind": "Scale",
        "spec": {"replicas": replicas},
        "status": {"replicas": replicas, "selector": f"app.kubernetes.io/name={name}"},
    }
    event = {
        "verb": verb,
        "userAgent": agent,
        "objectRef": {"name": name},
        "responseStatus": {"code": code},
        "responseObject": scale if code == 200 else {"kind": "Status"},
        "stageTimestamp": stamp(at),
    }
    return json.dumps(event)


def log_line(at: float, name: str, replicas: int) -> str:
    head = datetime.fromtimestamp(at, UTC).strftime("I%m%d %H:%M:%S.%f")
    return (
        f'{head}    1 horizontal.go:9] "Proposing desired replicas" desiredReplicas={replicas} '
        f'metric="cpu resource utilization" scaleTarget="Deployment/twins/{name}"'
    )


def pod(name: str) -> Pod:
    return Pod(
        name=name,
        phase=PodPhase.RUNNING,
        created_at=EPOCH - 600,
        started_at=EPOCH - 600,
        readiness=ConditionStatus.TRUE,
        readiness_changed_at=EPOCH - 590,
        containers=(Container("app", requests={"cpu": 250}),),
    )


def usage(at: float, names: Sequence[str], millicores: int) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "metadata": {"name": name},
            "timestamp": stamp(at),
            "window": "1s",
            "containers": [{"name": "app", "usage": {"cpu": f"{millicores}m"}}],
        }
        for name in names
    )


@pytest.fixture
def scenario() -> Scenario:
    metrics = [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
        }
    ]
    return Scenario(
        name="made",
        sentence="by hand",
        metrics=metrics,
        levels={Quantity.CPU: 0.25},
        moments=(Moment(2.0, Level(Quantity.CPU, 0.5)),),
        seconds=60,
        replicas=2,
    )


@pytest.fixture
def evidence(scenario: Scenario) -> Callable[..., Evidence]:
    """Two pods at 100 % of their requests from the second pass on: the controller grows from 2 to 4, unless it holds."""

    def make(
        *,
        usages: Sequence[int] = (125, 250),
        proposals: Sequence[int | None] = (2, 4),
        holds: bool = False,
        **more: Any,
    ) -> Evidence:
        name = "made-hpa"
        audit, log, answers = [], [], []
        current = 2
        for turn, (millicores, proposal) in enumerate(zip(usages, proposals, strict=True)):
            at = EPOCH + 2.0 * turn
            names = ("a", "b")
            question = Question(RESOURCE_METRICS.group, "twins", selector=f"app.kubernetes.io/name={name}")
            audit.append(audit_line(at, name, current))
            answers.append(Answer(at + 0.01, AGENT, question, 200, usage(at, names, millicores)))
            if proposal is not None:
                log.append(log_line(at + 0.02, name, proposal))
                if proposal != current and not holds:
                    audit.append(audit_line(at + 0.03, name, proposal, verb="update"))
                    current = proposal
        document = {
            "metadata": {"name": name},
            "spec": {"metrics": list(scenario.metrics), "maxReplicas": 20},
        }
        return Evidence(
            sizes=(SizeSeen(EPOCH - 5, name, 2, 2), SizeSeen(EPOCH - 5, "made-rla", 2, 2)),
            pods=tuple(PodSeen(EPOCH - 5, name, one, pod(one)) for one in ("a", "b")),
            hpas=(HpaSeen(EPOCH - 5, name, document),),
            answers=tuple(answers),
            audit=tuple(audit),
            log=tuple(log),
            **more,
        )

    return make


@pytest.fixture
def made() -> Any:
    """What test modules cannot import from here."""

    class Made:
        epoch = EPOCH
        agent = AGENT

    Made.audit_line = staticmethod(audit_line)  # type: ignore[attr-defined]
    Made.log_line = staticmethod(log_line)  # type: ignore[attr-defined]
    Made.pod = staticmethod(pod)  # type: ignore[attr-defined]
    return Made

"""The passes of the cluster's HPA controller, put together again from what they left behind. Pure.

A pass over one HPA reads the target's scale, asks the metrics APIs, says in its log what it proposes, and
writes the scale if need be. The API server's audit log has the first and the last with their contents, the
adapter has the answers, the controller's log the proposal; each with a time. So the pass is whole again, but
for what the controller took from its own caches (pods, the HPA itself), which `replays` looks up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.conformance.evidence import Evidence
from rlautoscaler.conformance.scenarios import NAMESPACE, Side, Twin
from rlautoscaler.observing.pods import moment
from rlautoscaler.sandbox.adaptations import ALL, Question
from rlautoscaler.sandbox.adapters import Answer
from rlautoscaler.sandbox.services import SERVICE_LABEL

CONTROLLER: Final = "horizontal-pod-autoscaler"
"""The end of the name by which the controller calls itself."""

AUDIT_POLICY: Final = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  verbs: [get, update, patch]
  resources:
  - {group: apps, resources: [deployments/scale]}
- level: None
"""

_HEADER = re.compile(
    r"[A-Z](?P<month>\d\d)(?P<day>\d\d) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)\.(?P<micro>\d{6})\s"
)
_PROPOSING = re.compile(r'"Proposing desired replicas(?: from zero)?" .*?desiredReplicas=(?P<replicas>-?\d+)')
_TARGET = re.compile(r'scaleTarget="Deployment/(?P<namespace>[^/"]+)/(?P<name>[^"]+)"')


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the metrics proposed, by the controller's log."""

    at: float
    replicas: int


@dataclass(frozen=True, slots=True)
class ScaleCall:
    """The controller read or wrote a scale."""

    at: float
    """When it was answered."""
    name: str
    is_write: bool
    code: int
    replicas: int
    """Requested."""
    observed: int
    selector: str


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass of the controller over one HPA."""

    name: str
    read: ScaleCall
    answers: tuple[Answer, ...] = ()
    proposed: Proposed | None = None
    """None where no metric was read, or the failures left no proposal."""
    wrote: ScaleCall | None = field(default=None)

    @property
    def decided(self) -> int:
        """The size that it left the target with."""
        return self.read.replicas if self.wrote is None else self.wrote.replicas

    @property
    def now(self) -> float:
        """The time that it reckoned with, as near as can be known."""
        if self.proposed is not None:
            return self.proposed.at
        return self.answers[-1].at if self.answers else self.read.at


def passes(evidence: Evidence, twin: Twin) -> tuple[Pass, ...]:
    """All passes over the twin's HPA, oldest first. The twin is one of theirs."""
    calls = [call for call in map(_scale_call, evidence.audit) if call and call.name == twin.name]
    answers = [one for one in evidence.answers if is_controller(one.agent) and _is_about(one.question, twin)]
    proposals = _proposals(evidence, twin)
    events: list[ScaleCall | Answer | Proposed] = [*calls, *answers, *proposals]
    events.sort(key=_at)
    return _grouped(twin.name, events)


def is_controller(agent: str) -> bool:
    """Whether the one who asks is the cluster's HPA controller."""
    return agent.endswith(CONTROLLER)


def _grouped(name: str, events: Iterable[ScaleCall | Answer | Proposed]) -> tuple[Pass, ...]:
    """A read begins a pass, unless it follows a write that met a conflict and is tried again."""
    found: list[Pass] = []
    is_retrying = False
    for event in events:
        if isinstance(event, ScaleCall) and not event.is_write and event.code == 200 and not is_retrying:
            found.append(Pass(name, event))
        elif found:
            is_retrying = isinstance(event, ScaleCall) and event.is_write and event.code == 409
            found[-1] = _with(found[-1], event)
    return tuple(found)


def _with(one: Pass, event: ScaleCall | Answer | Proposed) -> Pass:
    match event:
        case Answer():
            return replace(one, answers=(*one.answers, event))
        case Proposed():
            return replace(one, proposed=event)
        case ScaleCall(is_write=True, code=200):
            return replace(one, wrote=event)
    return one


def _at(event: ScaleCall | Answer | Proposed) -> float:
    return event.at


def _scale_call(line: str) -> ScaleCall | None:
    """A line of the audit log, where it is about a scale and the controller."""
    event = json.loads(line)
    if not is_controller(event.get("userAgent", "").split(" ")[0]) and CONTROLLER not in event.get(
        "userAgent", ""
    ):
        return None
    scale = event.get("responseObject") or {}
    code = int((event.get("responseStatus") or {}).get("code", 0))
    is_scale = scale.get("kind") == "Scale"
    spec, status = (_part(scale, part) if is_scale else {} for part in ("spec", "status"))
    return ScaleCall(
        at=moment(event["stageTimestamp"]) or 0.0,
        name=event["objectRef"]["name"],
        is_write=event["verb"] != "get",
        code=code,
        replicas=int(spec.get("replicas", 0)),
        observed=int(status.get("replicas", 0)),
        selector=str(status.get("selector", "")),
    )


def _part(document: Manifest, name: str) -> Mapping[str, Any]:
    part = document.get(name)
    return part if isinstance(part, Mapping) else {}


def _proposals(evidence: Evidence, twin: Twin) -> list[Proposed]:
    found = []
    for line in evidence.log:
        header, said, target = _HEADER.match(line), _PROPOSING.search(line), _TARGET.search(line)
        if not (header and said and target):
            continue
        if (target["namespace"], target["name"]) == (NAMESPACE, twin.name):
            found.append(Proposed(_logged_at(header, evidence.sizes[-1].at), int(said["replicas"])))
    return found


def _logged_at(header: re.Match[str], about: float) -> float:
    """The log tells no year: the one that brings its time nearest to that of the run. It is in UTC."""
    parts = {name: int(text) for name, text in header.groupdict().items()}
    year = datetime.fromtimestamp(about, UTC).year
    times = [_time(year + offset, parts) for offset in (-1, 0, 1)]
    return min((one for one in times if one is not None), key=lambda at: abs(at - about))


def _time(year: int, parts: Mapping[str, int]) -> float | None:
    try:
        return datetime(
            year,
            parts["month"],
            parts["day"],
            parts["hour"],
            parts["minute"],
            parts["second"],
            parts["micro"],
            UTC,
        ).timestamp()
    except ValueError:  # the 29th of February, in a year without
        return None


def _is_about(question: Question, twin: Twin) -> bool:
    """Objects and external metrics are named after the scenario, pods are found by the twin's label."""
    scenario = twin.scenario.name
    if question.metric and question.name != ALL:
        return twin.side is Side.THEIRS and scenario in (question.name, question.metric.partition("-")[2])
    return question.selector == f"{SERVICE_LABEL}={twin.name}"

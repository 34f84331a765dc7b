"""What the tests of the custom resource share: a real API server that knows it, and a full status."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from rlagents.structs.pods import ConditionStatus
from rlagents.structs.reasons import Reason, Source
from rlagents.structs.signals import SignalName, SignalState
from rlautoscaler.resources import entries, explanations, names, schemas, statuses
from rlautoscaler.resources.behaviors import PolicyType
from rlautoscaler.sandbox.planes import Sandbox

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
OBJECTS = f"/apis/{names.API_VERSION}/namespaces/default/{names.PLURAL}"
STRICT = "fieldValidation=Strict&fieldManager=tests"


class Server:
    """One connection to the API server, kept open: hundreds of requests take seconds."""

    def __init__(self, sandbox: Sandbox) -> None:
        context = ssl.create_default_context(cafile=str(sandbox.ca_file))
        address = urlsplit(sandbox.server)
        assert address.hostname is not None
        self.connection = http.client.HTTPSConnection(
            address.hostname, address.port, context=context, timeout=30
        )
        self._headers = {"Authorization": f"Bearer {sandbox.admin_token}"}

    def call(
        self, method: str, path: str, body: Any = None, kind: str = "json"
    ) -> tuple[int, dict[str, Any]]:
        """One request; the answer's status and JSON."""
        text = None if body is None else json.dumps(body)
        self.connection.request(method, path, text, self._headers | {"Content-Type": f"application/{kind}"})
        answer = self.connection.getresponse()
        read = answer.read()
        # An unknown kind is answered in plain text.
        return answer.status, json.loads(read) if read.startswith(b"{") else {}

    def define(self, crd: dict[str, Any]) -> None:
        """Apply a CRD and wait until its objects are served, a moment after it is established."""
        path = f"{CRDS}/{crd['metadata']['name']}?fieldManager=tests&force=true"
        status, answer = self.call("PATCH", path, crd, "apply-patch+yaml")
        assert status in (200, 201), answer["message"]
        deadline = time.monotonic() + 30
        while self.call("GET", OBJECTS)[0] != 200:
            assert time.monotonic() < deadline, "the kind is not served"
            time.sleep(0.1)

    def create(self, spec: Any, name: str = "checkout", *, dry_run: bool = True) -> dict[str, Any]:
        """Create an object, or try whether it could be; the answer is the object or a Status."""
        manifest = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {"name": name},
            "spec": spec,
        }
        dry = "dryRun=All&" if dry_run else ""
        status, answer = self.call("POST", f"{OBJECTS}?{dry}{STRICT}", manifest)
        assert status in (201, 400, 422), answer
        return answer

    def refusal(self, spec: Any) -> str:
        """What the server has against creating an object; empty where it would create it."""
        answer = self.create(spec)
        return str(answer["message"]) if answer["kind"] == "Status" else ""

    def write_status(self, name: str, status: Any) -> dict[str, Any]:
        """Write an object's status as the operator does."""
        path = f"{OBJECTS}/{name}/status?{STRICT}"
        return self.call("PATCH", path, {"status": status}, "merge-patch+json")[1]

    def delete(self, name: str) -> None:
        """Delete an object."""
        self.call("DELETE", f"{OBJECTS}/{name}")


@pytest.fixture(scope="module")
def server(sandbox: Sandbox) -> Iterator[Server]:
    """The API server with the CRD of this very tree."""
    server = Server(sandbox)
    with contextlib.closing(server.connection):
        server.define(schemas.crd())
        yield server


NOW = 1_790_000_000.0


def _condition(kind: str) -> statuses.Condition:
    return statuses.Condition(
        type=kind,
        status=ConditionStatus.FALSE if kind == "Paused" else ConditionStatus.TRUE,
        observedGeneration=3,
        lastTransitionTime=NOW,
        reason="BecauseOfTheTest",
        message="A sentence of usual length tells in some twenty words what is so and what the reader can do about it.",
    )


def _explanation() -> explanations.Explanation:
    """With figures as great and as small as the arithmetic can have them."""
    measurement = explanations.Measurement(
        used="-9223372036854775807m",
        requested="9223372036854775807m",
        samples=2**31 - 1,
        utilization=-(2**31),
        averageValue="1048577m",
        ratio=1.3285714285714285,
    )
    metric = explanations.MetricExplanation(
        name="cpu resource utilization (percentage of request)",
        type="Resource",
        resource="cpu",
        target=explanations.TargetExplanation(utilization=2**31 - 1, averageValue="500m", value="1Gi"),
        pods=explanations.PodsExplanation(ready=1, unready=2, missing=3, ignored=4),
        first=measurement,
        second=measurement,
        value="1200",
        sharers=4,
        averageValue="300",
        ratio=1e300,
        multiplier=4,
        rule="Multiplied",
        proposal=-(2**31),
        failure="metrics-unavailable",
        message="unable to get external metric lost: the metrics API gave no figures",
    )
    policy = explanations.PolicyExplanation(
        type=PolicyType.PERCENT, value=100, periodSeconds=0.5, start=-1, limit=-(2**31)
    )
    hold = explanations.Hold(windowSeconds=300.0, replicas=2**31 - 1, time=NOW - 0.25)
    return explanations.Explanation(
        course="Measured",
        current=4,
        tolerance=explanations.ToleranceExplanation(up=0.1, down=0.0),
        metrics=[metric] * 2,
        largest=metric.name,
        proposal=6,
        stabilized=explanations.Stabilization(
            replicas=6, reason=Reason.READY_FOR_NEW_SCALE, scaleUp=hold, scaleDown=hold
        ),
        limited=explanations.Limits(
            replicas=5, reason=Reason.SCALE_UP_LIMIT, limit=5, selectPolicy="Max", policies=[policy] * 2
        ),
        desired=5,
        reason=Reason.SCALE_UP_LIMIT,
        message="the size may not grow faster at present",
    )


@pytest.fixture(scope="session")
def full_status() -> statuses.Status:
    """A status with every field set and every list as long as it gets in practice."""
    record = entries.SizeRecord(time=NOW - 0.25, replicas=7)
    change = entries.Change(
        time=NOW,
        fromReplicas=4,
        toReplicas=5,
        source=Source.POLICY,
        reason=Reason.POLICY_ACTS,
        limitedReason=Reason.SCALE_DOWN_RATE,
        baseline=6,
        policy=5,
        message="the policy wants 5 replicas",
    )
    limit = statuses.LimitTarget(policy="750m", applied="500m", limitedReason="RecommendOnly")
    estimate = statuses.Estimate(value=-0.1, low=-0.2, high=0.05)
    return statuses.Status(
        observedGeneration=3,
        selector="app=checkout",
        currentReplicas=4,
        desiredReplicas=5,
        lastScaleTime=NOW,
        currentMetrics=[
            statuses.MetricStatus(name=name, value=0.125, age="12s", state=SignalState.KNOWN)
            for name in SignalName
        ],
        rollout=statuses.RolloutStatus(
            stage=statuses.Stage.FULL,
            ratio=0.25,
            block=statuses.BlockStatus(owner=Source.POLICY, since=NOW, until=NOW + 1800, probability=0.25),
            since=NOW,
            nextEvaluation=NOW,
            blockedBy="PolicyNotReady",
            evidence=statuses.Evidence(baselineBlocks=3, policyBlocks=4, violations=estimate, cost=estimate),
        ),
        model=statuses.ModelStatus(
            name="generalist", version="1", digest="sha256:" + "0" * 64, ready=True, samples=99
        ),
        horizontal=statuses.HorizontalStatus(
            target=statuses.HorizontalTarget(
                baseline=6,
                policy=5,
                applied=5,
                source=Source.POLICY,
                reason=Reason.POLICY_ACTS,
                limitedReason=Reason.SCALE_DOWN_RATE,
                message="the policy wants 5 replicas",
                generatedAt=NOW,
            ),
            explanation=_explanation(),
        ),
        vertical=statuses.VerticalStatus(
            recommendations=[statuses.ContainerRecommendation(name="app", cpu=limit, memory=limit)],
            podCPU="750m",
            podMemory="1Gi",
            generatedAt=NOW,
        ),
        baseline=entries.BaselineLogs(
            recommendations=[record] * 24, scaleUps=[record] * 16, scaleDowns=[record] * 16
        ),
        history=[change] * entries.LONGEST_HISTORY,
        conditions=[
            _condition(kind)
            for kind in (
                "Ready",
                "AbleToScale",
                "ScalingActive",
                "ScalingLimited",
                "VerticalAbleToApply",
                "PolicyReady",
                "Fallback",
                "Paused",
                "Degraded",
            )
        ],
    )

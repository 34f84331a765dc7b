"""The HPA's specification as tables: one row, one sentence, figures worked out by hand.

The rows are plain data (`tables/*.yaml`, each telling its columns), so that any further table of the same
columns, from wherever it comes, can be replayed through the same function.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlagents.policies import hpa
from rlagents.policies.hpa import (
    behaviors,
    evaluations,
    grouping,
    limits,
    logs,
    requests,
    samples,
    stabilizing,
)
from rlagents.policies.hpa.conditions import state
from rlagents.policies.hpa.counts import Tolerance
from rlagents.policies.hpa.evaluations import MetricStatus
from rlagents.policies.hpa.failures import MetricError
from rlagents.policies.hpa.proposals import Situation
from rlagents.structs.pods import ConditionStatus, Container, InitContainer, Pod, PodPhase, PodSample
from rlagents.structs.reasons import Reason

NOW = 100_000.0
FOLDER = Path(__file__).parent / "tables"

Row = dict[str, Any]


def table(name: str) -> pytest.MarkDecorator:
    """Run a test once for each row of a table, under the row's sentence."""
    rows = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return pytest.mark.parametrize("row", [pytest.param(row, id=row["sentence"]) for row in rows])


@table("grouping")
def test_each_pod_falls_into_the_first_group_that_fits(row):
    """Ignored, unready, missing, ready, in this order, with the rule for CPU."""
    pod = a_pod("a", row["pod"])
    sample = row["sample"] and samples.Sample(500, NOW - row["sample"]["age"], float(row["sample"]["window"]))
    known = {} if sample is None else {"a": sample}
    groups = grouping.group([pod], known, row.get("resource", "cpu"), NOW, parameters(row))
    members = {one: set(getattr(groups, one)) for one in grouping.Group}
    assert members == {one: {"a"} if one == row["group"] else set() for one in grouping.Group}


@table("requests")
def test_requests_are_what_the_specification_counts(row):
    """Containers, sidecars, pod-level requests, overhead, and what is missing."""
    described = row["pod"]
    pod = Pod(
        "a",
        PodPhase.RUNNING,
        0.0,
        containers=containers(described.get("containers", {})),
        sidecars=containers(described.get("sidecars", {})),
        init_containers=tuple(
            InitContainer(f"init-{place}", one["requests"], sidecars_before=one["after"])
            for place, one in enumerate(described.get("init", []))
        ),
        pod_requests=described.get("pod", {}),
        overhead=described.get("overhead", {}),
    )

    def count():
        gate = row.get("pod_level", True)
        return requests.by_pod([pod], row.get("resource", "cpu"), row.get("container", ""), pod_level=gate)

    assert outcome(count, lambda counted: counted["a"]) == row["expect"]


@table("samples")
def test_answers_become_samples(row):
    """Sums over containers, one container's figure, and what yields nothing."""
    rows = row["rows"] and tuple(PodSample(pod, usage, NOW, 30.0) for pod, usage in row["rows"].items())

    def collect():
        if "container" in row:
            return samples.of_containers(rows, "cpu", row["container"])
        return samples.of_pods(rows, "cpu")

    assert outcome(collect, lambda found: {pod: one.value for pod, one in found.items()}) == row["expect"]


@table("proposals")
def test_one_metric_proposes_a_size(row):
    """The size and the reported figures, or the failure."""
    metric = a_metric(row.get("metric", {"utilization": 50}))
    status = evaluations.status_of(metric, a_situation(row, [metric]))
    if status.failure is not None:
        assert (status.failure, status.proposal, status.current) == (row["expect"], None, {})
        return
    names = {"utilization": "utilization", "average": "average_value", "value": "value"}
    reported = {short: getattr(status.figures, name) for short, name in names.items()}
    told = {short: figure for short, figure in reported.items() if figure is not None}
    assert {"replicas": status.proposal} | told == row["expect"]


@table("combining")
def test_several_metrics_have_one_proposal(row):
    """The largest, unless a failure forbids it."""
    statuses = [
        MetricStatus(a_metric({"kind": one}), "failed", failure=hpa.Failure.METRICS_UNAVAILABLE)
        if isinstance(one, str)
        else MetricStatus(a_metric({}), "worked", proposal=one)
        for one in row["metrics"]
    ]
    evaluation = evaluations.combine(statuses, row["current"])
    if isinstance(row["expect"], int):
        assert evaluation.proposal == row["expect"]
        assert evaluation.largest is not None
        assert evaluation.largest.proposal == row["expect"]
    else:
        assert (evaluation.proposal, evaluation.largest) == (None, None)
        assert evaluation.first_failed is not None
        assert evaluation.first_failed.failure_reason == row["expect"]


@table("stabilizing")
def test_recent_recommendations_hold_the_size(row):
    """Both ways of stabilising, with their edges and reasons."""
    past = recommendations(row["log"])
    if "up" in row:
        up, down = (behaviors.Rules(float(row[one]), hpa.SelectPolicy.MAX, ()) for one in ("up", "down"))
        stable = stabilizing.by_rules(row["proposal"], row["current"], past, up, down, NOW)
    else:
        stable = stabilizing.by_window(row["proposal"], past, 300.0, NOW)
    assert [stable.replicas, stable.reason] == row["expect"]
    assert stable.message


@table("limits")
def test_bounds_and_rates_limit_the_size(row):
    """Both ways of limiting, with their reasons."""
    desired, current, low, high = row["desired"], row["current"], row["min"], row["max"]
    if "up" in row:
        behavior = hpa.Behavior(scaling_rules(row["up"]), scaling_rules(row["down"]))
        up, down = behaviors.up_rules(behavior), behaviors.down_rules(behavior, hpa.PRODUCTION)
        limited = limits.by_events(desired, current, low, high, up, down, some_logs(row), NOW)
    else:
        limited = limits.per_pass(desired, current, low, high, parameters(row))
    assert [limited.replicas, limited.reason] == row["expect"]
    assert limited.message


@table("logs")
def test_logs_reuse_their_slots(row):
    """Which slot a new entry takes, and which entries stay."""
    before = some_logs(row)
    if "recommend" in row:
        after = logs.recommended(before, row["recommend"], NOW, row["kept"])
        assert plain_recommendations(after) == row["expect"]["log"]
        return
    before_size, size = row["rescale"]
    rules = {one: scaling_rules({"policies": [["Pods", 1, period] for period in row[one]]} if one in row else {}) for one in ("up", "down")}  # fmt: skip
    behavior = hpa.Behavior(rules["up"], rules["down"]) if row.get("behavior", True) else None
    after = hpa.rescaled(before, hpa.HpaSpec(20, behavior=behavior), before_size, size, NOW)
    assert {"ups": plain_events(after.scale_ups), "downs": plain_events(after.scale_downs)} == row["expect"]
    assert after.recommendations == before.recommendations


@table("defaults")
def test_a_behaviours_gaps_are_filled_in(row):
    """Windows, policies, selection and tolerances, per direction."""
    spec, settings = hpa.parse([], row["behavior"], 1, 20), parameters(row)
    assert behaviors.tolerance(spec.behavior, settings) == Tolerance(*row["tolerance"])
    assert logs.retention(spec, settings) == row["kept"]
    if spec.behavior is not None:
        assert plain_rules(behaviors.up_rules(spec.behavior)) == row["up"]
        assert plain_rules(behaviors.down_rules(spec.behavior, settings)) == row["down"]


@table("passes")
def test_one_whole_pass(row):
    """What the status says after a pass, and what is remembered."""
    written = row.get("spec", {})
    metrics = tuple(a_metric(one) for one in written.get("metrics", [{"utilization": 50}]))
    behavior = hpa.parse([], written.get("behavior"), 1, 20).behavior
    spec = hpa.HpaSpec(written.get("max", 20), written.get("min", 1), metrics, behavior)
    mark = state(hpa.ConditionType.SCALED_TO_ZERO, True, Reason.SCALED_TO_ZERO, "scaled to zero before")
    situation = a_situation(row | {"current": row["current"] or 0}, metrics)
    scale = hpa.ScaleObservation(
        situation.current, situation.observed, hpa.Selector(row.get("selector", "valid"))
    )
    before = hpa.HpaLogs(recommendations(row["log"])) if "log" in row else None
    conditions = (mark,) if row.get("marked") else ()
    result = hpa.reconcile(
        spec,
        situation.parameters,
        None if row["current"] is None else scale,
        situation.pods,
        situation.samples,
        before,
        NOW,
        situation.readings,
        conditions,
    )
    seen = plain_result(result)
    assert {key: seen.get(key) for key in row["expect"]} == row["expect"]
    assert result.may_write == (result.desired not in (None, row["current"]))


# From plain data to types, and back.


def parameters(row: Row) -> hpa.HpaParameters:
    return replace(hpa.PRODUCTION, **row.get("parameters", {}))


def a_pod(name: str, entry: Row) -> Pod:
    age = entry.get("age", 3600)
    changed = entry.get("changed", None if age is None else age - 10)
    ready, request = entry.get("ready", "True"), entry.get("request", 1000)
    return Pod(
        name=name,
        phase=PodPhase(entry.get("phase", "Running")),
        created_at=0.0,
        started_at=None if age is None else NOW - age,
        readiness=None if ready is None else ConditionStatus(ready),
        readiness_changed_at=None if changed is None else NOW - changed,
        deleting=entry.get("deleting", False),
        containers=containers({"app": {} if request is None else {"cpu": request, "memory": request}}),
        pod_requests=entry.get("pod", {}),
    )


def containers(described: Row) -> tuple[Container, ...]:
    return tuple(Container(name, demanded) for name, demanded in described.items())


def a_metric(entry: Row) -> hpa.MetricSpec:
    target = hpa.MetricTarget(entry.get("utilization"), entry.get("average"), entry.get("value"))
    return hpa.MetricSpec(
        entry.get("kind", "Resource"), entry.get("name", "cpu"), target, container=entry.get("container", "")
    )


def a_situation(row: Row, metrics: Any) -> Situation:
    entries = [entry for entry in row["pods"] for _ in range(entry.get("count", 1))]
    named = [(f"p{place}", entry) for place, entry in enumerate(entries)]
    strays = [(f"stray{place}", {"usage": usage}) for place, usage in enumerate(row.get("strays", []))]
    sampled = [(name, entry) for name, entry in named + strays if "usage" in entry]
    figures = [
        hpa.PodFigure(name, entry["usage"], NOW - entry.get("sampled", 15))
        for name, entry in sampled
        if isinstance(entry["usage"], int)
    ]
    readings = hpa.Readings(
        pods=dict.fromkeys(metrics, figures),
        objects={metric: row["figure"] for metric in metrics if "figure" in row},
        external={metric: row["series"] for metric in metrics if "series" in row},
    )
    return Situation(
        pods=[a_pod(name, entry) for name, entry in named],
        current=row["current"],
        observed=row["observed"] if "observed" in row else row["current"],
        tolerance=Tolerance(*row.get("tolerance", [0.1, 0.1])),
        parameters=parameters(row),
        now=NOW,
        samples=[a_row(name, entry) for name, entry in sampled],
        readings=readings,
    )


def a_row(name: str, entry: Row) -> PodSample:
    usage = entry["usage"] if isinstance(entry["usage"], dict) else {"app": entry["usage"]}
    by_container = {container: {"cpu": figure, "memory": figure} for container, figure in usage.items()}
    return PodSample(name, by_container, NOW - entry.get("sampled", 15), float(entry.get("window", 30)))


def scaling_rules(entry: Row) -> hpa.ScalingRules:
    policies = entry.get("policies")
    return hpa.ScalingRules(
        select=hpa.SelectPolicy(entry["select"]) if "select" in entry else None,
        policies=policies and tuple(hpa.Policy(hpa.PolicyKind(kind), value, float(period)) for kind, value, period in policies),
    )  # fmt: skip


def recommendations(rows: list[list[Any]]) -> tuple[hpa.Recommendation, ...]:
    return tuple(hpa.Recommendation(replicas, NOW - age) for replicas, age in rows)


def some_logs(row: Row) -> hpa.HpaLogs:
    def events(rows: list[list[Any]]) -> tuple[hpa.ScaleEvent, ...]:
        return tuple(hpa.ScaleEvent(change, NOW - age, bool(mark)) for change, age, *mark in rows)

    past = recommendations(row["log"]) if "log" in row else None
    return hpa.HpaLogs(past, events(row.get("ups", [])), events(row.get("downs", [])))


def plain_recommendations(kept: hpa.HpaLogs) -> list[list[Any]]:
    return [[one.replicas, NOW - one.at] for one in kept.recommendations or ()]


def plain_events(events: tuple[hpa.ScaleEvent, ...]) -> list[list[Any]]:
    return [[one.change, NOW - one.at, *(["outdated"] if one.outdated else [])] for one in events]


def plain_rules(rules: behaviors.Rules) -> list[Any]:
    policies = [f"{one.kind} {one.value}/{one.period:g}" for one in rules.policies]
    return [rules.window, rules.select, policies]


def plain_result(result: hpa.HpaResult) -> Row:
    conditions = {one.type.value: [one.status, one.reason] for one in result.conditions}
    return conditions | {
        "desired": result.desired,
        "proposal": result.proposal,
        "error": result.error is not None,
        "metrics": len(result.metrics),
        "log": None if result.logs is None else plain_recommendations(result.logs),
    }


def outcome(act: Any, plain: Any) -> Any:
    """What an action gives, in plain data, or the failure it ends in."""
    try:
        return plain(act())
    except MetricError as error:
        return error.failure

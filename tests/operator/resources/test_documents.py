"""Generated documents: valid ones, and ones that are broken in one place.

The models and a real API server must treat all of them alike, under `fieldValidation=Strict`. By nature they
differ in one point, which is left out here: a whole number written with a point (`10.0`) is no whole number for
the models, while the server stores it as one wherever no rule looks at it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlagents.structs.objectives import Prices
from rlautoscaler.resources import conversions, durations
from rlautoscaler.resources.autoscalers import read_spec
from rlautoscaler.resources.specs import Spec

Document = dict[str, Any]

# Valid documents.


def part(required: dict[str, Any] | None = None, **optional: Any) -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries(required or {}, optional=optional)


def duration(lowest: int, highest: int) -> st.SearchStrategy[str]:
    """Bounds in milliseconds."""
    return st.integers(lowest, highest).map(lambda amount: durations.written(amount / 1000))


def percentage(lowest: int, highest: int) -> st.SearchStrategy[str]:
    """Bounds in hundredths of a percent."""
    return st.integers(lowest, highest).map(lambda amount: f"{amount / 100:g}%")


NAME = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
RATIO = st.floats(0.001, 1) | st.just(1)
CPU_TARGET = part({"type": st.just("Utilization"), "averageUtilization": st.integers(1, 1000)})
AMOUNT_TARGET = part(
    {
        "type": st.sampled_from(["AverageValue", "Utilization"]),
        "averageValue": st.sampled_from(["500m", 2, "1.5Gi", "1e3", "100000u", "0.000000001"]),
    }
)
RESOURCE = part({"name": st.sampled_from(["cpu", "memory"]), "target": CPU_TARGET | AMOUNT_TARGET})
CONTAINER_RESOURCE = part(
    {"name": st.sampled_from(["cpu", "memory"]), "container": NAME, "target": CPU_TARGET | AMOUNT_TARGET}
)
LABEL_VALUE = st.from_regex(r"[a-zA-Z0-9]([-a-zA-Z0-9_.]{0,20}[a-zA-Z0-9])?", fullmatch=True)
LABEL = st.sampled_from(
    ["topic", "app.kubernetes.io/name", "scaledobject.keda.sh/name", "resource.labels.zone"]
)
SELECTOR = part(
    matchLabels=st.dictionaries(LABEL, LABEL_VALUE, max_size=2),
    matchExpressions=st.lists(
        part(
            {
                "key": LABEL,
                "operator": st.sampled_from(["In", "NotIn"]),
                "values": st.lists(LABEL_VALUE, min_size=1, max_size=3),
            }
        )
        | part({"key": LABEL, "operator": st.sampled_from(["Exists", "DoesNotExist"])}, values=st.just([])),
        max_size=2,
    ),
)
IDENTIFIER = part(
    {
        "name": st.sampled_from(
            ["requests", "s0-kafka", "pubsub.googleapis.com|subscription|messages", "queue:depth"]
        )
    },
    selector=SELECTOR,
)
AMOUNT = st.sampled_from(["500m", 30, "1500k", "2Gi", "1e3"])
AVERAGE = part({"type": st.just("AverageValue"), "averageValue": AMOUNT})
WHOLE = part({"type": st.just("Value"), "value": AMOUNT})
DESCRIBED = part(
    {"kind": st.sampled_from(["Ingress", "Service"]), "name": NAME},
    apiVersion=st.sampled_from(["networking.k8s.io/v1", "v1", "route.openshift.io/v1"]),
)
METRIC = st.one_of(
    part({"type": st.just("Resource"), "resource": RESOURCE}),
    part({"type": st.just("ContainerResource"), "containerResource": CONTAINER_RESOURCE}),
    part({"type": st.just("Pods"), "pods": part({"metric": IDENTIFIER, "target": AVERAGE})}),
    part(
        {
            "type": st.just("Object"),
            "object": part({"describedObject": DESCRIBED, "metric": IDENTIFIER, "target": AVERAGE | WHOLE}),
        }
    ),
    part(
        {
            "type": st.just("External"),
            "external": part({"metric": IDENTIFIER, "target": AVERAGE | WHOLE}),
        }
    ),
)


@st.composite
def metrics_lists(draw: st.DrawFn) -> list[Document]:
    """Up to three metrics; where a name stands alone it may have a query."""
    metrics = draw(st.lists(METRIC, min_size=1, max_size=3))
    names = [name_of(metric) for metric in metrics]
    for metric, name in zip(metrics, names, strict=True):
        if name is not None and names.count(name) == 1 and draw(st.booleans()):
            metric["query"] = draw(st.sampled_from(["up", 'sum by (pod) (rate(requests{job="a"}[1m]))']))
    return metrics


def name_of(metric: Document) -> tuple[str, str] | None:
    source = metric.get("pods") or metric.get("object") or metric.get("external")
    return None if source is None else (metric["type"], source["metric"]["name"])


RULES = part(
    stabilizationWindowSeconds=st.integers(0, 3600),
    selectPolicy=st.sampled_from(["Max", "Min", "Disabled"]),
    policies=st.lists(
        part(
            {
                "type": st.sampled_from(["Pods", "Percent"]),
                "value": st.integers(1, 1000),
                "periodSeconds": st.integers(1, 1800),
            }
        ),
        min_size=1,
        max_size=3,
    ),
    tolerance=st.sampled_from(["0.05", 0, "50m", "0.1"]),
)
OBJECTIVES = {
    "latency": part({"target": duration(1, 600_000)}, quantile=st.sampled_from(["p50", "p99"])),
    "errorRate": percentage(1, 10_000),
    "saturation": part(cpu=percentage(100, 100_000), throttled=percentage(100, 10_000)),
}


def objective(first: str) -> st.SearchStrategy[Document]:
    others = {name: strategy for name, strategy in OBJECTIVES.items() if name != first}
    return part(
        {first: OBJECTIVES[first]},
        **others,
        violationBudget=percentage(1, 5000),
        cost=part(cpuCoreHour=st.floats(0, 1000), memoryGiBHour=st.integers(0, 1000)),
    )


def bounds(unit: str) -> st.SearchStrategy[Document]:
    pair = st.lists(st.integers(1, 500), min_size=2, max_size=2).map(sorted)
    return pair.map(lambda ends: {"min": f"{ends[0]}{unit}", "max": f"{ends[1]}{unit}"})


def with_blocks(rollout: Document) -> Document:
    """With a wash-out that is shorter than the block."""
    block = rollout.pop("seconds")
    return rollout | {"block": durations.written(block), "washOut": durations.written(block // 3)}


def with_minimum(spec: Document) -> Document:
    """Without a minimum of 0 where nothing could be read without pods."""
    metrics = spec.get("baseline", {}).get("metrics", [])
    if spec.get("minReplicas") == 0 and not any(one["type"] in ("Object", "External") for one in metrics):
        return spec | {"minReplicas": 1}
    return spec


SPECS = part(
    {
        "scaleTargetRef": part({"name": NAME}, kind=st.sampled_from(["Deployment", "StatefulSet"])),
        "maxReplicas": st.integers(100, 150_000),
        "objective": st.sampled_from(sorted(OBJECTIVES)).flatmap(objective),
    },
    minReplicas=st.integers(0, 100),
    interval=duration(1000, 60_000),
    metrics=part(
        preset=st.sampled_from(["none", "istio", "ingress-nginx", "http-server"]),
        labels=st.dictionaries(
            st.from_regex("[a-zA-Z_][a-zA-Z0-9_]{0,20}", fullmatch=True), TEXT, max_size=3
        ),
        queries=st.dictionaries(
            st.sampled_from(["throughput", "latencyP99", "diskIO"]),
            part({"query": st.just("up")}, timestampQuery=st.just("timestamp(up)")),
            max_size=2,
        ),
        window=st.just("auto") | duration(1000, 3_600_000),
        staleAfter=st.just("auto") | duration(1000, 3_600_000),
    ),
    baseline=part(
        metrics=metrics_lists(),
        resourceMetrics=st.sampled_from(["Prometheus", "MetricsAPI"]),
        behavior=part(scaleUp=RULES, scaleDown=RULES),
    ),
    policy=part(
        algorithm=st.sampled_from(["Auto", "PPO"]),
        model=st.just({"builtin": "generalist"}),
        group=st.just(""),
    ),
    resources=part(
        mode=st.just("Recommend"),
        containers=st.lists(
            part({"name": NAME}, cpu=bounds("m") | bounds(""), memory=bounds("Mi") | bounds("G")),
            max_size=3,
            unique_by=lambda container: container["name"],
        ),
    ),
    safety=part(
        minSafety=st.just(0.9),
        horizon=st.just("5m"),
        maxScaleDownPercentPerMinute=st.integers(1, 100),
    ),
    rollout=part(
        {"seconds": st.integers(10, 86_400)},
        mode=st.sampled_from(["Baseline", "Shadow", "Auto"]),
        initialRatio=RATIO,
        stepUp=RATIO,
        stepDown=RATIO,
        maxCostIncrease=percentage(0, 100_000),
    ).map(with_blocks),
).map(with_minimum)

# Documents with one thing changed. Most changes break something; which do is for the models and the server to say.

JUNK = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            [],
            {},
            "",
            "x",
            " ",
            "auto",
            "none",
            "Auto",
            "Canary",
            "vllm",
            "Pods",
            "External",
            "Exists",
            "Value",
            "MetricsAPI",
            "InPlace",
            "Min",
        ),
        *(-1, 0, 1, 2, 7, 1000, 3601, 200_000, 2**31, 2**40, 0.5, 1.5, -0.1, 1e-9),
        *(
            "0s",
            "1ms",
            "59s",
            "1m",
            "61m",
            "25h",
            "1h30m",
            "1.5h",
            "15",
            "15S",
            "1s1m",
            "1s1s",
            "9999999s",
            ".5s",
        ),
        *("0%", "0.00001%", "0.001%", "1%", "99.9999%", "100%", "101%", "5000%", "1 %", "%", "1e1%"),
        *("0", "1m", "0.5", "1.5Gi", "100Ti", "1e3", "1E", "-1", "+1", "0x10", "1Kb", "0.0000001", "1n"),
        *(
            "Größe",
            "a" * 64,
            "a" * 300,
            "a-b",
            "A",
            "-a",
            "a.b",
            "a\n",
            "v1",
            "apps/v1/x",
            "/x",
            "https://a/b",
        ),
        *([1], ["a"], {"a": 1}, {"name": "x"}, {"target": "1s"}, {"query": "up"}),
    ]
)
Place = tuple[str | int, ...]


def places(document: Any, prefix: Place = ()) -> Iterator[Place]:
    """Every place below a document, outermost first."""
    if not isinstance(document, dict | list):
        return
    for key, child in document.items() if isinstance(document, dict) else enumerate(document):
        yield (*prefix, key)
        yield from places(child, (*prefix, key))


def changed(document: Document, place: Place, change: Callable[[Any, Any], None]) -> Document:
    """A copy in which `change` was done to the holder of a place."""
    result = copy.deepcopy(document)
    holder: Any = result
    for step in place[:-1]:
        holder = holder[step]
    change(holder, place[-1])
    return result


@st.composite
def replaced(draw: st.DrawFn) -> Document:
    """One value is another one."""
    spec, junk = draw(SPECS), draw(JUNK)
    return changed(
        spec, draw(st.sampled_from(list(places(spec)))), lambda holder, key: holder.__setitem__(key, junk)
    )


@st.composite
def removed(draw: st.DrawFn) -> Document:
    """One value is missing."""
    spec = draw(SPECS)
    return changed(
        spec, draw(st.sampled_from(list(places(spec)))), lambda holder, key: holder.__delitem__(key)
    )


@st.composite
def mixed(draw: st.DrawFn) -> Document:
    """One value is from another valid document, which may not go with the rest."""
    spec, other = draw(SPECS), draw(SPECS)
    shared = [place for place in places(other) if place in set(places(spec))]
    place = draw(st.sampled_from(shared))
    return changed(spec, place, lambda holder, key: holder.__setitem__(key, at(other, place)))


@st.composite
def added(draw: st.DrawFn) -> Document:
    """One field of the schema is there that was not, or one of its values was doubled."""
    spec, junk = draw(SPECS), draw(JUNK)
    holders = [
        place for place in places({"spec": spec}) if isinstance(at({"spec": spec}, place), dict | list)
    ]
    place = draw(st.sampled_from(holders))[1:]
    result = copy.deepcopy(spec)
    holder = at(result, place)
    if isinstance(holder, list):
        holder.append(copy.deepcopy(holder[-1]) if holder else junk)
    else:
        holder[draw(st.sampled_from(FIELDS))] = junk
    return result


def at(document: Any, place: Place) -> Any:
    for step in place:
        document = document[step]
    return document


FIELDS = sorted(
    {
        *Spec.model_fields,
        *("mode", "name", "type", "group", "path", "url", "cpu", "value", "query", "selector", "Name", "x"),
    }
)
CHANGED = replaced() | removed() | added() | mixed()


@st.composite
def broken(draw: st.DrawFn) -> tuple[Document, str]:
    """A document with one fault that is known to be one, and the place where it is."""
    spec = draw(SPECS)
    place, value = draw(
        st.sampled_from(
            [
                (("scaleTargetRef", "name"), "-"),
                (("maxReplicas",), 0),
                (("minReplicas",), 150_000.5),
                (("interval",), "61s"),
                (("objective", "violationBudget"), "51%"),
                (("objective", "nothing"), 1),
                (("metrics", "window"), "0s"),
                (("metrics", "queries", "cpu"), {}),
                (("baseline", "metrics"), []),
                (("baseline", "resourceMetrics"), "cAdvisor"),
                (("policy", "algorithm"), "GRPO"),
                (("resources", "containers"), [{"name": "app", "cpu": {"min": 2, "max": 1}}]),
                (("safety", "minSafety"), -0.5),
                (("rollout", "stepDown"), 0),
            ]
        )
    )
    result = copy.deepcopy(spec)
    holder = result
    for step in place[:-1]:
        holder = holder.setdefault(step, {})
    holder[place[-1]] = value
    return result, ".".join(("spec", *place))


@given(document=SPECS)
def test_every_valid_document_is_accepted_and_survives_a_round_trip(document: Document) -> None:
    """What a spec writes of itself reads as the same spec."""
    spec = Spec.model_validate(document)
    assert Spec.model_validate(json.loads(json.dumps(spec.document()))) == spec


@given(case=broken())
def test_every_broken_document_is_refused_at_its_place(case: tuple[Document, str]) -> None:
    """A document with one fault gets sentences that begin with the place of the fault, and no others."""
    document, place = case
    assert {problem.startswith(place) for problem in problems(document)} == {True}


@given(document=SPECS)
def test_every_valid_document_means_something_to_the_brain(document: Document) -> None:
    """All conversions of an accepted spec succeed: whoever passed admission is decided."""
    spec = Spec.model_validate(document)
    wanted = conversions.objective(spec, Prices())
    assert 0 < wanted.violation_budget <= 0.5
    assert conversions.bounds(spec).clip(0) == spec.minReplicas
    assert len(conversions.baseline(spec).metrics) == len(spec.baseline.metrics)
    assert len(conversions.baseline_queries(spec)) == sum(
        metric.query is not None for metric in spec.baseline.metrics
    )
    assert 1 <= conversions.interval(spec) <= 60


def problems(document: Any) -> tuple[str, ...]:
    spec = read_spec(document)
    return () if isinstance(spec, Spec) else spec.problems


@pytest.mark.cluster
@settings(max_examples=50, deadline=None, derandomize=True)
@given(document=SPECS)
def test_the_server_accepts_every_valid_document(server: Any, document: Document) -> None:
    """What the strategies call valid is so for the API server, too."""
    assert server.refusal(document) == ""


@pytest.mark.cluster
@settings(max_examples=250, deadline=None, derandomize=True)
@given(document=CHANGED)
def test_models_and_server_agree_on_every_changed_document(server: Any, document: Document) -> None:
    """With one thing changed in a valid document, both accept it or both refuse it."""
    refusal, told = server.refusal(document), problems(document)
    assert bool(refusal) == bool(told), f"server: {refusal or 'accepts'}; models: {told or 'accept'}"

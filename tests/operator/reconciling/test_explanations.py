"""The baseline's arithmetic on its way to the status."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rlagents.policies import hpa
from rlagents.structs.pods import ConditionStatus, Container, Pod, PodPhase, PodSample
from rlautoscaler.acting import times
from rlautoscaler.reconciling.explanations import explanation
from rlautoscaler.resources.explanations import Explanation

NOW = 1_700_000_000.0
MEMORY = hpa.MetricSpec(hpa.MetricKind.RESOURCE, "memory", hpa.MetricTarget(utilization=70))
QUEUE = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "queue", hpa.MetricTarget(value=1000))
SHARE = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "share", hpa.MetricTarget(average_value=1000))
BASELINE = {"rollout": {"mode": "Baseline"}}


def passed(
    metric: hpa.MetricSpec, *, usage: int = 0, request: int = 1, figure: int = 0, size: int = 4
) -> Any:
    """A pass over one pod, told as the status has it."""
    box = Container("app", {"memory": request})
    pod = Pod("p", PodPhase.RUNNING, 0.0, 0.0, ConditionStatus.TRUE, 0.0, containers=(box,))
    result = hpa.reconcile(
        hpa.HpaSpec(2**31 - 1, 1, (metric,)),
        hpa.HpaParameters(scale_to_zero=True),
        hpa.ScaleObservation(size, size),
        [pod],
        [PodSample("p", {"app": {"memory": usage}}, NOW, 30.0)],
        hpa.HpaLogs(()),
        NOW,
        hpa.Readings(external={metric: [figure]}),
        (hpa.SCALED_TO_ZERO,),
    )
    document = explanation(result).document()
    assert (
        Explanation.model_validate(json.loads(json.dumps(document, allow_nan=False))).document() == document
    )
    return document


def test_quantities_keep_every_thousandth() -> None:
    """Memory is written in Ki and Mi where that loses nothing, and to the thousandth of a byte where not."""
    (metric,) = passed(MEMORY, usage=300 * 2**20 * 1000 + 1, request=2**28 * 1000)["metrics"]
    assert metric["first"]["used"] == "314572800001m"
    assert metric["first"]["requested"] == "256Mi"
    assert (metric["first"]["utilization"], metric["ratio"]) == (117, 117 / 70)


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        pytest.param({"figure": -5000}, "proposal", -5, id="a figure below zero proposes less than nothing"),
        pytest.param({"figure": 2**63 - 1}, "value", "9223372036854775807m", id="the greatest figure"),
        pytest.param({"figure": -(2**70)}, "value", "-9223372036854775807m", id="a figure beyond 64 bits"),
    ],
)
def test_absurd_figures_are_written(arguments: dict[str, int], field: str, value: object) -> None:
    """Whatever a metric says, the status can hold it, and reads back the same."""
    assert passed(QUEUE, **arguments)["metrics"][0][field] == value


def test_what_is_no_number_is_absent() -> None:
    """A share among no replicas has no ratio, and JSON has no infinity."""
    (metric,) = passed(SHARE, figure=2500, size=0)["metrics"]
    assert "ratio" not in metric
    assert (metric["sharers"], metric["proposal"]) == (0, 3)


def test_a_percentage_beyond_32_bits_is_cut() -> None:
    """A pod may request a thousandth of a byte and use all of a node."""
    (metric,) = passed(MEMORY, usage=2**50)["metrics"]
    assert metric["first"]["utilization"] == 2**31 - 1


def test_a_name_of_any_length_fits() -> None:
    """Selectors are part of an external metric's name; what is too long is cut and marked."""
    metric = hpa.MetricSpec(
        hpa.MetricKind.EXTERNAL, "queue", hpa.MetricTarget(value=1), selector="a=b," * 200
    )
    told = passed(metric)
    assert len(told["metrics"][0]["name"]) == 253
    assert told["largest"] == told["metrics"][0]["name"]


async def test_decision_and_arithmetic_are_of_one_tick(world: Any) -> None:
    """What is written leads from the figures of its tick to the size decided at it."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    for cores in (1.4, 0.2, 0.9, 1.4, 0.75):
        world.reader.cores_per_pod["web"] = cores
        current = world.replicas("web")
        await world.tick(after=61.0)
        horizontal = world.status("web")["horizontal"]
        told = horizontal["explanation"]
        assert told["metrics"][0]["first"]["utilization"] == round(cores * 100)
        assert (told["current"], told["desired"]) == (current, horizontal["target"]["baseline"])
        assert horizontal["target"]["generatedAt"] == times.second(world.now)
        world.catch_up("web")


async def test_usage_that_wanders_causes_no_write(world: Any) -> None:
    """Within the minute that steering state waits, figures of the arithmetic alone are no news."""
    world.deploy("web", 2)
    world.autoscale("web", **BASELINE)
    world.reader.cores_per_pod["web"] = 0.70
    await world.tick()
    before, status = len(world.writes()), world.status("web")
    for cores in (0.71, 0.69, 0.72, 0.68, 0.73):
        world.reader.cores_per_pod["web"] = cores
        await world.tick(after=10.0)
    assert len(world.writes()) == before
    assert world.status("web") == status


async def test_the_baselines_arithmetic_is_told_whoever_decides(world: Any) -> None:
    """Beside an HPA, and where the user paused it, what the baseline makes of the metrics stands there too."""
    for name in ("owned", "paused"):
        world.deploy(name, 2)
        world.autoscale(name, annotations={"rlautoscaler.io/paused": str(name == "paused").lower()})
        world.reader.cores_per_pod[name] = 1.4
    world.own("owned")
    await world.tick()
    for name, source in (("owned", "External"), ("paused", "Manual")):
        horizontal = world.status(name)["horizontal"]
        assert (horizontal["target"]["source"], horizontal["target"]["applied"]) == (source, 2)
        assert (horizontal["explanation"]["proposal"], horizontal["explanation"]["desired"]) == (4, 4)

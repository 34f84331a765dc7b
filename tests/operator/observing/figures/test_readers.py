"""One tick's read of the baselines' metrics."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from rlagents.policies import hpa
from rlagents.structs.pods import Pod, PodSample
from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients.fakes import FakeMetricsApi, FakePrometheus
from rlautoscaler.clients.fakes.metrics import external_value, metric_value, pod_metrics
from rlautoscaler.clients.protocols import Described, Sample
from rlautoscaler.errors import (
    MetricsApiError,
    MetricsDeadlineError,
    MetricsNotServedError,
    MetricsUnavailableError,
    PrometheusUnreachableError,
    QueryError,
)
from rlautoscaler.observing.figures import FigureReader, Figures, FiguresWanted

MakePod = Callable[..., Pod]
Run = Callable[[Any], Any]

NOW = 1_700_000_000.0
KEY = WorkloadKey("shop", "checkout")
OTHER = WorkloadKey("shop", "basket")
ABROAD = WorkloadKey("bank", "checkout")
TARGET = hpa.MetricTarget(average_value=10_000)
PODS = hpa.MetricSpec(hpa.MetricKind.PODS, "rps", TARGET)
OBJECT = hpa.MetricSpec(hpa.MetricKind.OBJECT, "hits", TARGET, described="networking.k8s.io/v1/Ingress/front")
EXTERNAL = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "queue", TARGET, selector="of=orders")
CPU = hpa.MetricSpec(hpa.MetricKind.RESOURCE, "cpu", hpa.MetricTarget(utilization=50))
INGRESS = Described("networking.k8s.io/v1", "Ingress", "front")
CUSTOM, EXTERNALS, RESOURCES = "custom.metrics.k8s.io", "external.metrics.k8s.io", "metrics.k8s.io"
STAMP = "2026-01-01T00:00:00Z"
STAMPED = 1767225600.0


@dataclass
class Scene:
    """APIs that have a figure for each metric, and a reader; a test changes one thing."""

    pods: Mapping[WorkloadKey, Sequence[Pod]]
    run: Run
    metrics: FakeMetricsApi = field(default_factory=FakeMetricsApi)
    prometheus: FakePrometheus = field(default_factory=FakePrometheus)
    reader: FigureReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = FigureReader(self.metrics, self.prometheus)
        of_pods = [metric_value(Described("v1", "Pod", one), "5") for one in ("checkout-1", "basket-1")]
        self.metrics.prepare_pods_metric("shop", "rps", of_pods)
        self.metrics.prepare_object_metric("shop", INGRESS, "hits", [metric_value(INGRESS, "70")])
        values = [external_value("queue", "30"), external_value("queue", "2500m")]
        self.metrics.prepare_external_metric("shop", "queue", values, selector="of=orders")

    def read_all(self, *wanted: FiguresWanted, time: float = 10.0) -> Mapping[WorkloadKey, Figures]:
        async def tick() -> Mapping[WorkloadKey, Figures]:
            deadline = asyncio.get_running_loop().time() + time
            return await self.reader.read(wanted, self.pods, now=NOW, deadline=deadline)

        found: Mapping[WorkloadKey, Figures] = self.run(tick())
        return found

    def read(self, *metrics: hpa.MetricSpec, time: float = 10.0, **queries: str) -> Figures:
        """The figures of one autoscaler; `queries` by the metric's name."""
        named = {metric: queries[metric.name] for metric in metrics if metric.name in queries}
        return self.read_all(FiguresWanted(KEY, "app=checkout", metrics, named), time=time)[KEY]

    def usage(self, *keys: WorkloadKey, time: float = 10.0) -> Mapping[WorkloadKey, Any]:
        async def tick() -> Mapping[WorkloadKey, Any]:
            deadline = asyncio.get_running_loop().time() + time
            return await self.reader.usage({key: self.pods[key] for key in keys}, deadline=deadline)

        found: Mapping[WorkloadKey, Any] = self.run(tick())
        return found


@pytest.fixture
def scene(make_pod: MakePod, run_virtually: Run) -> Scene:
    pods = {
        KEY: (make_pod("checkout-1"), make_pod("checkout-2")),
        OTHER: (make_pod("basket-1"),),
        ABROAD: (make_pod("checkout-1"),),
    }
    return Scene(pods, run_virtually)


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    caplog.clear()
    return told


def test_each_kind_comes_from_its_api(scene: Scene) -> None:
    """Pods and objects from custom.metrics.k8s.io, external metrics from external.metrics.k8s.io."""
    assert scene.read(PODS, OBJECT, EXTERNAL) == Figures(
        hpa.Readings(
            pods={PODS: (hpa.PodFigure("checkout-1", 5_000, STAMPED),)},
            objects={OBJECT: 70_000},
            external={EXTERNAL: (30_000, 2_500)},
        ),
        {},
    )


def test_named_queries_go_to_prometheus_alone(scene: Scene) -> None:
    """The cluster needs no adapter for them."""
    for group in (CUSTOM, EXTERNALS):
        scene.metrics.withdraw(group)
    scene.prometheus.answer("a", [Sample({"pod": "checkout-1", "namespace": "shop"}, 1.5)])
    scene.prometheus.answer("b", 2.5)
    scene.prometheus.answer("c", [Sample({"q": "x"}, 3.0), Sample({"q": "y"}, 4.0)])
    assert scene.read(PODS, OBJECT, EXTERNAL, rps="a", hits="b", queue="c") == Figures(
        hpa.Readings(
            pods={PODS: (hpa.PodFigure("checkout-1", 1_500, NOW),)},
            objects={OBJECT: 2_500},
            external={EXTERNAL: (3_000, 4_000)},
        ),
        {},
    )
    assert scene.metrics.asked == []


def test_the_readings_feed_the_baseline(scene: Scene) -> None:
    """What was read makes the HPA's own proposal: 32.5 waiting at 10 a pod want four."""
    spec = hpa.HpaSpec(max_replicas=10, metrics=(EXTERNAL,))
    readings = scene.read(EXTERNAL).readings
    scale = hpa.ScaleObservation(current=2, observed=2)
    result = hpa.reconcile(spec, hpa.PRODUCTION, scale, scene.pods[KEY], None, None, NOW, readings)
    assert result.desired == 4


def test_equal_requests_are_asked_once(scene: Scene) -> None:
    """Other targets of the same metric, and other autoscalers of the same namespace, cost nothing."""
    same = hpa.MetricSpec(
        hpa.MetricKind.EXTERNAL, "queue", hpa.MetricTarget(value=99_000), selector="of=orders"
    )
    wanted = [
        FiguresWanted(KEY, "app=checkout", (EXTERNAL, same, OBJECT)),
        FiguresWanted(OTHER, "app=basket", (EXTERNAL, OBJECT)),
    ]
    found = scene.read_all(*wanted)
    assert len(scene.metrics.asked) == 2
    assert found[KEY].readings.external == {EXTERNAL: (30_000, 2_500), same: (30_000, 2_500)}
    assert found[OTHER].readings.objects == {OBJECT: 70_000}


def test_one_query_serves_all_targets_each_with_its_own_pods(scene: Scene) -> None:
    """A query by namespace and pod, over the whole cluster, is sent once and told apart."""
    by_pod = [
        Sample({"namespace": "shop", "pod": "checkout-1"}, 1.0),
        Sample({"namespace": "shop", "pod": "basket-1"}, 2.0),
        Sample({"namespace": "bank", "pod": "checkout-1"}, 3.0),
    ]
    scene.prometheus.answer("q", by_pod)
    found = scene.read_all(*(FiguresWanted(key, "", (PODS,), {PODS: "q"}) for key in scene.pods))
    assert scene.prometheus.queries == ["q"]
    values = {key: [one.value for one in figures.readings.pods[PODS]] for key, figures in found.items()}
    assert values == {KEY: [1_000], OTHER: [2_000], ABROAD: [3_000]}


def test_resource_metrics_are_not_asked_for(scene: Scene) -> None:
    """They have neither a reading nor a failure here."""
    assert scene.read(CPU) == Figures(hpa.NOTHING_READ, {})
    assert scene.metrics.asked == []


def test_an_autoscaler_without_pods_reads_the_world_all_the_same(scene: Scene) -> None:
    """At size zero an external metric is what wakes a target."""
    scene.pods = {}
    found = scene.read(PODS, EXTERNAL)
    assert EXTERNAL in found.readings.external
    assert list(found.failures) == [PODS]


def test_a_metric_that_fails_leaves_the_others_alone(scene: Scene) -> None:
    """Each failure has its sentence, and no entry among the readings."""
    unknown = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "nowhere", TARGET)
    scene.metrics.refuse(CUSTOM, 503, "the adapter is away")
    found = scene.read(PODS, unknown, EXTERNAL)
    assert list(found.readings.external) == [EXTERNAL]
    assert found.readings.pods == {}
    assert "the adapter is away" in found.failures[PODS]
    assert "Check the metric's name" in found.failures[unknown]


@pytest.mark.parametrize(
    ("sentence", "answer", "words"),
    [
        ("no series", [], "finds no series"),
        ("NaN", [Sample({}, float("nan"))], "no number"),
        ("a wrong query", QueryError("Prometheus refuses it."), "refuses it"),
        ("Prometheus is down", PrometheusUnreachableError("It is down."), "It is down"),
    ],
)
def test_a_query_of_no_use_is_a_failure(scene: Scene, sentence: str, answer: Any, words: str) -> None:
    """Nothing is raised, and the metrics API is not asked in its place: it may not have the metric."""
    if isinstance(answer, list):
        scene.prometheus.answer("q", answer)
    else:
        scene.prometheus.fail(answer, "q")
    found = scene.read(EXTERNAL, queue="q")
    assert words in found.failures[EXTERNAL], sentence
    assert scene.metrics.asked == []


def test_what_is_late_could_not_be_read(scene: Scene) -> None:
    """The deadline holds, and what came in time counts."""
    scene.metrics.delay(CUSTOM, 11.0)
    found = scene.read(PODS, OBJECT, EXTERNAL)
    assert list(found.readings.external) == [EXTERNAL]
    assert "time was over before custom.metrics.k8s.io answered for pods metric rps" in found.failures[PODS]
    assert "Ingress shop/front metric hits" in found.failures[OBJECT]


def test_a_late_query_could_not_be_read(scene: Scene) -> None:
    """The sentence names the query."""
    scene.prometheus.delay("q", 11.0)
    assert "before Prometheus answered `q`" in scene.read(EXTERNAL, queue="q").failures[EXTERNAL]


def test_a_server_that_hangs_holds_up_no_other(scene: Scene) -> None:
    """Twenty requests wait for an adapter that hangs; the other API and Prometheus still answer."""
    hanging = [
        hpa.MetricSpec(hpa.MetricKind.OBJECT, f"m{n}", TARGET, described="Service/x") for n in range(20)
    ]
    own = hpa.MetricSpec(hpa.MetricKind.EXTERNAL, "own", TARGET)
    scene.metrics.delay(CUSTOM, 1e6)
    scene.prometheus.answer("q", 1.0)
    found = scene.read(*hanging, EXTERNAL, own, own="q")
    assert list(found.failures) == hanging
    assert list(found.readings.external) == [EXTERNAL, own]


def test_requests_to_one_api_are_bounded(scene: Scene) -> None:
    """Twenty requests of a second each, eight at a time, take three."""
    metrics = [hpa.MetricSpec(hpa.MetricKind.EXTERNAL, f"m{n}", TARGET) for n in range(20)]
    scene.metrics.delay(EXTERNALS, 1.0)
    found = scene.read(*metrics, time=2.5)
    late = [metric for metric, why in found.failures.items() if "time was over" in why]
    assert len(late) == 4


def test_a_complaint_is_logged_once_and_again_after_it_had_passed(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """A log at every tick would be read by nobody."""
    scene.metrics.refuse(EXTERNALS, 503, "away")
    for _ in range(3):
        scene.read(EXTERNAL)
    assert len(complaints(caplog)) == 1
    scene.metrics.heal()
    scene.read(EXTERNAL)
    assert complaints(caplog) == []
    scene.metrics.refuse(EXTERNALS, 503, "away")
    scene.read(EXTERNAL)
    assert len(complaints(caplog)) == 1


def test_an_api_that_is_down_is_one_complaint(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """However many metrics need it; a metric that it does not know has its own."""
    metrics = [hpa.MetricSpec(hpa.MetricKind.EXTERNAL, f"m{n}", TARGET) for n in range(5)]
    scene.metrics.refuse(EXTERNALS, 503, "away")
    scene.read(*metrics)
    assert len(complaints(caplog)) == 1
    scene.metrics.heal()
    scene.read(*metrics)
    assert len(complaints(caplog)) == 5


def test_an_answer_without_a_figure_is_complained_of_by_name(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Which autoscaler and which metric, for whoever reads the log."""
    scene.read(EXTERNAL, queue="nothing there")
    [told] = complaints(caplog)
    assert told.startswith("shop/checkout: external metric queue (of=orders): The query finds no series")


def test_a_degraded_answer_counts_and_is_told(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """An adapter would have used it; the warning is in the log."""
    scene.prometheus.answer("q", 3.0, warnings=["a store is away"])
    assert scene.read(EXTERNAL, queue="q").readings.external == {EXTERNAL: (3_000,)}
    [told] = complaints(caplog)
    assert "a store is away" in told


def test_usage_is_one_list_per_namespace(scene: Scene) -> None:
    """Told apart in memory: each target gets its own pods and no others."""
    for namespace, cpu in (("shop", "250m"), ("bank", "1")):
        names = ("checkout-1", "checkout-2", "basket-1", "of-nobody")
        items = [pod_metrics(name, {"app": {"cpu": cpu}}, timestamp=STAMP) for name in names]
        scene.metrics.prepare_pod_metrics(namespace, items)
    found = scene.usage(KEY, OTHER, ABROAD)
    assert [asked.call.namespace for asked in scene.metrics.asked] == ["shop", "bank"]
    assert found[OTHER] == (PodSample("basket-1", {"app": {"cpu": 250}}, STAMPED, 30.0),)
    assert [sample.pod for sample in found[KEY]] == ["checkout-1", "checkout-2"]
    assert found[ABROAD][0].usage == {"app": {"cpu": 1000}}


def test_no_sample_of_any_pod_is_an_empty_answer_and_no_failure(scene: Scene) -> None:
    """metrics-server answers so for pods that have just started."""
    assert scene.usage(KEY) == {KEY: ()}


def test_nothing_wanted_asks_nothing(scene: Scene) -> None:
    """A tick without such metrics costs no request."""
    assert scene.usage() == {}
    assert scene.read_all() == {}
    assert scene.metrics.asked == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda api: api.withdraw(RESOURCES), MetricsNotServedError),
        (lambda api: api.refuse(RESOURCES, 503), MetricsUnavailableError),
        (lambda api: api.delay(RESOURCES, 11.0), MetricsDeadlineError),
    ],
)
def test_usage_that_cannot_be_read_is_an_error_as_a_value(
    scene: Scene, change: Callable[[FakeMetricsApi], None], kind: type[MetricsApiError]
) -> None:
    """Every target of the namespace has it; nothing is raised."""
    change(scene.metrics)
    found = scene.usage(KEY, OTHER)
    assert [type(found[key]) for key in (KEY, OTHER)] == [kind, kind]


def test_complaints_of_usage_are_kept_apart(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Reading metrics between two reads of usage does not make an old complaint new."""
    scene.metrics.withdraw(RESOURCES)
    scene.usage(KEY)
    scene.read(EXTERNAL)
    scene.usage(KEY)
    [told] = complaints(caplog)
    assert told.startswith("This cluster does not serve metrics.k8s.io. Install metrics-server")

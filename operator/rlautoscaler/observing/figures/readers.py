"""The one read of a tick: every baseline's metrics, each distinct question asked once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Iterable, Mapping, Sequence

from rlagents.policies import hpa
from rlagents.structs.pods import Pod, PodSample
from rlagents.structs.states import WorkloadKey
from rlautoscaler.clients import metricsrefusals
from rlautoscaler.clients.batches import ask_all
from rlautoscaler.clients.metricsrefusals import RESOURCE_METRICS
from rlautoscaler.clients.protocols import Manifest, MetricsApi, PrometheusApi
from rlautoscaler.errors import MetricsApiError, PrometheusError
from rlautoscaler.observing.figures import complaints, questions, usages
from rlautoscaler.observing.figures.answers import Answers
from rlautoscaler.observing.figures.complaints import Complaints
from rlautoscaler.observing.figures.questions import Answer, FiguresWanted, Question, Sources
from rlautoscaler.observing.figures.readings import Figures, Place, figures

logger = logging.getLogger(__name__)

Asked = Mapping[hpa.MetricSpec, Question]
Usage = tuple[PodSample, ...] | MetricsApiError


class FigureReader:
    """Reads the metrics APIs and the queries that metrics name; raises nothing that these could cause.

    What fails is logged when it begins to fail and not again until it has succeeded.
    """

    def __init__(self, api: MetricsApi, source: PrometheusApi) -> None:
        self._sources = Sources(api, source)
        self._of_figures = Complaints(logger)
        self._of_usage = Complaints(logger)

    async def read(
        self,
        wanted: Sequence[FiguresWanted],
        pods: Mapping[WorkloadKey, Sequence[Pod]],
        *,
        now: float,
        deadline: float,
    ) -> Mapping[WorkloadKey, Figures]:
        """The figures of all autoscalers' pods, object and external metrics.

        Args:
            wanted: the autoscalers.
            pods: of each target; one that is absent has none.
            now: seconds since the epoch.
            deadline: on the event loop's clock. What is not answered by then could not be read.

        """
        asked = {one.key: _asked(one) for one in wanted}
        answers = await self._answers((one for each in asked.values() for one in each.values()), deadline)
        read = {
            key: figures(each, answers, Place(key.namespace, _names(pods.get(key, ())), now))
            for key, each in asked.items()
        }
        self._of_figures.renew(_without_use(asked, answers, read) | complaints.of_answers(answers.items()))
        return read

    async def usage(
        self, wanted: Mapping[WorkloadKey, Sequence[Pod]], *, deadline: float
    ) -> Mapping[WorkloadKey, Usage]:
        """CPU and memory of these pods from `metrics.k8s.io`, or why there is none.

        One list per namespace. An answer that has none of a target's pods is an empty tuple.
        """
        namespaces = (key.namespace for key in wanted)
        answers = await ask_all(self._pod_metrics, namespaces, deadline, too_late=_too_late)
        self._of_usage.renew(complaints.of_answers(answers.items()))
        found = {namespace: _by_pod(answer) for namespace, answer in answers.items()}
        return {key: _samples(found[key.namespace], pods) for key, pods in wanted.items()}

    async def _answers(self, wanted: Iterable[Question], deadline: float) -> Answers:
        """Each server's questions in turns of their own: one that hangs holds up no other."""
        by_server: dict[str, list[Question]] = {}
        for question in wanted:
            by_server.setdefault(question.server, []).append(question)
        parts = await asyncio.gather(
            *(ask_all(self._ask, part, deadline, too_late=_answer_too_late) for part in by_server.values())
        )
        return Answers({question: answer for part in parts for question, answer in part.items()})

    async def _ask(self, question: Question) -> Answer:
        try:
            return await question.ask(self._sources)
        except (MetricsApiError, PrometheusError) as error:
            return error

    async def _pod_metrics(self, namespace: str) -> list[Manifest] | MetricsApiError:
        try:
            return await self._sources.metrics.pod_metrics(namespace)
        except MetricsApiError as error:
            return error


def _asked(wanted: FiguresWanted) -> Asked:
    found = {metric: questions.question(wanted, metric) for metric in wanted.metrics}
    return {metric: question for metric, question in found.items() if question is not None}


def _answer_too_late(question: Question) -> Answer:
    return question.too_late()


def _too_late(namespace: str) -> list[Manifest] | MetricsApiError:
    return metricsrefusals.late(RESOURCE_METRICS, f"the pods of {namespace}")


def _by_pod(answer: list[Manifest] | MetricsApiError) -> Mapping[str, Manifest] | MetricsApiError:
    return answer if isinstance(answer, MetricsApiError) else usages.by_pod(answer)


def _samples(found: Mapping[str, Manifest] | MetricsApiError, pods: Sequence[Pod]) -> Usage:
    return found if isinstance(found, MetricsApiError) else usages.samples(found, _names(pods))


def _names(pods: Sequence[Pod]) -> tuple[str, ...]:
    return tuple(pod.name for pod in pods)


def _without_use(
    asked: Mapping[WorkloadKey, Asked],
    answers: Answers,
    read: Mapping[WorkloadKey, Figures],
) -> dict[Hashable, str]:
    """A sentence for each metric whose answer came and holds no figure of this autoscaler."""
    return {
        (key, metric): f"{key}: {metric}: {failure}"
        for key, found in read.items()
        for metric, failure in found.failures.items()
        if not isinstance(answers[asked[key][metric]], MetricsApiError | PrometheusError)
    }

"""The answers of a tick, each indexed once for all who look into it."""

from __future__ import annotations

from collections.abc import ItemsView, Mapping, Sequence

from rlautoscaler.clients.protocols import Sample, Vector
from rlautoscaler.observing.figures import vectors
from rlautoscaler.observing.figures.questions import Answer, Question


class Answers:
    """Every question with what came of it."""

    def __init__(self, answers: Mapping[Question, Answer]) -> None:
        self._answers = answers
        self._by_pod: dict[Question, Mapping[str, Sequence[Sample]]] = {}

    def __getitem__(self, question: Question) -> Answer:
        return self._answers[question]

    def items(self) -> ItemsView[Question, Answer]:
        """All of them."""
        return self._answers.items()

    def by_pod(self, question: Question, vector: Vector) -> Mapping[str, Sequence[Sample]]:
        """The question's answer, a vector, by pod."""
        if question not in self._by_pod:
            self._by_pod[question] = vectors.by_pod(vector)
        return self._by_pod[question]

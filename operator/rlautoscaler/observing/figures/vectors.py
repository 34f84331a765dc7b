"""Prometheus' samples as the figures of an HPA metric, as an adapter would have handed them over."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from rlagents.policies import hpa
from rlagents.structs.quantities import LARGEST
from rlautoscaler.clients.protocols import Sample, Vector
from rlautoscaler.errors import FigureError


def by_pod(vector: Vector) -> dict[str, list[Sample]]:
    """The series by their label `pod`; those without one belong to nobody."""
    found: dict[str, list[Sample]] = {}
    for sample in vector:
        if pod := sample.labels.get("pod"):
            found.setdefault(pod, []).append(sample)
    return found


def of_pods(
    found: Mapping[str, Sequence[Sample]], namespace: str, pods: Iterable[str], now: float
) -> tuple[hpa.PodFigure, ...]:
    """The figures of these pods. Raises `FigureError` where there is none, or several for a pod.

    Series of other namespaces are another's; one without the label `namespace` is taken at its word. A pod
    whose figure is NaN or infinite has none, which the HPA treats with care: it is missing.

    Args:
        found: the answer by pod.
        namespace: of the pods.
        pods: their names.
        now: seconds since the epoch, at which the query was evaluated.

    """
    figures = []
    for pod in pods:
        own = [one.value for one in found.get(pod, ()) if one.labels.get("namespace", namespace) == namespace]
        if len(own) > 1:
            raise FigureError(f"The query gives {len(own)} series for pod {pod}: aggregate it by (pod).")
        figures += [hpa.PodFigure(pod, milli(value), now) for value in own if math.isfinite(value)]
    if not figures:
        raise FigureError(
            "The query gives no number for any of the target's pods: check it in Prometheus; "
            "its series need the label pod."
        )
    return tuple(figures)


def of_object(vector: Vector) -> int:
    """The one figure. Raises `FigureError` where there are none or several, or it is no number."""
    if len(vector) != 1:
        raise FigureError(f"The query gives {len(vector)} series in place of one: aggregate it.")
    return of_series(vector)[0]


def of_series(vector: Vector) -> tuple[int, ...]:
    """A figure per series. Raises `FigureError` where there is none.

    One that is no number spoils all: the HPA adds them up, and a sum without a part would look like less.
    """
    if not vector:
        raise FigureError("The query finds no series: check it in Prometheus.")
    if not all(math.isfinite(sample.value) for sample in vector):
        raise FigureError("The query gives a series whose value is no number: guard it against 0 / 0.")
    return tuple(milli(sample.value) for sample in vector)


def milli(value: float) -> int:
    """Milli-units, cut towards zero as prometheus-adapter does, and at the limits of 64 bits."""
    scaled = value * 1000.0
    if abs(scaled) >= LARGEST:
        return LARGEST if scaled > 0 else -LARGEST
    return math.trunc(scaled)

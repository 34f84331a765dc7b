"""The metrics APIs' values, as the HPA reads them: quantities in milli-units, rounded up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rlagents.policies import hpa
from rlagents.structs import quantities
from rlagents.structs.errors import InvalidSpecError
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.errors import FigureError
from rlautoscaler.observing.pods import moment

_LONGEST_WINDOW: Final = 10**9
"""Seconds. What is longer is no window."""


def of_pods(items: Sequence[Manifest], pods: Iterable[str]) -> tuple[hpa.PodFigure, ...]:
    """The figures of these pods; the last of two for one pod. Raises `FigureError` where there is none.

    Args:
        items: `MetricValue`s of pods.
        pods: names of the target's pods.

    """
    by_pod = {str(mapping(item.get("describedObject")).get("name")): item for item in items}
    figures = tuple(_of_pod(pod, by_pod[pod]) for pod in pods if pod in by_pod)
    if not figures:
        raise FigureError(
            f"The custom metrics API gave {len(items)} values and none of them of the target's pods; "
            "look whether these report the metric."
        )
    return figures


def of_object(items: Sequence[Manifest]) -> int:
    """The one figure. Raises `FigureError` where there are none or several."""
    if len(items) != 1:
        raise FigureError(
            f"The custom metrics API gave {len(items)} values for one object; correct the metric's selector."
        )
    return milli(items[0])


def of_series(items: Sequence[Manifest]) -> tuple[int, ...]:
    """A figure per series. Raises `FigureError` where there is none."""
    if not items:
        raise FigureError(
            "The external metrics API answered without any figure; "
            "check the metric's selector, and whether its source has data."
        )
    return tuple(milli(item) for item in items)


def _of_pod(pod: str, item: Manifest) -> hpa.PodFigure:
    return hpa.PodFigure(pod, milli(item), moment(item.get("timestamp")) or 0.0, window(item))


def milli(item: Manifest) -> int:
    """`value` of one entry. Raises `FigureError` where it is no quantity."""
    try:
        return quantities.to_milli(item.get("value", ""))
    except InvalidSpecError as error:
        raise FigureError(f"The metrics API gave a value that is no number: {error}") from error


def window(item: Manifest) -> float | None:
    """Seconds; None where none is told. Versions differ in the field's name."""
    seconds = item.get("windowSeconds", item.get("window"))
    return float(seconds) if isinstance(seconds, int) and 0 <= seconds <= _LONGEST_WINDOW else None


def mapping(value: Any) -> Mapping[str, Any]:
    """A part of an answer that should be an object; an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}

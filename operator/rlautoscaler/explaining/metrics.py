"""The baseline's metrics as a table: measured, over what, the ratio, whose samples, the size proposed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rlautoscaler.explaining import figures
from rlautoscaler.resources.explanations import (
    Explanation,
    Measurement,
    MetricExplanation,
    PodsExplanation,
    TargetExplanation,
)

HEADER = ("metric", "measured", "over", "ratio", "pods counted", "proposes")
_GAP = "  "

Row = tuple[str, ...]


def lines(explanation: Explanation) -> list[str]:
    """The table, its columns aligned; a metric that failed is one sentence across them."""
    rows: list[Row] = [HEADER]
    for metric in explanation.metrics:
        rows += _rows(metric, explanation)
    return _aligned(rows)


def short(name: str) -> str:
    """A metric's name without what its figures show anyway."""
    return name.replace(" (percentage of request)", "")


def _rows(metric: MetricExplanation, explanation: Explanation) -> Iterator[Row]:
    if metric.proposal is None:
        cause = (metric.message or "").removeprefix(f"unable to get {metric.name}: ")
        yield (short(metric.name), f"failed, {metric.failure}: {cause}")
    elif metric.first is None:
        yield _of_figure(metric, explanation)
    else:
        yield from _of_pods(metric, metric.first, explanation)


def _of_figure(metric: MetricExplanation, explanation: Explanation) -> Row:
    shared = metric.sharers is not None
    wanted = f"({metric.sharers} x {_target(metric)})" if shared else _target(metric)
    return (
        short(metric.name),
        figures.amount(metric.value),
        f"{metric.sharers} replicas" if shared else "",
        f"{figures.ratio(metric.ratio)} ({figures.amount(metric.value)} / {wanted})",
        "" if metric.multiplier is None else f"{metric.multiplier} running and ready",
        _proposes(metric, metric.ratio, explanation),
    )


def _of_pods(metric: MetricExplanation, first: Measurement, explanation: Explanation) -> Iterator[Row]:
    second = metric.second
    pods = _pods(metric.pods or PodsExplanation())
    told = "" if second is not None else _proposes(metric, first.ratio, explanation)
    yield (short(metric.name), *_measured(metric, first), pods, told)
    if second is not None:
        samples = f"{second.samples} in all"
        last = _proposes(metric, second.ratio, explanation)
        yield (f"  second pass: {_assumed(metric)}", *_measured(metric, second), samples, last)


def _measured(metric: MetricExplanation, measured: Measurement) -> tuple[str, str, str]:
    unit = metric.resource
    if measured.requested is None:
        over = f"{measured.samples} pods"
    else:
        over = f"{figures.amount(measured.requested, unit)} requested"
    average = figures.amount(measured.averageValue, unit)
    percent = measured.utilization
    told = average if percent is None else f"{percent} %"
    ratio = f"{figures.ratio(measured.ratio)} ({told} / {_target(metric)})"
    return figures.amount(measured.used, unit), over, ratio


def _target(metric: MetricExplanation) -> str:
    target = metric.target or TargetExplanation()
    # An average value wins over a utilisation or a value, as in the HPA.
    if target.averageValue is not None:
        return figures.amount(target.averageValue, metric.resource)
    return f"{target.utilization} %" if target.value is None else figures.amount(target.value)


def _pods(pods: PodsExplanation) -> str:
    counted = {"unready": pods.unready, "missing": pods.missing, "ending": pods.ignored}
    return ", ".join(
        [f"{pods.ready} ready", *(f"{count} {name}" for name, count in counted.items() if count)]
    )


def _assumed(metric: MetricExplanation) -> str:
    """What the second pass takes for granted of pods without a usable sample."""
    pods, ratio = metric.pods or PodsExplanation(), metric.ratio or 0.0
    grows = ratio > 1
    assumed = []
    if pods.missing and ratio != 1:
        assumed.append(f"{pods.missing} missing {'at 0' if grows else 'as on target'}")
    if pods.unready and grows:
        assumed.append(f"{pods.unready} unready at 0")
    return ", ".join(assumed) or "nothing added"


def _proposes(metric: MetricExplanation, ratio: float | None, explanation: Explanation) -> str:
    return f"{metric.proposal} ({_rule(metric, ratio, explanation)})"


def _rule(metric: MetricExplanation, ratio: float | None, explanation: Explanation) -> str:
    tolerance = explanation.tolerance
    match metric.rule:
        case "Multiplied" if metric.multiplier is None:
            return f"{figures.ratio(ratio)} rounded up"
        case "Multiplied":
            return f"{figures.ratio(ratio)} x {metric.multiplier} rounded up"
        case "Divided":
            return f"{figures.amount(metric.value)} / {_target(metric)} rounded up"
        case "WithinTolerance" if tolerance is not None:
            return f"stays: within {1 - tolerance.down:.4g} to {1 + tolerance.up:.4g}"
        case "Turned":
            return "stays: the second pass points the other way"
        case "AgainstDirection":
            return f"stays: {figures.ratio(ratio)} x {metric.multiplier} is against the direction"
        case _:
            return str(metric.rule)


def _aligned(rows: Sequence[Row]) -> list[str]:
    """Sentences, which are the last of shorter rows, widen no column."""
    whole = [row for row in rows if len(row) == len(HEADER)]
    widths = [max(len(row[place]) for row in whole) for place in range(len(HEADER))]
    widths[0] = max(len(row[0]) for row in rows)
    return [_GAP.join(map(str.ljust, row, widths)).rstrip() for row in rows]

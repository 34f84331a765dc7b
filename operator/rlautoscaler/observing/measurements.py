"""One autoscaler's signals and pod samples, out of the tick's answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlagents.structs.pods import Pod, PodSample
from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import MetricsSnapshot, Signal, SignalName
from rlautoscaler.observing import readings, samples, signals
from rlautoscaler.observing.fleets import Fleet, fleet
from rlautoscaler.observing.plans import Plan, Timing
from rlautoscaler.observing.readings import RequestReadings, UsageReadings
from rlautoscaler.observing.requests import QUANTILES, RequestQueries
from rlautoscaler.observing.signals import Moment
from rlautoscaler.observing.tables import Tables
from rlautoscaler.observing.usages import BY_CONTAINER, BY_POD, UsageQueries

PodSamples = tuple[PodSample, ...]

_OF_REQUESTS = (
    SignalName.THROUGHPUT,
    SignalName.THROUGHPUT_SMOOTH,
    SignalName.LATENCY_P50,
    SignalName.LATENCY_P99,
    SignalName.ERROR_RATE,
)
_OF_USAGE = (
    SignalName.CPU,
    SignalName.MEMORY,
    SignalName.NETWORK_IO,
    SignalName.DISK_IO,
    SignalName.THROTTLED,
)
_REFUSED = Signal.unknown(UnknownReason.QUERY_FAILED)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one autoscaler's target."""

    snapshot: MetricsSnapshot
    samples: PodSamples | None
    """Usage per pod; None where none could be read at all."""


def measured(
    plan: Plan, pods: Sequence[Pod], tables: Tables, now: float, *, selected: Sequence[Pod] | None = None
) -> Measured:
    """The signals of one autoscaler, by the rules of `signals`.

    Args:
        plan: what was asked for it.
        pods: behind its target.
        tables: the answers of the tick.
        now: seconds since the epoch.
        selected: the pods that the baseline counts, where they differ from `pods`.

    """
    usage_fleet = _fleet(plan, plan.usage_timing, pods, now)
    found = _requests(plan, _fleet(plan, plan.request_timing, pods, now), tables)
    found |= _usage(plan, usage_fleet, tables)
    found |= _own(plan, found, tables, Moment(now, plan.request_timing.stale_after))
    counted = usage_fleet if selected is None else _fleet(plan, plan.usage_timing, selected, now)
    return Measured(MetricsSnapshot(found), _samples(plan, counted, tables))


def _fleet(plan: Plan, timing: Timing, pods: Sequence[Pod], now: float) -> Fleet:
    moment = Moment(now, timing.stale_after)
    return fleet(plan.wanted.key.namespace, pods, moment, timing.interval)


def _requests(plan: Plan, of: Fleet, tables: Tables) -> dict[SignalName, Signal]:
    queries = plan.requests
    if queries is None:
        return {}
    if not isinstance(queries, RequestQueries):
        return dict.fromkeys(_OF_REQUESTS, _REFUSED)
    where = readings.place(tables, queries.preset, plan.wanted, of)
    return _judged_requests(readings.of_requests(where, queries, plan.request_timing.interval), of)


def _judged_requests(read: RequestReadings, of: Fleet) -> dict[SignalName, Signal]:
    found = {
        name: signals.judged(name, reading, of.moment)
        for name, reading in read.signals.items()
        if name not in QUANTILES
    }
    smooth = found[SignalName.THROUGHPUT_SMOOTH]
    traffic = signals.fresh_traffic(smooth, found[SignalName.THROUGHPUT])
    for name in QUANTILES:
        found[name] = signals.of_traffic(name, read.signals[name], traffic, of.moment)
    if read.failures is not None:
        found[SignalName.ERROR_RATE] = signals.ratio(SignalName.ERROR_RATE, read.failures, smooth, of.moment)
    return found


def _usage(plan: Plan, of: Fleet, tables: Tables) -> dict[SignalName, Signal]:
    queries = plan.usage
    if not isinstance(queries, UsageQueries):
        return dict.fromkeys(_OF_USAGE, _REFUSED)
    read = readings.of_usage(tables, queries, of, plan.usage_timing.interval)
    found = {name: signals.judged(name, reading, of.moment) for name, reading in read.signals.items()}
    return found | {SignalName.THROTTLED: _throttled(read, of)}


def _throttled(read: UsageReadings, of: Fleet) -> Signal:
    """Pods without a CPU limit have no CFS periods and cannot be throttled, which is no unknown."""
    if of.pods and not readings.can_be_throttled(of):
        return Signal.not_applicable(taken_at=of.moment.now, window=read.periods.window)
    # Ten periods a second for each container: the bound for requests fits.
    periods = signals.judged(SignalName.THROUGHPUT_SMOOTH, read.periods, of.moment)
    if periods.is_unknown:
        return periods
    return signals.ratio(SignalName.THROTTLED, read.throttled, periods, of.moment)


def _own(
    plan: Plan, preset: Mapping[SignalName, Signal], tables: Tables, moment: Moment
) -> dict[SignalName, Signal]:
    """The signals for which the user has queries; a throughput of theirs says what latencies mean."""
    read = {
        name: readings.own(tables, query, now=moment.now, window=plan.request_timing.window)
        for name, query in plan.wanted.queries.items()
    }
    found = {name: signals.judged(name, reading, moment) for name, reading in read.items()}
    every = {**preset, **found}
    candidates = (SignalName.THROUGHPUT_SMOOTH, SignalName.THROUGHPUT)
    traffic = signals.fresh_traffic(*(every[name] for name in candidates if name in every))
    for name in (*QUANTILES, SignalName.ERROR_RATE):
        if name in read:
            found[name] = signals.of_traffic(name, read[name], traffic, moment)
    return found


def _samples(plan: Plan, of: Fleet, tables: Tables) -> PodSamples | None:
    queries, timing = plan.usage, plan.usage_timing
    if not isinstance(queries, UsageQueries):
        return None
    cpu, cpu_age, memory, memory_age = (
        tables.table(text, BY_POD, BY_CONTAINER[-1])
        for text in (queries.cpu, queries.cpu_age, queries.memory, queries.memory_age)
    )
    window = min(timing.interval or timing.window, timing.window)
    return samples.of_fleet(of, (cpu, cpu_age), (memory, memory_age), window=window)

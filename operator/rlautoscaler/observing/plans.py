"""Which queries a tick sends for all autoscalers together, and which of them each autoscaler looks into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

from rlautoscaler.errors import QueryError
from rlautoscaler.observing import cadences, presets, promql, requests, usages
from rlautoscaler.observing.cadences import Cadences
from rlautoscaler.observing.requests import RequestQueries
from rlautoscaler.observing.usages import UsageQueries
from rlautoscaler.observing.wishes import Wanted

CADVISOR = "cadvisor"


@dataclass(frozen=True, slots=True)
class Source:
    """Series that are scraped alike."""

    name: str
    """A preset, or `CADVISOR`."""
    labels: tuple[tuple[str, str], ...]


Namespaces = Mapping[Source, set[str]]


@dataclass(frozen=True, slots=True)
class Timing:
    """How one autoscaler reads one source; seconds."""

    interval: float | None
    """Between scrapes; None while unknown."""
    window: float
    stale_after: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for one autoscaler. An error in place of queries: its labels cannot be asked for."""

    wanted: Wanted
    requests: RequestQueries | QueryError | None
    """None: the preset has no request metrics."""
    usage: UsageQueries | QueryError
    request_timing: Timing
    usage_timing: Timing

    def texts(self) -> list[str]:
        """Its queries, the most wanted first."""
        texts = self.requests.texts() if isinstance(self.requests, RequestQueries) else []
        texts += self.usage.texts() if isinstance(self.usage, UsageQueries) else []
        for query in self.wanted.queries.values():
            texts.append(query.query)
            if query.timestamp_query is not None:
                texts.append(promql.age(query.timestamp_query))
        return texts


def plans(wanted: Sequence[Wanted], found: Cadences) -> list[Plan]:
    """A plan for each autoscaler; those with the same preset, labels and window share their queries."""
    namespaces = namespaces_by_source(wanted)
    of_requests = cache(partial(_request_queries, namespaces))
    of_usage = cache(partial(_usage_queries, namespaces))
    result = []
    for one in wanted:
        asked, used = _sources(one)
        request_timing, usage_timing = _timing(one, found.of(asked)), _timing(one, found.of(used))
        result.append(
            Plan(
                one,
                of_requests(asked, request_timing.window),
                of_usage(used, usage_timing.window),
                request_timing,
                usage_timing,
            )
        )
    return result


def cadence_queries(wanted: Sequence[Wanted], found: Cadences, now: float) -> dict[Source, str]:
    """Queries for the scrape intervals that have to be looked for (again)."""
    result = {}
    for source, namespaces in namespaces_by_source(wanted).items():
        selectors = _selectors(source, namespaces) if found.is_due(source, now) else []
        if selectors:
            result[source] = cadences.query(selectors)
    return result


def namespaces_by_source(wanted: Sequence[Wanted]) -> dict[Source, set[str]]:
    """The namespaces in which each source is read."""
    namespaces: dict[Source, set[str]] = {}
    for one in wanted:
        for source in _sources(one):
            namespaces.setdefault(source, set()).add(one.key.namespace)
    return namespaces


def _sources(wanted: Wanted) -> tuple[Source, Source]:
    """Of the request metrics and of the usage."""
    preset = presets.BY_NAME.get(wanted.preset)
    usage_labels = usages.applicable(preset, wanted.labels)
    return (
        Source(wanted.preset, tuple(sorted(wanted.labels.items()))),
        Source(CADVISOR, tuple(sorted(usage_labels.items()))),
    )


def _timing(wanted: Wanted, interval: float | None) -> Timing:
    window, stale_after = wanted.window, wanted.stale_after
    return Timing(
        interval,
        cadences.window(interval) if window is None else window,
        cadences.stale_after(interval) if stale_after is None else stale_after,
    )


def _request_queries(
    namespaces: Namespaces, source: Source, window: float
) -> RequestQueries | QueryError | None:
    if source.name == presets.NONE:
        return None
    preset = presets.BY_NAME.get(source.name)
    if preset is None:
        return QueryError(f"There is no preset {source.name!r}; choose one of {', '.join(presets.BY_NAME)}.")
    try:
        return requests.queries(preset, dict(source.labels), namespaces[source], window)
    except QueryError as error:
        return error


def _usage_queries(namespaces: Namespaces, source: Source, window: float) -> UsageQueries | QueryError:
    try:
        return usages.queries(dict(source.labels), namespaces[source], window)
    except QueryError as error:
        return error


def _selectors(source: Source, namespaces: set[str]) -> list[str]:
    """Of raw series; none where the source has none or its labels are wrong, which its plan tells."""
    labels = dict(source.labels)
    preset = presets.BY_NAME.get(source.name)
    try:
        if source.name == CADVISOR:
            return [usages.cadence(labels, namespaces)]
        return requests.cadence(preset, labels, namespaces) if preset else []
    except QueryError:
        return []

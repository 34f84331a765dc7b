"""How often series are scraped, found from the series themselves.

No metric says it, and the API that does exists in Prometheus alone. Counted are the samples of the last
five minutes, of series that existed before them: a younger one would look slow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from rlautoscaler.clients.protocols import Vector
from rlautoscaler.errors import PrometheusError

RANGE_SECONDS = 300
LOOK_AGAIN_SECONDS = 600.0
RETRY_SECONDS = 60.0
"""After a look that found no series old enough."""

USUAL = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""Intervals that people choose; a count is off by one sample, so the nearest of these is truer."""

SHORTEST_WINDOW = 60.0
SHORTEST_STALENESS = 60.0


def query(selectors: Sequence[str]) -> str:
    """The most samples that any series had."""
    counts = [
        f"(count_over_time({series}[{RANGE_SECONDS}s]) and {series} offset {RANGE_SECONDS}s)"
        for series in selectors
    ]
    return f"max({' or '.join(counts)})"


def interval(samples: float) -> float | None:
    """Seconds between scrapes, from the answer; None where it says nothing."""
    if not math.isfinite(samples) or samples < 1:
        return None
    measured = RANGE_SECONDS / samples
    return min(USUAL, key=lambda usual: abs(math.log(usual / measured)))


def window(interval: float | None) -> float:
    """`spec.metrics.window: auto`: `rate` needs two samples, and one scrape may be missed."""
    return SHORTEST_WINDOW if interval is None else max(SHORTEST_WINDOW, 4 * interval)


def stale_after(interval: float | None) -> float:
    """`spec.metrics.staleAfter: auto`."""
    return SHORTEST_STALENESS if interval is None else max(SHORTEST_STALENESS, 3 * interval)


@dataclass(slots=True)
class Cadences:
    """What was found, and when to look again."""

    _found: dict[object, tuple[float | None, float]] = field(default_factory=dict)

    def of(self, source: object) -> float | None:
        """Seconds between scrapes of a source; None while unknown."""
        return self._found.get(source, (None, 0.0))[0]

    def is_due(self, source: object, now: float) -> bool:
        """Whether to look (again)."""
        if source not in self._found:
            return True
        found, looked_at = self._found[source]
        return now - looked_at >= (RETRY_SECONDS if found is None else LOOK_AGAIN_SECONDS)

    def learn(self, source: object, answer: Vector | PrometheusError, now: float) -> None:
        """Take an answer in. A failed look or one without series keeps what was known."""
        samples = answer[0].value if isinstance(answer, Vector) and answer else math.nan
        self._found[source] = (interval(samples) or self.of(source), now)

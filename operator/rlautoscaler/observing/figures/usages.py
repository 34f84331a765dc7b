"""`PodMetrics` of `metrics.k8s.io` as the samples of an HPA's resource metrics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rlagents.structs import quantities
from rlagents.structs.errors import InvalidSpecError
from rlagents.structs.pods import PodSample
from rlautoscaler.clients.protocols import Manifest
from rlautoscaler.observing.figures.values import mapping
from rlautoscaler.observing.pods import moment

_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"([0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(h|ms|m|us|µs|μs|ns|s)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+|0")
_ZERO_TIME: Final = "0001-01-01T00:00:00Z"


def by_pod(items: Iterable[Manifest]) -> dict[str, Manifest]:
    """The `PodMetrics` of a namespace by the names of the pods."""
    return {str(mapping(item.get("metadata")).get("name")): item for item in items}


def samples(found: Mapping[str, Manifest], pods: Iterable[str]) -> tuple[PodSample, ...]:
    """A sample of each of these pods that has one.

    Args:
        found: `PodMetrics` of their namespace, by pod.
        pods: names of the target's pods.

    """
    parsed = (_sample(pod, found[pod]) for pod in pods if pod in found)
    return tuple(one for one in parsed if one is not None)


def _sample(pod: str, item: Manifest) -> PodSample | None:
    """None where time or window cannot be read. What is not set is Go's zero, as for the HPA."""
    taken_at = moment(item.get("timestamp") or _ZERO_TIME)
    window = seconds(item.get("window") or "0")
    if taken_at is None or window is None:
        return None
    containers = item.get("containers")
    rows = [mapping(one) for one in containers] if isinstance(containers, list) else []
    usage = {str(row.get("name", "")): _usage(row.get("usage")) for row in rows}
    return PodSample(pod, usage, taken_at, window)


def seconds(text: Any) -> float | None:
    """Seconds of a Go duration (`1m0.5s`); None for anything else."""
    if not isinstance(text, str) or _DURATION.fullmatch(text) is None:
        return None
    return sum(float(amount) * _UNITS[unit] for amount, unit in _PART.findall(text))


def _usage(resources: Any) -> dict[str, int]:
    """Milli-units, rounded up. What is no quantity counts as not reported."""
    usage = {}
    for name, text in mapping(resources).items():
        try:
            usage[name] = quantities.to_milli(text)
        except InvalidSpecError:
            continue
    return usage

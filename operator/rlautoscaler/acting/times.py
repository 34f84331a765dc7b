"""Kubernetes' two ways to write a time, from and to seconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime

from rlautoscaler.resources import timestamps


def second(at: float) -> str:
    """As `metav1.Time` is written: UTC, whole seconds (rounded down)."""
    return timestamps.written(float(int(at)))


def micro(at: float) -> str:
    """As `metav1.MicroTime` is written: UTC, always six decimals (a Lease without them is refused)."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse(text: object) -> float | None:
    """Seconds since the epoch; None for what is not a time, as somebody's hand may have left it."""
    try:
        return timestamps.seconds(text) if isinstance(text, str) else None
    except ValueError:
        return None

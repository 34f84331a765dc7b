"""When a tick counts as a miss, as a hit, and as nothing."""

from __future__ import annotations

import pytest

from rlagents.safety import violations
from rlagents.structs.objectives import Objective
from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import Signal, SignalName

NOW = 1_700_000_000.0
SLOW = {SignalName.LATENCY_P99: Signal.known(0.3, taken_at=NOW)}
FEW = {SignalName.THROUGHPUT_SMOOTH: Signal.known(0.3, taken_at=NOW, window=60.0)}
UNREAD = {SignalName.THROUGHPUT_SMOOTH: Signal.unknown(UnknownReason.STALE)}


@pytest.mark.parametrize(
    ("sentence", "signals", "objective", "expected"),
    [
        ("all within the objective", {}, None, False),
        ("p99 above its target", SLOW, None, True),
        ("errors above their share", {SignalName.ERROR_RATE: Signal.known(0.02, taken_at=NOW)}, None, True),
        ("eighteen requests in the window say nothing", SLOW | FEW, None, None),
        ("an unread rate says nothing", SLOW | UNREAD, None, None),
        ("half the CPU is within nine tenths", UNREAD, Objective(cpu_saturation=0.9), False),
        (
            "half the CPU is above two fifths, without any request",
            UNREAD,
            Objective(cpu_saturation=0.4),
            True,
        ),
        (
            "throttling above its share",
            {SignalName.THROTTLED: Signal.known(0.5, taken_at=NOW)},
            Objective(throttled_saturation=0.25),
            True,
        ),
        (
            "an objective that nothing measures",
            {SignalName.LATENCY_P99: Signal.not_applicable()},
            Objective(latency_target=0.25),
            None,
        ),
    ],
)
def test_missed(make_state, sentence, signals, objective, expected):
    """Misses need enough requests to mean something, and saturation needs none."""
    fields = {} if objective is None else {"objective": objective}
    assert violations.missed(make_state(signals=signals, **fields)) is expected, sentence

"""The rules of "unknown is not zero", one by one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import Signal, SignalName, SignalState
from rlautoscaler.observing.signals import (
    LARGEST,
    Moment,
    Reading,
    fresh_traffic,
    judged,
    of_traffic,
    ratio,
)

NOW = 1000.0
MOMENT = Moment(NOW, stale_after=60.0)
BUSY = Signal.known(90.0, taken_at=NOW - 5)
IDLE = Signal.known(0.0, taken_at=NOW - 5)
NO_TRAFFIC_KNOWN = Signal.unknown(UnknownReason.NO_SERIES)


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        pytest.param(Reading(3.0, taken_at=990.0, window=60.0), None, id="a fresh value is known"),
        pytest.param(Reading(0.0, taken_at=990.0), None, id="zero is a value"),
        pytest.param(Reading(3.0, taken_at=940.0), None, id="just as old as allowed"),
        pytest.param(Reading(3.0, taken_at=939.0), UnknownReason.STALE, id="older than allowed"),
        pytest.param(Reading(3.0, taken_at=1005.0), None, id="from a clock that is ahead"),
        pytest.param(Reading(3.0), None, id="of unknown age"),
        pytest.param(Reading(), UnknownReason.NO_SERIES, id="no series"),
        pytest.param(Reading(missing=UnknownReason.DEADLINE), UnknownReason.DEADLINE, id="not in time"),
        pytest.param(Reading(math.nan, taken_at=990.0), UnknownReason.NOT_A_NUMBER, id="not a number"),
        pytest.param(Reading(math.inf, taken_at=990.0), UnknownReason.NOT_A_NUMBER, id="infinite"),
        pytest.param(Reading(-0.1, taken_at=990.0), UnknownReason.ABSURD, id="a negative rate"),
        pytest.param(Reading(1e15, taken_at=990.0), UnknownReason.ABSURD, id="more than can be"),
    ],
)
def test_a_reading_is_a_value_or_has_a_reason(reading: Reading, expected: UnknownReason | None) -> None:
    """Only a finite, possible and fresh value is known; whatever else says why it is not."""
    signal = judged(SignalName.THROUGHPUT, reading, MOMENT)
    assert signal.reason is expected
    assert signal.is_known is (expected is None)
    assert signal.value == (reading.value if expected is None else None)
    assert signal.window == reading.window


def test_a_value_of_unknown_age_may_not_argue_for_shrinking() -> None:
    """Nobody can tell whether it is fresh."""
    assert not judged(SignalName.CPU, Reading(1.0), MOMENT).may_argue_for_shrinking()
    assert judged(SignalName.CPU, Reading(1.0, taken_at=NOW), MOMENT).may_argue_for_shrinking()


@pytest.mark.parametrize("name", list(SignalName))
def test_every_signal_has_a_largest_value(name: SignalName) -> None:
    """The bound itself is possible, what is beyond it is not."""
    assert judged(name, Reading(LARGEST[name], taken_at=NOW), MOMENT).is_known
    beyond = judged(name, Reading(LARGEST[name] * 1.001, taken_at=NOW), MOMENT)
    assert beyond.reason is UnknownReason.ABSURD


@given(
    value=st.none() | st.floats(),
    taken_at=st.none() | st.floats(allow_nan=False),
    name=st.sampled_from(list(SignalName)),
)
def test_a_known_signal_is_always_a_possible_number(
    value: float | None, taken_at: float | None, name: SignalName
) -> None:
    """Whatever was read, a known value is finite and within the signal's bounds."""
    signal = judged(name, Reading(value, taken_at=taken_at), MOMENT)
    assert signal.is_unknown or 0 <= (signal.value or 0.0) <= LARGEST[name]


@pytest.mark.parametrize(
    ("reading", "traffic", "state", "reason"),
    [
        pytest.param(
            Reading(0.2, taken_at=995.0),
            BUSY,
            SignalState.KNOWN,
            None,
            id="requests, so latency is a latency",
        ),
        pytest.param(
            Reading(math.nan, taken_at=995.0),
            IDLE,
            SignalState.NOT_APPLICABLE,
            None,
            id="no requests: a quantile of nothing has no meaning",
        ),
        pytest.param(
            Reading(),
            IDLE,
            SignalState.NOT_APPLICABLE,
            None,
            id="no requests and no series: no meaning either",
        ),
        pytest.param(
            Reading(missing=UnknownReason.UNREACHABLE),
            IDLE,
            SignalState.NOT_APPLICABLE,
            None,
            id="no requests: nothing was missed",
        ),
        pytest.param(
            Reading(0.2, taken_at=995.0),
            IDLE,
            SignalState.NOT_APPLICABLE,
            None,
            id="no requests, whatever the latency says",
        ),
        pytest.param(
            Reading(math.nan, taken_at=995.0),
            BUSY,
            SignalState.UNKNOWN,
            UnknownReason.NOT_A_NUMBER,
            id="requests without a latency: unknown",
        ),
        pytest.param(
            Reading(), BUSY, SignalState.UNKNOWN, UnknownReason.NO_SERIES, id="requests without its series"
        ),
        pytest.param(
            Reading(math.nan, taken_at=995.0),
            NO_TRAFFIC_KNOWN,
            SignalState.UNKNOWN,
            UnknownReason.NOT_A_NUMBER,
            id="nobody knows whether there were requests: unknown",
        ),
        pytest.param(
            Reading(0.2, taken_at=995.0),
            NO_TRAFFIC_KNOWN,
            SignalState.KNOWN,
            None,
            id="a latency needs no throughput beside it",
        ),
    ],
)
def test_a_latency_has_a_meaning_only_with_requests(
    reading: Reading, traffic: Signal, state: SignalState, reason: UnknownReason | None
) -> None:
    """Zero traffic makes a latency not applicable; anything less certain leaves it as it was read."""
    signal = of_traffic(SignalName.LATENCY_P99, reading, traffic, MOMENT)
    assert (signal.state, signal.reason) == (state, reason)


@pytest.mark.parametrize(
    ("candidates", "value"),
    [
        pytest.param([BUSY, IDLE], 90.0, id="the first that is known"),
        pytest.param([NO_TRAFFIC_KNOWN, IDLE], 0.0, id="the second where the first is unknown"),
        pytest.param([Signal.known(0.0, taken_at=None)], None, id="not one of unknown age"),
        pytest.param([NO_TRAFFIC_KNOWN], None, id="none where none is known"),
        pytest.param([], None, id="none where none is configured"),
    ],
)
def test_only_a_throughput_of_known_age_says_whether_there_is_traffic(
    candidates: list[Signal], value: float | None
) -> None:
    """A zero that may be an hour old is not a zero now."""
    assert fresh_traffic(*candidates).value == value


STALE_TRAFFIC = Signal.unknown(UnknownReason.STALE, taken_at=NOW - 300)


@pytest.mark.parametrize(
    ("numerator", "denominator", "value", "state", "reason"),
    [
        pytest.param(Reading(9.0), BUSY, 0.1, SignalState.KNOWN, None, id="a share"),
        pytest.param(Reading(0.0), BUSY, 0.0, SignalState.KNOWN, None, id="a measured zero"),
        pytest.param(
            Reading(),
            BUSY,
            0.0,
            SignalState.KNOWN,
            None,
            id="no series beside fresh requests: a measured zero",
        ),
        pytest.param(Reading(), IDLE, None, SignalState.NOT_APPLICABLE, None, id="zero of nothing"),
        pytest.param(Reading(0.0), IDLE, None, SignalState.NOT_APPLICABLE, None, id="no failures of nothing"),
        pytest.param(
            Reading(),
            NO_TRAFFIC_KNOWN,
            None,
            SignalState.UNKNOWN,
            UnknownReason.NO_DENOMINATOR,
            id="no series at all",
        ),
        pytest.param(
            Reading(9.0),
            STALE_TRAFFIC,
            None,
            SignalState.UNKNOWN,
            UnknownReason.NO_DENOMINATOR,
            id="stale requests",
        ),
        pytest.param(
            Reading(9.0),
            Signal.known(90.0, taken_at=None),
            None,
            SignalState.UNKNOWN,
            UnknownReason.NO_DENOMINATOR,
            id="requests of unknown age",
        ),
        pytest.param(
            Reading(missing=UnknownReason.DEADLINE),
            BUSY,
            None,
            SignalState.UNKNOWN,
            UnknownReason.DEADLINE,
            id="failures not read in time are no zero",
        ),
        pytest.param(
            Reading(missing=UnknownReason.QUERY_FAILED),
            BUSY,
            None,
            SignalState.UNKNOWN,
            UnknownReason.QUERY_FAILED,
            id="a refused query is no zero",
        ),
        pytest.param(
            Reading(missing=UnknownReason.STALE),
            BUSY,
            None,
            SignalState.UNKNOWN,
            UnknownReason.STALE,
            id="failures that ended are no zero",
        ),
        pytest.param(
            Reading(math.nan),
            BUSY,
            None,
            SignalState.UNKNOWN,
            UnknownReason.NOT_A_NUMBER,
            id="failures that are no number",
        ),
        pytest.param(
            Reading(-1.0), BUSY, None, SignalState.UNKNOWN, UnknownReason.ABSURD, id="negative failures"
        ),
        pytest.param(Reading(92.0), BUSY, 1.0, SignalState.KNOWN, None, id="all failed, read a moment later"),
        pytest.param(
            Reading(180.0),
            BUSY,
            None,
            SignalState.UNKNOWN,
            UnknownReason.ABSURD,
            id="more failed than were asked",
        ),
        pytest.param(
            Reading(1e300),
            Signal.known(1e-320, taken_at=NOW),
            None,
            SignalState.UNKNOWN,
            UnknownReason.NOT_A_NUMBER,
            id="a quotient beyond all numbers",
        ),
    ],
)
def test_a_ratio_needs_a_fresh_denominator(
    numerator: Reading,
    denominator: Signal,
    value: float | None,
    state: SignalState,
    reason: UnknownReason | None,
) -> None:
    """Missing numerator, missing denominator and zero are three different things."""
    signal = ratio(SignalName.ERROR_RATE, numerator, denominator, MOMENT)
    assert (signal.state, signal.reason) == (state, reason)
    assert signal.value == (None if value is None else pytest.approx(value))


def test_a_ratio_is_as_old_as_its_denominator() -> None:
    """The numerator has no age of its own."""
    assert ratio(SignalName.ERROR_RATE, Reading(1.0), BUSY, MOMENT).taken_at == BUSY.taken_at


@given(numerator=st.none() | st.floats(), denominator=st.floats(min_value=0, max_value=1e9))
def test_a_ratio_is_a_share_or_none(numerator: float | None, denominator: float) -> None:
    """Whatever is divided, a known ratio lies between 0 and 1."""
    traffic = Signal.known(denominator, taken_at=NOW)
    signal = ratio(SignalName.ERROR_RATE, Reading(numerator), traffic, MOMENT)
    assert signal.value is None or 0 <= signal.value <= 1

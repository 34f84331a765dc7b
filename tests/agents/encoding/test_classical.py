"""The 16 classical features."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from rlagents.encoding import classical
from rlagents.structs.objectives import Objective
from rlagents.structs.reasons import UnknownReason
from rlagents.structs.signals import Signal, SignalName
from rlagents.structs.states import Observation, WorkloadState

MakeState = Callable[..., WorkloadState]
MEBIBYTE = 2.0**20


def known(value: float) -> Signal:
    return Signal.known(value, taken_at=0.0)


def feature(state: WorkloadState, name: str) -> float:
    """One feature of one state; NaN where unknown."""
    encoded = classical.encode_states([state])
    column = classical.SCHEMA.index(name)
    assert encoded.known[0, column] == ~np.isnan(encoded.features[0, column])
    return float(encoded.features[0, column])


@pytest.mark.parametrize(
    ("name", "signals", "value"),
    [
        ("cpu", {SignalName.CPU: known(3.0)}, 0.75),
        ("cpu", {SignalName.CPU: known(40.0)}, 1.0),
        ("memory", {SignalName.MEMORY: known(4 * 128 * MEBIBYTE)}, 0.25),
        ("network", {SignalName.NETWORK_IO: known(16 * MEBIBYTE)}, 0.25),
        ("disk", {SignalName.DISK_IO: known(1e12)}, 1.0),
        ("latency_p50", {SignalName.LATENCY_P50: known(0.05)}, 0.1),
        ("latency_p99", {SignalName.LATENCY_P99: known(0.25)}, 0.5),
        ("latency_p99", {SignalName.LATENCY_P99: known(5.0)}, 1.0),
        ("error_rate", {SignalName.ERROR_RATE: known(0.01)}, 0.1),
        ("throughput", {SignalName.THROUGHPUT: known(250.0)}, 0.25),
        ("pending_requests", {SignalName.QUEUE_DEPTH: known(50.0)}, 0.25),
        ("replicas", {}, 0.2),
    ],
)
def test_measurements_are_scaled_by_their_declared_ranges(
    name: str, signals: dict[SignalName, Signal], value: float, make_state: MakeState
) -> None:
    """(raw - low) / (high - low), clipped to [0, 1]; CPU and memory by limits, latency by its target."""
    assert feature(make_state(signals=signals), name) == pytest.approx(value, rel=1e-6)


def test_there_are_sixteen_features_in_a_fixed_order(make_state: MakeState) -> None:
    """A model depends on the order, so changing it needs another version."""
    assert classical.SCHEMA.key == "classical/1"
    assert ",".join(classical.SCHEMA.names) == (
        "cpu,memory,network,disk,latency_p50,latency_p99,error_rate,throughput,replicas,pending_requests,"
        "hour_sin,hour_cos,weekday_sin,weekday_cos,cpu_trend,latency_trend"
    )
    encoded = classical.encode_states([make_state(), make_state()])
    assert encoded.features.shape == (2, 16)
    assert encoded.features.dtype == np.float32


def test_no_states_are_an_empty_batch() -> None:
    """Nothing due is no special case."""
    assert classical.encode_states([]).features.shape == (0, 16)


def test_without_a_target_latency_has_an_absolute_scale(make_state: MakeState) -> None:
    """Half a second is the middle of the range where the user named no target."""
    state = make_state(signals={SignalName.LATENCY_P99: known(0.5)}, objective=Objective(error_rate=0.01))
    assert feature(state, "latency_p99") == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["latency_p50", "latency_p99", "error_rate"])
def test_not_applicable_is_zero_and_known(name: str, make_state: MakeState) -> None:
    """A service without traffic has no latency and no errors, which is knowledge."""
    names = (SignalName.LATENCY_P50, SignalName.LATENCY_P99, SignalName.ERROR_RATE)
    idle = dict.fromkeys(names, Signal.not_applicable(taken_at=0.0))
    assert feature(make_state(signals=idle | {SignalName.THROUGHPUT: known(0.0)}), name) == 0.0


@pytest.mark.parametrize(
    ("name", "signal"),
    [
        ("cpu", SignalName.CPU),
        ("latency_p99", SignalName.LATENCY_P99),
        ("throughput", SignalName.THROUGHPUT),
        ("disk", SignalName.DISK_IO),
    ],
)
def test_unknown_is_not_zero(name: str, signal: SignalName, make_state: MakeState) -> None:
    """A signal that could not be read is unknown, never a number."""
    state = make_state(signals={signal: Signal.unknown(UnknownReason.STALE)})
    assert math.isnan(feature(state, name))


@pytest.mark.parametrize(
    "change", [{"pods": ()}, {"replicas": 0}], ids=["no pod is ready", "scaled to nothing"]
)
def test_no_pod_to_share_the_cpu_makes_utilisation_unknown(
    change: dict[str, object], make_state: MakeState
) -> None:
    """There is no such thing as the utilisation of no pods, and no division by zero."""
    assert math.isnan(feature(make_state(**change), "cpu"))


def test_unknown_features_are_taken_to_be_their_training_mean(make_state: MakeState) -> None:
    """Only unknown entries are replaced."""
    encoded = classical.encode_states([make_state()])
    filled = encoded.filled(np.full(16, 0.3, dtype=np.float32))
    assert np.all(filled[~encoded.known] == np.float32(0.3))
    np.testing.assert_array_equal(filled[encoded.known], encoded.features[encoded.known])
    assert (~encoded.known).any()


@pytest.mark.parametrize(
    ("now", "sines"),
    [
        # 1970-01-05 was a Monday.
        (4 * 86400.0, (0.0, 1.0, 0.0, 1.0)),
        (4 * 86400.0 + 6 * 3600.0, (1.0, 0.0, math.sin(math.pi / 14), math.cos(math.pi / 14))),
    ],
    ids=["Monday at midnight", "Monday at six"],
)
def test_the_clock_goes_round(now: float, sines: tuple[float, ...], make_state: MakeState) -> None:
    """Hour and weekday in UTC as sine and cosine: midnight is no jump."""
    names = ("hour_sin", "hour_cos", "weekday_sin", "weekday_cos")
    values = [feature(make_state(now=now), name) for name in names]
    assert values == pytest.approx(sines, abs=1e-6)


def with_history(state: WorkloadState, seconds_ago: float, cpu: float, latency: float) -> WorkloadState:
    seen = Observation(at=state.now - seconds_ago, cpu=cpu, latency_p99=latency, throughput=None)
    return replace(state, history=(seen,))


def test_trends_compare_with_four_intervals_ago(make_state: MakeState) -> None:
    """CPU by the change of its logarithm, latency in targets, both through tanh."""
    state = with_history(make_state(cpu=2.0), 60.0, cpu=1.0, latency=0.05)
    assert feature(state, "cpu_trend") == pytest.approx(math.tanh(math.log(2.05 / 1.05) / 0.25), rel=1e-5)
    assert feature(state, "latency_trend") == pytest.approx(math.tanh((0.1 - 0.05) / 0.25), rel=1e-5)


@pytest.mark.parametrize("seconds_ago", [15.0, 45.0, 70.0, 300.0])
def test_without_an_observation_of_that_moment_there_is_no_trend(
    seconds_ago: float, make_state: MakeState
) -> None:
    """After a restart, or a gap, the trend is unknown and not flat."""
    assert math.isnan(feature(with_history(make_state(), seconds_ago, 1.0, 0.05), "cpu_trend"))


def test_a_tick_is_the_unit_of_time(make_state: MakeState) -> None:
    """Under an interval of one second, four seconds ago is what sixty are under fifteen."""
    fast = replace(make_state(cpu=2.0), interval=1.0)
    slow = make_state(cpu=2.0)
    assert feature(with_history(fast, 4.0, 1.0, 0.05), "cpu_trend") == feature(
        with_history(slow, 60.0, 1.0, 0.05), "cpu_trend"
    )

"""Arrival patterns: requests a second as a pure function of time, parameters and a seed.

Nothing is kept between calls: the same seed, time and parameters give the same rate, whatever was asked
before. What looks random (bursts, crowds, noise) is hashed from the seed and the number of the slot that the
time falls into, so a trace can be entered anywhere. Every duration is a parameter in the unit of `time`:
divided by 15, a pattern runs 15 times faster and is otherwise the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray: TypeAlias = NDArray[np.float64]
Quantity: TypeAlias = float | FloatArray


class Pattern(StrEnum):
    """The shapes a service's traffic may have."""

    STEADY = "steady"
    DIURNAL = "diurnal"
    RAMP = "ramp"
    BURSTY = "bursty"
    FLASH = "flash"
    MIX = "mix"


PATTERNS: tuple[Pattern, ...] = tuple(Pattern)


@dataclass(frozen=True, slots=True)
class TrafficParameters:
    """One trace, or `N` of them where fields are arrays `[N]`. Durations are in the unit of `time`."""

    pattern: int | NDArray[np.int64]
    """Index into `PATTERNS`."""
    low: Quantity
    """Requests a second in the quiet."""
    high: Quantity
    """Requests a second at the peak, before noise."""
    period: Quantity
    """A diurnal cycle, a ramp up and down, the mean time between bursts or crowds."""
    burst: Quantity
    """How long a burst lasts; a crowd comes within a quarter of it and leaves over the rest."""
    noise: Quantity = 0.05
    """Standard deviation of the logarithm of the rate."""
    noise_period: Quantity = 60.0
    """Time after which noise has become another."""
    phase: Quantity = 0.0
    """Share of a period by which the trace starts later, 0 to 1."""
    seed: int | NDArray[np.int64] = 0

    def faster(self, factor: float) -> TrafficParameters:
        """The same traffic with every duration divided by `factor`."""
        return replace(
            self,
            period=self.period / factor,
            burst=self.burst / factor,
            noise_period=self.noise_period / factor,
        )


def arrival_rate(parameters: TrafficParameters, time: ArrayLike) -> FloatArray:
    """Requests a second at `time`; broadcasts over traces and times, never negative."""
    moment = np.asarray(time, dtype=np.float64)
    cycles = moment / parameters.period + parameters.phase
    shapes = [
        np.full(np.shape(cycles), 0.5),
        _diurnal(cycles),
        _ramp(cycles),
        _bursty(parameters, cycles),
        _flash(parameters, cycles),
        _mix(parameters, cycles),
    ]
    shape = np.choose(np.asarray(parameters.pattern), np.broadcast_arrays(*shapes))
    level = parameters.low + (np.asarray(parameters.high) - parameters.low) * shape
    return np.asarray(level * _noise(parameters, moment))


def mean_rate(parameters: TrafficParameters) -> FloatArray:
    """Requests a second on average over a long time."""
    share = np.minimum(np.asarray(parameters.burst / parameters.period), 0.9)
    bursty = 0.75 * share
    # Means of the shapes below; the clipped second harmonic leaves the diurnal one at a half.
    shapes = [0.5, 0.5, 0.5, bursty, 0.4 * share, 0.3 + 0.4 * np.minimum(bursty, 0.75)]
    shape = np.choose(np.asarray(parameters.pattern), np.broadcast_arrays(*shapes))
    return np.asarray(parameters.low + (np.asarray(parameters.high) - parameters.low) * shape)


def steady(rate: float, *, noise: float = 0.05, seed: int = 0) -> TrafficParameters:
    """Traffic that only scatters."""
    return _single(Pattern.STEADY, (rate, rate), 3600.0, 60.0, noise, seed)


def diurnal(
    low: float, high: float, *, period: float = 86400.0, noise: float = 0.05, seed: int = 0
) -> TrafficParameters:
    """Day and night, with a smaller second peak; it starts at the lowest point."""
    return _single(Pattern.DIURNAL, (low, high), period, period / 10, noise, seed)


def ramp(
    low: float, high: float, *, period: float = 3600.0, noise: float = 0.05, seed: int = 0
) -> TrafficParameters:
    """Straight up for a quarter of the period, a quarter at the top, down, and a quarter at the bottom."""
    return _single(Pattern.RAMP, (low, high), period, period / 10, noise, seed)


def bursty(
    low: float,
    high: float,
    *,
    period: float = 900.0,
    burst: float = 180.0,
    noise: float = 0.05,
    seed: int = 0,
) -> TrafficParameters:
    """On and off: once a period, at a random moment, traffic jumps to a random height for about `burst`."""
    return _single(Pattern.BURSTY, (low, high), period, burst, noise, seed)


def flash(
    low: float,
    high: float,
    *,
    period: float = 3600.0,
    burst: float = 600.0,
    noise: float = 0.05,
    seed: int = 0,
) -> TrafficParameters:
    """A crowd once a period: it comes within a quarter of `burst` and leaves slowly."""
    return _single(Pattern.FLASH, (low, high), period, burst, noise, seed)


def mix(
    low: float, high: float, *, period: float = 3600.0, noise: float = 0.1, seed: int = 0
) -> TrafficParameters:
    """A cycle with bursts on top and much noise."""
    return _single(Pattern.MIX, (low, high), period, period / 10, noise, seed)


def _single(
    pattern: Pattern, levels: tuple[float, float], period: float, burst: float, noise: float, seed: int
) -> TrafficParameters:
    low, high = levels
    return TrafficParameters(
        pattern=PATTERNS.index(pattern),
        low=low,
        high=high,
        period=period,
        burst=burst,
        noise=noise,
        noise_period=min(60.0, period / 15),
        seed=seed,
    )


def _diurnal(cycles: FloatArray) -> FloatArray:
    """0 at the start of a cycle; the second harmonic makes the morning steeper than the evening."""
    angle = 2.0 * np.pi * cycles
    return np.clip(0.5 - 0.45 * np.cos(angle) + 0.12 * np.sin(2.0 * angle), 0.0, 1.0)


def _ramp(cycles: FloatArray) -> FloatArray:
    position = np.mod(cycles, 1.0)
    return np.clip(np.minimum(4.0 * position, 3.0 - 4.0 * position), 0.0, 1.0)


def _bursty(parameters: TrafficParameters, cycles: FloatArray) -> FloatArray:
    slot = np.floor(cycles)
    length = np.minimum(np.asarray(parameters.burst / parameters.period), 0.9)
    length = length * (0.5 + _uniform(parameters.seed, slot, 1))
    start = _uniform(parameters.seed, slot, 2) * np.maximum(1.0 - length, 0.0)
    height = 0.5 + 0.5 * _uniform(parameters.seed, slot, 3)
    position = cycles - slot
    return np.where((position >= start) & (position < start + length), height, 0.0)


def _flash(parameters: TrafficParameters, cycles: FloatArray) -> FloatArray:
    slot = np.floor(cycles)
    length = np.minimum(np.asarray(parameters.burst / parameters.period), 1.0)
    start = _uniform(parameters.seed, slot, 4) * (1.0 - length)
    height = 0.6 + 0.4 * _uniform(parameters.seed, slot, 5)
    age = (cycles - slot - start) / length
    arriving, leaving = 4.0 * age, (1.0 - age) / 0.75
    return np.asarray(height * np.clip(np.minimum(arriving, leaving), 0.0, 1.0))


def _mix(parameters: TrafficParameters, cycles: FloatArray) -> FloatArray:
    return np.clip(0.6 * _diurnal(cycles) + 0.4 * _bursty(parameters, 4.0 * cycles), 0.0, 1.0)


def _noise(parameters: TrafficParameters, moment: FloatArray) -> FloatArray:
    """Log-normal, of mean about 1, drawn once a `noise_period` and interpolated between."""
    position = moment / parameters.noise_period
    slot = np.floor(position)
    share = position - slot
    ends = [_normal(parameters.seed, slot + offset) for offset in (0.0, 1.0)]
    # The root keeps the variance the same between two draws as at them.
    blended = ((1 - share) * ends[0] + share * ends[1]) / np.sqrt((1 - share) ** 2 + share**2)
    return np.asarray(np.exp(parameters.noise * blended - 0.5 * np.asarray(parameters.noise) ** 2))


def _normal(seed: int | NDArray[np.int64], slot: FloatArray) -> FloatArray:
    radius = np.sqrt(-2.0 * np.log(_uniform(seed, slot, 6) + 1e-12))
    return np.asarray(radius * np.cos(2.0 * np.pi * _uniform(seed, slot, 7)))


def _uniform(seed: int | NDArray[np.int64], slot: FloatArray, stream: int) -> FloatArray:
    """A number in [0, 1) that depends on seed, slot and stream alone (the mixing of splitmix64)."""
    # At least one axis: numpy lets arrays overflow in silence, as meant here, and warns of scalars.
    state = np.atleast_1d(np.asarray(seed)).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    state = state + np.atleast_1d(slot).astype(np.int64).astype(np.uint64) * np.uint64(0xD1B54A32D192ED03)
    state = state + np.uint64(stream * 0x8CB92BA72F3D8DD7 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    state = state ^ (state >> np.uint64(31))
    uniform = (state >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return np.asarray(uniform.reshape(np.broadcast_shapes(np.shape(seed), np.shape(slot))))

"""N services as they are, and how an interval passes: the simulator's side, which no policy may look at.

Pure: a world and sizes in, a world and the true figures out. Randomness comes as a generator.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from rlagents.encoding import classical
from rlagents.simulation import admissions, fleets, measurements, populations, rewards, services, traffic

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


SEEN_TICKS = 20
"""How far a world remembers what was seen: five minutes of the usual tick."""


@dataclass(frozen=True, slots=True)
class Past:
    """What the last decisions saw, arrays [N, SEEN_TICKS], oldest first; NaN is unknown."""

    cpu: FloatArray
    latency_p99: FloatArray
    error_rate: FloatArray
    throughput_smooth: FloatArray

    def followed(self, shown: measurements.Measurements) -> Past:
        """The past of the next tick."""
        return Past(
            **{
                field.name: np.column_stack([getattr(self, field.name)[:, 1:], getattr(shown, field.name)])
                for field in fields(self)
            }
        )


@dataclass(frozen=True, slots=True)
class World:
    """Everything about the N services at one moment; all arrays have N rows."""

    population: populations.Services
    fleet: fleets.Fleet
    load: services.ServiceLoad
    fresh: measurements.Measurements
    """Of the last tick; nobody has scraped it yet."""
    late: measurements.Measurements
    """Of the tick before: what monitoring shows."""
    known: BoolArray
    """Shape [N, 6]: optional signals there at this moment."""
    past: Past
    time: FloatArray
    """Ticks since the service was drawn, which is where its traffic is."""


def draw(generator: np.random.Generator, count: int, settings: populations.PopulationSettings) -> World:
    """New services at sizes from too small to generous, one tick after their start."""
    population = populations.draw(generator, count, settings)
    need = population.pods_at_full_use(traffic.arrival_rate(population.traffic, 0.0))
    size = np.ceil(need * generator.uniform(0.8, 3.0, count))
    return start(population, np.clip(size, population.min_replicas, population.max_replicas), generator)


def start(population: populations.Services, replicas: FloatArray, generator: np.random.Generator) -> World:
    """These services at these sizes, all pods serving, one tick after their start."""
    count = len(population)
    fleet = fleets.of_ready(replicas)
    load, measured, _ = _served(
        population, fleet, services.ServiceLoad(np.zeros(count)), np.zeros(count), generator
    )
    unseen = np.full((count, SEEN_TICKS), np.nan)
    return World(
        population=population,
        fleet=fleet,
        load=load,
        fresh=measured,
        late=measured,
        known=_known(population, generator),
        past=Past(unseen, unseen, unseen, unseen),
        time=np.ones(count),
    )


def ticked(
    world: World, replicas: FloatArray, generator: np.random.Generator
) -> tuple[World, rewards.TickFigures]:
    """Ask for these sizes, held within the bounds, and let one decision interval pass."""
    population = world.population
    wanted = np.clip(replicas, population.min_replicas, population.max_replicas)
    starts = fleets.start_ticks(population.start_ticks, generator)
    fleet = fleets.resized(world.fleet, wanted, starts)
    load, measured, true = _served(population, fleet, world.load, world.time, generator)
    shown = measurements.shown(world.late, world.known)
    after = World(
        population=population,
        fleet=fleets.advanced(fleet),
        load=load,
        fresh=measurements.averaged(world.fresh, measured, population.smoothing),
        late=world.fresh,
        known=_known(population, generator),
        past=world.past.followed(shown),
        time=world.time + 1,
    )
    return after, _figures(population, true, world.fleet.replicas, wanted)


def inputs(world: World) -> classical.ClassicalInputs:
    """What monitoring and the API server show now, in the world's units."""
    population = world.population
    shown = measurements.shown(world.late, world.known)
    return classical.ClassicalInputs(
        cpu=shown.cpu,
        memory=shown.memory,
        network=shown.network,
        disk=shown.disk,
        latency_p50=shown.latency_p50,
        latency_p99=shown.latency_p99,
        error_rate=shown.error_rate,
        throughput=shown.throughput,
        queue_depth=shown.queue_depth,
        replicas=world.fleet.replicas,
        ready=world.fleet.ready,
        living=world.fleet.replicas,
        max_replicas=population.max_replicas,
        cpu_limit=np.asarray(population.parameters.cores_per_pod),
        memory_limit=population.memory_limit,
        latency_target=population.latency_target,
        now=population.started_at + world.time * population.tick,
        cpu_before=world.past.cpu[:, -classical.TREND_TICKS],
        latency_before=world.past.latency_p99[:, -classical.TREND_TICKS],
    )


@dataclass(frozen=True, slots=True)
class _True:
    """What a tick really was, before monitoring."""

    outcome: services.ServiceOutcome
    latency_p99: FloatArray


def _served(
    population: populations.Services,
    fleet: fleets.Fleet,
    load: services.ServiceLoad,
    time: FloatArray,
    generator: np.random.Generator,
) -> tuple[services.ServiceLoad, measurements.Measurements, _True]:
    after, outcome = services.step(
        population.parameters,
        load,
        arrival_rate=traffic.arrival_rate(population.traffic, time + 0.5),
        ready_pods=fleet.ready,
        seconds=population.tick,
        generator=generator,
    )
    latency_p99 = services.latency_quantile(outcome, 0.99)
    measured = measurements.measure(population, fleet, outcome, latency_p99, generator)
    return after, measured, _True(outcome, latency_p99)


def _known(population: populations.Services, generator: np.random.Generator) -> BoolArray:
    there = generator.random(population.configured.shape) >= population.gap[:, None]
    return population.configured & there


def _figures(
    population: populations.Services,
    true: _True,
    before: FloatArray,
    wanted: FloatArray,
) -> rewards.TickFigures:
    errors, utilization = measurements.error_rate(true.outcome), true.outcome.utilization
    # Comparisons with NaN (no traffic, or no target) are False, which is what is meant.
    slow = true.latency_p99 > population.latency_target
    saturated = np.isnan(population.latency_target) & (utilization >= admissions.CPU_SATURATION)
    missed = slow | saturated | (errors > population.error_target)
    usual = population.pods_at_full_use(traffic.mean_rate(population.traffic)) / rewards.USUAL_UTILIZATION
    return rewards.TickFigures(
        replicas=wanted,
        usual_replicas=np.maximum(usual, population.min_replicas),
        max_replicas=population.max_replicas,
        violation=missed.astype(np.float64),
        latency_p99=true.latency_p99,
        latency_target=population.latency_target,
        error_rate=errors,
        utilization=utilization,
        resized=(wanted != before).astype(np.float64),
    )

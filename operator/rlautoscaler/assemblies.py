"""The parts of the operator, made from its settings."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rlagents.encoding import actions, classical
from rlagents.policies import models
from rlagents.policies.learned import LearnedPolicy
from rlagents.structs.errors import ModelError
from rlautoscaler.acting.events import Recorder
from rlautoscaler.acting.leases import Elector, LeaseDurations
from rlautoscaler.acting.writers import StatusWriter
from rlautoscaler.clients import prometheus
from rlautoscaler.clients.discoveries import Discoveries
from rlautoscaler.clients.meters import MeteredPrometheus
from rlautoscaler.clients.protocols import KubeApi, MetricsApi, PrometheusApi
from rlautoscaler.clients.tls import TlsFiles
from rlautoscaler.observing.caches import Caches
from rlautoscaler.observing.figures import FigureReader
from rlautoscaler.observing.snapshots import SnapshotReader
from rlautoscaler.reconciling.loops import DecisionLoop, Pace
from rlautoscaler.reconciling.readings import Reader
from rlautoscaler.reconciling.reports import Reporter
from rlautoscaler.reconciling.stores import Store
from rlautoscaler.reconciling.switches import Switches
from rlautoscaler.reconciling.ticks import Brain, Ticker, TickStatistics
from rlautoscaler.resources.settings import Settings
from rlautoscaler.telemetry.metrics import Metrics
from rlautoscaler.telemetry.probes import Pulses

logger = logging.getLogger(__name__)

POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways outside."""

    api: KubeApi
    source: PrometheusApi
    metrics: MetricsApi
    """The metrics APIs of the cluster."""


def policy() -> LearnedPolicy | None:
    """The built-in model; None where it cannot be used, which leaves the work to the baseline."""
    try:
        model = models.load_builtin("ppo", schema=classical.SCHEMA, space=actions.CLASSICAL)
    except ModelError as error:
        logger.error("The learned policy is not there, the baseline decides everywhere: %s", error)
        return None
    return LearnedPolicy(model)


def prometheus_settings(settings: Settings) -> prometheus.Settings:
    """Where Prometheus is and how to ask it."""
    return prometheus.Settings(
        url=settings.prometheus_url,
        bearer_token_file=settings.prometheus_bearer_token_file,
        username=settings.prometheus_username or "",
        password_file=settings.prometheus_password_file,
        tls=TlsFiles(
            settings.prometheus_ca_file,
            settings.prometheus_client_certificate_file,
            settings.prometheus_client_key_file,
        ),
        headers=settings.prometheus_headers,
        timeout=settings.prometheus_timeout,
    )


def elector(api: KubeApi, settings: Settings, pulses: Pulses, lost: asyncio.Future[str]) -> Elector:
    """The candidate for leading; `lost` gets the sentence why it leads no more."""
    durations = LeaseDurations(
        settings.lease_duration, settings.lease_renew_deadline, settings.lease_retry_period
    )
    return Elector(
        api,
        namespace=own_namespace(settings),
        name=settings.lease_name,
        identity=identity(),
        on_lost=lost.set_result,
        monotonic=time.monotonic,
        wall=time.time,
        durations=durations,
        beat=lambda: pulses.beat("lease loop", period=durations.turn),
    )


def decision_loop(
    doors: Doors,
    settings: Settings,
    caches: Caches,
    store: Store,
    metrics: Metrics,
    pulses: Pulses,
    *,
    may_act: Callable[[], bool],
    sleep: Callable[[float], Awaitable[None]],
    on_tick: Callable[[TickStatistics], None],
) -> DecisionLoop:
    """The loop and all it needs. `may_act`: whether this process leads now."""
    api = doors.api
    source = MeteredPrometheus(doors.source, metrics.observe_query)
    reporter = Reporter(
        StatusWriter(api, metrics, clock=time.monotonic),
        Recorder(api, metrics, clock=time.time, instance=identity()),
        metrics,
        clock=time.time,
    )
    ticker = Ticker(
        api,
        caches,
        Reader(SnapshotReader(source), FigureReader(doors.metrics, source)),
        Discoveries(api, clock=time.monotonic),
        reporter,
        Switches(api, caches, namespace=own_namespace(settings), name=settings.switch_name),
        Brain(policy(), settings.hpa_parameters, settings.prices),
        may_act,
    )
    return DecisionLoop(
        api,
        store,
        ticker,
        metrics,
        namespace=settings.namespace,
        may_act=may_act,
        beat=lambda period: pulses.beat("decision loop", period=period),
        reading_time=settings.reading_time,
        pace=Pace(time.time, sleep),
        on_tick=on_tick,
    )


def own_namespace(settings: Settings) -> str:
    """Where the Lease and the switch are: as told, else the pod's own, else `default`."""
    if settings.lease_namespace is not None:
        return settings.lease_namespace
    return POD_NAMESPACE.read_text(encoding="utf-8").strip() if POD_NAMESPACE.is_file() else "default"


@cache
def identity() -> str:
    """This process among all candidates. A pod's name outlives its container, hence the rest."""
    return f"{os.environ.get('HOSTNAME') or socket.gethostname()}_{uuid.uuid4().hex[:8]}"

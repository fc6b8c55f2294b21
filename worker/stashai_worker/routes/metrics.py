"""`/metrics` for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator

from anyio import to_thread
from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stashai.contracts.enums import ServiceStatus
from stashai.tracking import statistics

from ..state import WorkerState
from .asking import State

router = APIRouter(tags=["health"])
STATES = ("pending", "processing", "completed", "failed", "cancelled")


class LedgerCollector(Collector):
    """Read when it is asked: the rows are the truth, also after a restart."""

    def __init__(self, state: WorkerState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        totals = statistics.totals(self._state.core.ledger.database)
        jobs = GaugeMetricFamily("stashai_jobs", "Jobs by state", labels=["state"])
        for name in STATES:
            jobs.add_metric([name], totals.jobs.get(name, 0))
        items = CounterMetricFamily("stashai_items", "Items that ended, by result", labels=["result"])
        for result, count in totals.items.items():
            items.add_metric([result], count)
        services = GaugeMetricFamily("stashai_service_healthy", "1 for a healthy service", labels=["name"])
        for info in self._state.services.all():
            services.add_metric([info.name], info.status is ServiceStatus.HEALTHY)
        yield from (jobs, items, services)
        yield CounterMetricFamily("stashai_retries", "Transient faults that were tried again", value=totals.retries)
        yield GaugeMetricFamily("stashai_uptime_seconds", "Seconds since the worker started", value=time.monotonic() - self._state.started)


@router.get("/metrics", response_class=Response)
async def metrics(state: State) -> Response:
    registry = CollectorRegistry()
    registry.register(LedgerCollector(state))
    return Response(await to_thread.run_sync(generate_latest, registry), media_type="text/plain; version=0.0.4; charset=utf-8")

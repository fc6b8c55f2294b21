"""`/metrics` for Prometheus, and the small page at `/`."""

from __future__ import annotations

import time
from collections.abc import Iterator

from anyio import to_thread
from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stashai import __version__
from stashai.contracts.enums import ServiceStatus
from stashai.tracking import statistics

from ..state import WorkerState
from .asking import State

router = APIRouter(tags=["health"])
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>StashAI worker</title>
<style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;max-width:38rem;margin:12vh auto;padding:0 1.2rem}}
code{{background:#8883;padding:.1em .35em;border-radius:.3em}}li{{margin:.4em 0}}</style>
<h1>StashAI worker {version}</h1><p>A worker answers here. Enter this address and the token in Stash under
<b>Settings → Plugins → StashAI</b>, then press <b>Test</b>.</p>
<ul><li><a href="health">Health</a></li><li><a href="docs">API documentation</a></li>
<li>Progress: WebSocket <code>/ws/queue</code></li><li>Prometheus: <code>/metrics</code> (with the token)</li></ul></html>"""
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


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def page() -> str:
    """Says that a worker answers here; tells nothing that needs a token."""
    return _PAGE.format(version=__version__)

"""Whether the worker lives and can serve."""

from __future__ import annotations

import time

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from stashai import __version__
from stashai.contracts.enums import ServiceStatus
from stashai.contracts.services import HealthCheckResponse, HealthMetrics
from stashai.errors import StorageError

from ..opening import Opening
from ..state import WorkerState

router = APIRouter(tags=["health"])


@router.get("/health", response_model=HealthCheckResponse, responses={503: {"model": HealthCheckResponse}})
async def health(request: Request, response: Response) -> HealthCheckResponse:
    """200 when able to serve, 503 when not, with the reason."""
    opening: Opening[WorkerState] = request.app.state.opening
    if opening.made is None:
        said = _unhealthy(0.0, str(opening.problem))
    else:
        said = await to_thread.run_sync(_health, opening.made, limiter=opening.made.health_limiter)
    if said.status is not ServiceStatus.HEALTHY:
        response.status_code = 503
    return said


def _health(state: WorkerState) -> HealthCheckResponse:
    uptime = time.monotonic() - state.started
    try:
        metrics = _metrics(state)
    except StorageError as error:
        return _unhealthy(uptime, str(error))
    waits = {"networks": state.readiness.networks, "stash": state.readiness.stash}
    runs = any(listed.state == "ready" for listed in state.core.registry.all())
    ready = runs and not any(waits.values())
    return HealthCheckResponse(
        service_name="stashai",
        status=ServiceStatus.HEALTHY if ready else ServiceStatus.UNHEALTHY,
        version=__version__,
        uptime=uptime,
        dependencies={
            "database": "healthy",
            "processors": "healthy" if runs else "none can run here",
            "networks": waits["networks"] or "healthy",
            **({"stash": waits["stash"] or "healthy"} if state.config.stash_url else {}),
        },
        metrics=metrics,
    )


def _unhealthy(uptime: float, reason: str) -> HealthCheckResponse:
    return HealthCheckResponse(
        service_name="stashai", status=ServiceStatus.UNHEALTHY, version=__version__, uptime=uptime, dependencies={"database": reason}
    )


def _metrics(state: WorkerState) -> HealthMetrics:
    services = state.services.all()
    pending, running = (state.core.ledger.count(status=(status,)) for status in ("pending", "processing"))
    return HealthMetrics(
        total_services=len(services),
        healthy_services=sum(service.status is ServiceStatus.HEALTHY for service in services),
        active_batch_jobs=pending + running,
        queue_status={"pending": pending, "processing": running},
    )

"""Whether the worker lives and can serve."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request, Response

from stashai import __version__
from stashai.contracts.enums import ServiceStatus
from stashai.contracts.services import HealthCheckResponse

from ..opening import Opening
from ..state import WorkerState

router = APIRouter(tags=["health"])


@router.get("/health", response_model=HealthCheckResponse, responses={503: {"model": HealthCheckResponse}})
async def health(request: Request, response: Response) -> HealthCheckResponse:
    """200 when able to serve, 503 when not, with the reason."""
    opening: Opening[WorkerState] = request.app.state.opening
    said = _unhealthy(0.0, str(opening.problem)) if opening.made is None else _health(opening.made)
    if said.status is not ServiceStatus.HEALTHY:
        response.status_code = 503
    return said


def _health(state: WorkerState) -> HealthCheckResponse:
    """Reads memory alone: this is what must answer while everything else is busy."""
    uptime, reading = time.monotonic() - state.started, state.vitals.last()
    if reading.metrics is None:
        return _unhealthy(uptime, reading.problem)
    waits = {"networks": state.readiness.networks, "stash": state.readiness.stash}
    ready = reading.runs and not any(waits.values())
    return HealthCheckResponse(
        service_name="stashai",
        status=ServiceStatus.HEALTHY if ready else ServiceStatus.UNHEALTHY,
        version=__version__,
        uptime=uptime,
        dependencies={
            "database": "healthy",
            "processors": "healthy" if reading.runs else "none can run here",
            "networks": waits["networks"] or "healthy",
            **({"stash": waits["stash"] or "healthy"} if state.config.stash_url else {}),
        },
        metrics=reading.metrics,
    )


def _unhealthy(uptime: float, reason: str) -> HealthCheckResponse:
    return HealthCheckResponse(
        service_name="stashai", status=ServiceStatus.UNHEALTHY, version=__version__, uptime=uptime, dependencies={"database": reason}
    )

"""`/{service}/process` for every service of the registry, a third party's too: the route that nobody has to write."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from ..events import job_view
from ..jobs import batch_status, failure_of, finished
from .asking import ACCEPTED, FAILURES, State, Submit
from .jobs import QueueRequest, item_view, processor_job

router = APIRouter(tags=["services"])


@router.post("/{service}/process", response_model=dict[str, Any], responses={**FAILURES, **ACCEPTED})
async def process(
    service: str, request: QueueRequest, state: State, submit: Submit, wait: Annotated[float, Query(ge=0, le=300)] = 30.0
) -> dict[str, Any] | JSONResponse:
    """Run a service with its own parameters: its job and items when it ends in time, else 202 with the job's id."""
    job = await to_thread.run_sync(processor_job, service, request.params, state, request.priority, request.request_id)
    row = await finished(state, (await submit(job)).job_id, wait)
    if not row.ended:
        return JSONResponse(batch_status(row).model_dump(mode="json"), status_code=202)
    if row.status != "completed":
        raise await to_thread.run_sync(failure_of, state, row)
    items = await to_thread.run_sync(state.core.ledger.items, row.job_id)
    return {**job_view(row), "items": [item_view(item) for item in items]}

"""`/{service}/process` for every service of the registry, a third party's too: the route that nobody has to write."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from ..elsewhere import ServiceDownError
from ..jobs import accepted, ended_in_time, patience
from ..routing import elsewhere, somewhere
from ..views import item_view, job_view
from .asking import ACCEPTED, FAILURES, Direct, State, Submit, Wait
from .jobs import QueueRequest, asked_of, processor_job, watched

router = APIRouter(tags=["services"])


class ServiceAnswer(BaseModel):
    """A job and its items, whatever they hold."""

    model_config = ConfigDict(extra="allow")

    job_id: str
    items: list[dict[str, Any]]


@router.post("/{service}/process", response_model=dict[str, Any], responses={**FAILURES, **ACCEPTED})
async def process(
    service: str, request: QueueRequest, state: State, submit: Submit, direct: Direct, wait: Wait = None
) -> dict[str, Any] | JSONResponse:
    """Run a service with its own parameters: its job and items when it ends in time, else 202 with the job's id."""

    async def here() -> ServiceAnswer | JSONResponse:
        job = await to_thread.run_sync(processor_job, service, request.params, state, request)
        taken = await submit(watched(job, request))
        row = await ended_in_time(state, taken.job_id, patience(request, wait))
        if row is None:
            return await accepted(state, taken.job_id)
        items = await to_thread.run_sync(state.core.ledger.items, row.job_id)
        return ServiceAnswer(**job_view(row), items=[item_view(item, row.job_id) for item in items])

    asked = asked_of(service, request, wait, direct)
    if direct and await to_thread.run_sync(state.only_elsewhere, service):
        answer = await elsewhere(asked, state, submit, ServiceAnswer)
        if answer is None:
            raise ServiceDownError(f"No service elsewhere could do {service}, and it is not here.")
    else:
        answer = await somewhere(asked, state, submit, ServiceAnswer, here)
    return answer if isinstance(answer, JSONResponse) else answer.model_dump()

"""What every route that takes work on needs: the worker's state, how long to wait, the idempotency key, and how to submit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any

from anyio import to_thread
from fastapi import Depends, Header, Query, Request

from stashai.contracts.batch import BatchJobStatus
from stashai.contracts.common import ErrorResponse
from stashai.tracking.records import JobRequest, JobRow

from ..elsewhere import FORWARDED
from ..state import ANYWHERE, WorkerState, state_of

State = Annotated[WorkerState, Depends(state_of)]
Wait = Annotated[float | None, Query(ge=0, le=300, description="Seconds to wait for the answer before a 202 with the job's id")]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200, description="The same as the body's request_id")]
FAILURES: dict[int | str, dict[str, Any]] = {code: {"model": ErrorResponse} for code in (400, 401, 403, 404, 409, 413, 429, 503, 504)}
ACCEPTED: dict[int | str, dict[str, Any]] = {202: {"model": BatchJobStatus, "description": "Taken on; the body is the job's status"}}


async def direct(request: Request) -> bool:
    """Whether a client asked, and not another worker on behalf of one: what was forwarded once is not forwarded again."""
    return FORWARDED.lower() not in request.headers


Direct = Annotated[bool, Depends(direct)]
Submitter = Callable[[JobRequest], Awaitable[JobRow]]


async def submitter(state: State, key: Key = None) -> Submitter:
    """Submits off the event loop; the header's key serves where the body names none."""

    async def submit(job: JobRequest) -> JobRow:
        keyed = job if job.idempotency_key or not key else replace(job, idempotency_key=key)
        return await to_thread.run_sync(state.submit, keyed)

    return submit


Submit = Annotated[Submitter, Depends(submitter)]


async def queuer(submit: Submit, direct: Direct) -> Submitter:
    """Submits what may be done elsewhere while it waits, unless another worker sent it."""

    async def queue(job: JobRequest) -> JobRow:
        return await submit(replace(job, service_name=ANYWHERE) if direct else job)

    return queue


Queue = Annotated[Submitter, Depends(queuer)]

"""Which service does a request: this worker, or one elsewhere that has less to do. When the one cannot do it the other is asked
before anything is told to the user."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import anyio.from_thread
from anyio import to_thread
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from stashai.contracts.common import BaseRequest, ImageData
from stashai.errors import StashAIError
from stashai.tracking.records import JobRequest

from .elsewhere import ServiceDownError
from .errors import status_of
from .forms import Form
from .forwarding import Forward, Forwarded, ForwardParams, without_pictures
from .jobs import accepted, asked_with, ended_in_time, patience, spooled
from .state import WorkerState

T = TypeVar("T", bound=BaseModel)
Submitting = Callable[[JobRequest], Awaitable[Any]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and what the routing needs to know of it. `direct` is false for one that another worker sent here: it is done
    here, or nowhere."""

    request: BaseRequest
    path: str
    capability: str
    wait: float | None
    direct: bool = True
    entity: tuple[str, str] = ("request", "")


async def somewhere(
    asked: Asked, state: WorkerState, submit: Submitting, model: type[T], here: Callable[[], Awaitable[T | JSONResponse]]
) -> T | JSONResponse:
    """The answer of whichever service is to do it; of the next one when that one cannot. Raises what `here` raises."""
    form = Form(asked.capability, asked.path, asked.request.model_dump())
    if not asked.direct or not state.services.candidates([form], last_resort=True):
        return await here()
    broken = state.readiness.broken
    if broken or await to_thread.run_sync(state.less_loaded_elsewhere, asked.capability):
        return await elsewhere(asked, state, submit, model, last_resort=broken) or await here()
    try:
        return await here()
    except StashAIError as error:
        if status_of(error) < 500 or error.code == "timeout":
            raise
        logger.warning("%s cannot be done here: %s", asked.path, error)
        answer = await elsewhere(asked, state, submit, model, last_resort=True)
        if answer is None:
            raise
        return answer


async def elsewhere(
    asked: Asked, state: WorkerState, submit: Submitting, model: type[T], *, last_resort: bool = False
) -> T | JSONResponse | None:
    """The answer of a service elsewhere; None when none could do it. `last_resort`: even of one whose answer is no probability."""
    taken = await submit(await to_thread.run_sync(lambda: forwarded(asked, state, last_resort=last_resort)))
    try:
        row = await ended_in_time(state, taken.job_id, patience(asked.request, asked.wait))
        if row is None:
            return await accepted(state, taken.job_id)
        [item] = await to_thread.run_sync(state.core.ledger.items, row.job_id)
        said = Forwarded.model_validate_json(item.response_data or "{}")
        known = {"request_id": asked.request.request_id, "service_name": said.service, "job_id": row.job_id}
        return model.model_validate({**said.response, **{name: value for name, value in known.items() if name in model.model_fields}})
    except ValidationError as error:
        logger.warning("A service answers %s in a form that is not known: %s", asked.path, error.errors()[0]["msg"])
    except StashAIError as error:
        if error.code != ServiceDownError.code:
            raise
    return None


def forwarded(asked: Asked, state: WorkerState, *, last_resort: bool = False) -> JobRequest:
    """The job of a request that a service elsewhere is to do. Called in a thread: pictures go to the spool."""

    def spool(picture: str) -> str:
        return anyio.from_thread.run(spooled, ImageData(data=picture), state)

    sent = asked.request.model_dump(mode="json", exclude={"batch_job_id", "request_id"}, exclude_unset=True)
    body, uploads = without_pictures(sent, spool)
    params = ForwardParams(
        capability=asked.capability,
        path=asked.path,
        body=body,
        uploads=uploads,
        entity_type=asked.entity[0],
        entity_id=asked.entity[1],
        timeout=float(asked.request.timeout),
        last_resort=last_resort,
    )
    job = JobRequest(Forward.id, asked.capability, config=params.model_dump_json(), name=f"{asked.path} elsewhere", planned=1)
    job = replace(job, entity_type=asked.entity[0], entity_id=asked.entity[1], **asked_with(asked.request))
    return replace(job, idempotency_key=asked.request.request_id and f"{asked.request.request_id}@elsewhere")

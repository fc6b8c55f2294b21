"""Jobs and their items: batches, the queue, history, statistics, clean-up, cancel."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, ValidationError

from stashai.contracts.batch import BatchJobStatus, BatchRequest
from stashai.contracts.common import BaseRequest
from stashai.contracts.enums import ProcessingStatus
from stashai.contracts.recognition import FacialRecognitionRequest, GalleryIdentificationRequest, SceneIdentificationRequest
from stashai.errors import UsageError
from stashai.tracking import statistics
from stashai.tracking.records import CANCELLED, JobRequest

from ..jobs import as_wanted, asked_with, batch_status, entity_job, finished, identification, known_job, wanted
from ..routing import Asked, forwarded
from ..state import AT_ONCE, WorkerState
from ..upcoming import first_items
from ..views import item_view, job_row, job_view, whole_job
from .asking import FAILURES, Queue, State, Submitter

router = APIRouter(tags=["jobs"])

PAGE = Annotated[int, Query(ge=1, le=10_000)]
OFFSET = Annotated[int, Query(ge=0, le=10**9)]
ASKED = "asked to by a client"
OPERATIONS = {"identify-image": "image", "identify-scene": "scene", "identify-gallery": "gallery"}
CONTENT = {"analyze-scene": "content.analyze", "extract-metadata": "metadata.extract"}


class QueueRequest(BaseRequest):
    """A processor's own parameters, and how urgent it is. `watch_seconds`: cancelled when nobody asked for it that long."""

    params: dict[str, Any] = Field(default_factory=dict)
    batch_job_id: str | None = Field(default=None, max_length=200)
    watch_seconds: float | None = Field(default=None, ge=5, le=3600)


class Cancelling(BaseModel):
    job_id: str
    success: bool
    status: str
    message: str


@router.post("/batch/submit", status_code=202, response_model=BatchJobStatus, responses=FAILURES)
async def submit_batch(request: BatchRequest, state: State, submit: Queue) -> BatchJobStatus:
    """One job over many entities: its rows are the items."""
    job = await to_thread.run_sync(_batch_job, request, state)
    return batch_status(await submit(job))


def _batch_job(request: BatchRequest, state: WorkerState) -> JobRequest:
    entities = [as_wanted(entity) for entity in request.entities]
    if request.operation in OPERATIONS or request.operation == "entities.identify":
        job = entity_job(entities, request, state, threshold=0.5, top=5)
    else:
        processor = CONTENT.get(request.operation, request.operation)
        job = processor_job(processor, {"entities": [entity.model_dump() for entity in entities]}, state, request)
    at_once = request.batch_size if request.parallel_processing else 1
    return replace(job, planned=len(entities), config=json.dumps({**json.loads(job.config), AT_ONCE: at_once}))


def processor_job(processor_id: str, params: dict[str, Any], state: WorkerState, request: BaseRequest) -> JobRequest:
    """A job of any processor, of one elsewhere where it is not here. Raises UsageError for an unknown one (404) and for
    parameters that it does not take (400)."""
    if state.only_elsewhere(processor_id):
        return forwarded(asked_of(processor_id, QueueRequest(**request.model_dump() | {"params": params})), state)
    listed = state.core.registry.find(processor_id)
    if listed is None:
        raise UsageError(f"There is no service {processor_id!r}.", code="not-found")
    processor = state.core.registry.create(processor_id)
    try:
        checked = processor.params.model_validate(params)
        config = checked.model_dump_json()
        processor.params.model_validate_json(config)  # what JSON cannot hold, as an endless number, is no parameter
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in error.errors()[:5])
        raise UsageError(f"The parameters do not fit {processor_id}: {problems}.", code="bad-parameters") from error
    items = first_items(processor_id, checked, state.core)
    return JobRequest(processor_id, processor.action_type, config=config, name=processor.title, items=items, **asked_with(request))


def watched(job: JobRequest, request: QueueRequest) -> JobRequest:
    return job if request.watch_seconds is None else replace(job, run_policy="watched", watch_seconds=request.watch_seconds)


def asked_of(processor_id: str, request: QueueRequest, wait: float | None = None, direct: bool = True) -> Asked:
    return Asked(request, f"/{processor_id}/process", processor_id, wait, direct)


@router.get("/batch/{job_id}/status", response_model=BatchJobStatus, responses=FAILURES)
async def get_batch(job_id: str, state: State, wait: Annotated[float, Query(ge=0, le=300)] = 0.0) -> BatchJobStatus:
    return batch_status(await finished(state, job_id, wait))


async def _queued(request: FacialRecognitionRequest, kind: str, state: WorkerState, submit: Submitter) -> BatchJobStatus:
    if request.entity.type != kind:
        raise UsageError(f"This queue takes entities of the type {kind}, not {request.entity.type!r}.", code="wrong-entity")
    entity = await wanted(request, state)
    return batch_status(await submit(await to_thread.run_sync(identification, request, entity, state)))


@router.post("/queue/submit/image", status_code=202, response_model=BatchJobStatus, responses=FAILURES)
async def submit_image(request: FacialRecognitionRequest, state: State, submit: Queue) -> BatchJobStatus:
    """Queue what identify-image does."""
    return await _queued(request, "image", state, submit)


@router.post("/queue/submit/scene", status_code=202, response_model=BatchJobStatus, responses=FAILURES)
async def submit_scene(request: SceneIdentificationRequest, state: State, submit: Queue) -> BatchJobStatus:
    """Queue what identify-scene does."""
    return await _queued(request, "scene", state, submit)


@router.post("/queue/submit/gallery", status_code=202, response_model=BatchJobStatus, responses=FAILURES)
async def submit_gallery(request: GalleryIdentificationRequest, state: State, submit: Queue) -> BatchJobStatus:
    """Queue what identify-gallery does."""
    return await _queued(request, "gallery", state, submit)


@router.post("/queue/submit/{processor}", status_code=202, response_model=BatchJobStatus, responses=FAILURES)
async def submit_any(processor: str, request: QueueRequest, state: State, submit: Queue) -> BatchJobStatus:
    """Queue any processor with its own parameters."""
    job = await to_thread.run_sync(processor_job, processor, request.params, state, request)
    return batch_status(await submit(watched(job, request)))


@router.get("/queue/status/{job_id}", response_model=dict[str, Any], responses=FAILURES)
async def get_queued(job_id: str, state: State, wait: Annotated[float, Query(ge=0, le=300)] = 0.0, watch: bool = False) -> dict[str, Any]:
    """`watch` keeps a watched job alive: without a sign of its client it is cancelled."""
    if watch:
        await to_thread.run_sync(state.core.ledger.watch, job_id)
    return job_view(await finished(state, job_id, wait))


@router.post("/queue/cancel/{job_id}", response_model=Cancelling, responses=FAILURES)
@router.post("/ai-jobs/{job_id}/cancel", response_model=Cancelling, responses=FAILURES)
async def cancel(job_id: str, state: State) -> Cancelling:
    """Stop a job within seconds; what is done stays done."""
    await to_thread.run_sync(known_job, state, job_id)
    job = await to_thread.run_sync(state.core.ledger.cancel, job_id, ASKED)
    if job is None:
        raise UsageError(f"There is no job {job_id!r}.", code="not-found")
    stopping = job.cancel_requested or job.status == "cancelled"
    said = "It is stopping." if not job.ended else f"It is {job.status}."
    return Cancelling(job_id=job_id, success=stopping, status=job.status, message=said)


@router.get("/ai-jobs/history", response_model=dict[str, Any], responses=FAILURES)
async def history(
    state: State,
    limit: PAGE = 1000,
    offset: OFFSET = 0,
    status: ProcessingStatus | None = None,
    entity_type: str | None = None,
    entity_id: str | None = None,
    action_type: str | None = None,
    client_id: str | None = None,
) -> dict[str, Any]:
    statuses = (status,) if status else ()

    def read() -> dict[str, Any]:
        ledger = state.core.ledger
        which: Any = {"status": statuses, "entity": (entity_type, entity_id), "action_type": action_type, "client_id": client_id}
        jobs = ledger.jobs(**which, limit=limit, offset=offset)
        return {"jobs": [job_row(job) for job in jobs], "total": ledger.count(**which)}

    return await to_thread.run_sync(read)


@router.get("/ai-jobs/evaluation-trends", response_model=dict[str, Any], responses=FAILURES)
async def trends(state: State, days: Annotated[int, Query(ge=1, le=3650)] = 30) -> dict[str, Any]:
    found = await to_thread.run_sync(statistics.trends, state.core.ledger.database, days)
    return {"days": days, "trends": [asdict(day) for day in found]}


@router.get("/ai-jobs/{job_id}", response_model=dict[str, Any], responses=FAILURES)
async def get_job(job_id: str, state: State) -> dict[str, Any]:
    job = await to_thread.run_sync(known_job, state, job_id)
    children = await to_thread.run_sync(state.core.ledger.children, job_id)
    return {**whole_job(job), "children": [child.job_id for child in children]}


@router.get("/ai-jobs/{job_id}/tests", response_model=dict[str, Any], responses=FAILURES)
async def get_items(
    job_id: str, state: State, limit: PAGE = 1000, offset: OFFSET = 0, after: Annotated[int | None, Query(ge=0, lt=2**63)] = None
) -> dict[str, Any]:
    """A page in the order of the units; or, with `after`, what ended behind that cursor: for following a running job.

    Items have rows before they end: those at work, and up to a thousand that come next. The `status` of one whose `result` is
    pending says whether it waits, is at work, or was left out: its job ended without it."""
    await to_thread.run_sync(known_job, state, job_id)

    def read() -> dict[str, Any]:
        ledger = state.core.ledger
        rows = ledger.items(job_id, limit=limit, offset=offset) if after is None else ledger.items_after(job_id, after, limit)
        cursor = max((row.id for row in rows), default=after)
        total = ledger.item_count(job_id, ended=after is not None)
        return {"tests": [item_view(item, job_id) for item in rows], "total": total, "cursor": cursor}

    return await to_thread.run_sync(read)


def _item(state: WorkerState, test_id: str) -> dict[str, Any]:
    ledger = state.core.ledger
    item = ledger.item(test_id)
    job = ledger.job_of(item) if item is not None else None
    if item is None or job is None:
        raise _no_item(test_id)
    return item_view(item, job.job_id)


def _no_item(test_id: str) -> UsageError:
    return UsageError(f"There is no item {test_id!r}.", code="not-found")


@router.get("/ai-tests/{test_id}", response_model=dict[str, Any], responses=FAILURES)
async def get_item(test_id: str, state: State) -> dict[str, Any]:
    return await to_thread.run_sync(_item, state, test_id)


@router.get("/ai-tests/{test_id}/results", response_model=dict[str, Any], responses=FAILURES)
async def get_item_results(test_id: str, state: State) -> dict[str, Any]:
    item = await to_thread.run_sync(_item, state, test_id)
    return {"test_id": test_id, "result": item["result"], "results": item["response_data"], "error": item["error_message"]}


@router.post("/ai-tests/{test_id}/cancel", response_model=Cancelling, responses=FAILURES)
async def cancel_item(test_id: str, state: State) -> Cancelling:
    """Leave out an item that waits, stop one that is at work within seconds; its job goes on with the others."""
    item = await to_thread.run_sync(state.core.ledger.cancel_item, test_id, ASKED)
    if item is None:
        raise _no_item(test_id)
    stopping = item.status == ProcessingStatus.PROCESSING
    said = "It is stopping." if stopping else f"It is {item.status}."
    return Cancelling(job_id=test_id, success=stopping or item.status == CANCELLED, status=item.status, message=said)


@router.get("/ai-runs/statistics", response_model=dict[str, Any], responses=FAILURES)
async def totals(state: State) -> dict[str, Any]:
    return asdict(await to_thread.run_sync(statistics.totals, state.core.ledger.database))


@router.post("/ai-runs/cleanup", response_model=dict[str, Any], responses=FAILURES)
async def clean(state: State, days_old: Annotated[int, Query(ge=7, le=36500)] = 30, dry_run: bool = False) -> dict[str, Any]:
    cleaned = await to_thread.run_sync(lambda: state.core.ledger.clean(days_old, dry_run=dry_run))
    return {**asdict(cleaned), "dry_run": dry_run}

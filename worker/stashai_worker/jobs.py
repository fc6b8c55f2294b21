"""From requests to jobs and from jobs to answers, between the routes and the ledger."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
from anyio import to_thread
from fastapi.responses import JSONResponse

from stashai.contracts.batch import BatchJobStatus
from stashai.contracts.common import BaseRequest, ImageData, StashEntity
from stashai.contracts.enums import ProcessingStatus
from stashai.contracts.recognition import FacialRecognitionRequest, GalleryIdentificationRequest, SceneIdentificationRequest
from stashai.errors import SetupError, StashAIError, UsageError
from stashai.processing.context import Screenshots
from stashai.processors.entities import EntityParams, WantedEntity
from stashai.tracking.records import JobRequest, JobRow

from .errors import CALLERS_FAULTS
from .state import WorkerState
from .upcoming import first_items
from .views import moment

POLL_SECONDS = 0.05
OVERTIME = 3.0


async def wanted(request: FacialRecognitionRequest, state: WorkerState) -> WantedEntity:
    """The request's entity with its pictures in the spool: bytes never go into a row."""
    entity = await entity_of(request.entity, request.image_data, state)
    if isinstance(request, GalleryIdentificationRequest) and request.images is not None:
        entity.images = [
            WantedEntity(
                type="image",
                id=image.id,
                title=image.title,
                url=image.url,
                upload=await spooled(ImageData(data=image.base64), state) if image.base64 else None,
            )
            for image in request.images
        ]
    if isinstance(request, SceneIdentificationRequest):
        entity.screenshots = _screenshots(request)
        if not request.analyze_frames and entity.screenshots == "never" and entity.upload is None:
            raise UsageError(
                "There is nothing to look at: neither frames nor screenshots are wanted, and no picture was sent.",
                code="nothing-to-look-at",
            )
    return entity


def _screenshots(request: SceneIdentificationRequest) -> Screenshots:
    if not request.use_existing_screenshots:
        return "never"
    return "fallback" if request.analyze_frames else "only"


async def entity_of(entity: StashEntity, picture: ImageData | None, state: WorkerState) -> WantedEntity:
    upload = await spooled(picture, state) if picture else None
    return as_wanted(entity, upload)


def as_wanted(entity: StashEntity, upload: str | None = None) -> WantedEntity:
    """`upload`, or the one that the entity's metadata name, is the key of uploaded bytes."""
    named = (entity.metadata or {}).get("upload")
    key = upload or (named if isinstance(named, str) else None)
    return WantedEntity(type=entity.type, id=entity.id, title=entity.title, path=entity.path, upload=key)


async def spooled(picture: ImageData, state: WorkerState) -> str:
    """Base64 or a data URL into the spool. Raises UsageError for what is neither."""
    encoded = picture.data.partition(",")[2] if picture.data.startswith("data:") else picture.data
    try:
        content = await to_thread.run_sync(lambda: base64.b64decode(encoded, validate=True))
    except ValueError as error:
        raise UsageError("The picture in the request is not valid base64.", code="bad-picture") from error

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    return await state.spool.store(chunks(), f"picture.{picture.format}")


def entity_job(
    entities: Sequence[WantedEntity], request: BaseRequest, state: WorkerState, threshold: float, top: int, **more: Any
) -> JobRequest:
    """The job of an identify or batch request. The threshold is the request's; candidates below it are told, too."""
    embedders = state.core.engine().installed_embedders
    params = EntityParams(entities=list(entities), threshold=threshold, top=top, embedders=embedders, **more)
    first, alone = entities[0], len(entities) == 1
    return JobRequest(
        processor="entities.identify",
        action_type=_ACTIONS.get(first.type, "facial_recognition") if alone else "facial_recognition",
        config=params.model_dump_json(),
        name=f"Identify {first.type} {first.title or first.id}" if alone else f"Identify {len(entities)} entities",
        entity_type=first.type if alone else None,
        entity_id=first.id if alone else None,
        entity_name=first.title if alone else None,
        planned=len(entities),
        items=first_items("entities.identify", params, state.core),
        **asked_with(request),
    )


def asked_with(request: BaseRequest) -> dict[str, Any]:
    """What every request says of its job."""
    return {
        "priority": request.priority,
        "idempotency_key": request.request_id,
        "client_id": request.client_id,
        "timeout": request.limit,
        "parent": getattr(request, "batch_job_id", None),
    }


def identification(request: FacialRecognitionRequest, entity: WantedEntity, state: WorkerState) -> JobRequest:
    """The job of one of the three recognition requests, with every field that it declares. Reads files: not on the loop."""
    more: dict[str, Any] = {}
    if isinstance(request, SceneIdentificationRequest):
        more["frames"] = "auto" if request.analyze_frames else "keyframes"
        if request.analyze_frames and "frame_interval" in request.model_fields_set:
            more["every"] = request.frame_interval
    if isinstance(request, GalleryIdentificationRequest):
        more |= {"batch_size": request.batch_size, "skip_low_quality": request.skip_low_quality}
    return entity_job([entity], request, state, request.threshold, request.max_results, **more)


_ACTIONS = {"scene": "scene_identification", "gallery": "gallery_identification", "image": "image_identification"}


async def finished(state: WorkerState, job_id: str, seconds: float) -> JobRow:
    """The job once it ended, or as it is after `seconds`. Waiting costs a look at a row twenty times a second."""
    until = time.monotonic() + seconds
    while True:
        job = await to_thread.run_sync(state.core.ledger.job, job_id)
        if job is None:
            raise UsageError(f"There is no job {job_id}.", code="not-found")
        if job.ended or time.monotonic() >= until:
            return job
        await anyio.sleep(POLL_SECONDS)


def patience(request: BaseRequest, wait: float | None) -> float:
    """Seconds to wait for the answer: `wait` where it is given, else the request's timeout (and a little, where the work ends
    with it, so that the answer says so)."""
    if wait is not None:
        return wait
    return request.timeout + (OVERTIME if request.limit is not None else 0.0)


async def ended_in_time(state: WorkerState, job_id: str, seconds: float) -> JobRow | None:
    """The completed job, None when it has not ended yet. Raises, as its route answers, why it failed or was cancelled."""
    job = await finished(state, job_id, seconds)
    if not job.ended:
        return None
    if job.status != "completed":
        raise await to_thread.run_sync(failure_of, state, job)
    return job


async def accepted(state: WorkerState, job_id: str) -> JSONResponse:
    job = await to_thread.run_sync(known_job, state, job_id)
    return JSONResponse(batch_status(job).model_dump(mode="json"), status_code=202)


def known_job(state: WorkerState, job_id: str) -> JobRow:
    """The job. Raises UsageError (404) for one that is not there."""
    job = state.core.ledger.job(job_id)
    if job is None:
        raise UsageError(f"There is no job {job_id!r}.", code="not-found")
    return job


def failure_of(state: WorkerState, job: JobRow) -> StashAIError:
    """Why a job of one item failed, as the error that its route answers with."""
    item = next(state.core.ledger.all_items(job.job_id), None) if job.error_code != "timeout" else None
    code = item.error_type if item and item.error_type else job.error_code or "failed"
    message = item.error_message if item and item.error_message else job.error_message or f"The job was {job.status}."
    if job.status == "cancelled":
        return StashAIError(f"The job was cancelled: {job.cancel_reason or 'asked to'}.", code="conflict")
    if code in CALLERS_FAULTS:
        return UsageError(message, code=code)
    if code.startswith("stash"):
        return SetupError(message, code=code)
    return StashAIError(message, code=code)


def batch_status(job: JobRow) -> BatchJobStatus:
    done, total = job.tests_completed, max(job.total_tests_planned, job.tests_completed)
    left = None
    if job.status == "processing" and job.started_at and 0 < done < total:
        left = moment(job.started_at + (job.updated_at - job.started_at) * total / done)
    return BatchJobStatus.model_validate(
        {
            "job_id": job.job_id,
            "status": ProcessingStatus(job.status),
            "total_items": total,
            "processed_items": done,
            "failed_items": job.tests_error,
            "progress_percentage": min(100.0, max(0.0, job.progress_percentage)),
            "started_at": moment(job.started_at),
            "estimated_completion": left,
        }
    )

"""From requests to jobs and from jobs to answers, between the routes and the ledger."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
from anyio import to_thread

from stashai.contracts.batch import BatchJobStatus
from stashai.contracts.common import BaseRequest, ImageData, StashEntity
from stashai.contracts.enums import ProcessingStatus
from stashai.contracts.recognition import FacialRecognitionRequest, GalleryIdentificationRequest
from stashai.errors import StashAIError, UsageError
from stashai.processors.entities import EntityParams, WantedEntity
from stashai.tracking.records import JobRequest, JobRow

from .events import moment
from .state import WorkerState

POLL_SECONDS = 0.05


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
                upload=await _spooled(image.base64, "jpeg", state) if image.base64 else None,
            )
            for image in request.images
        ]
    return entity


async def entity_of(entity: StashEntity, picture: ImageData | None, state: WorkerState) -> WantedEntity:
    upload = await _spooled(picture.data, picture.format, state) if picture else None
    if upload is None and entity.metadata and isinstance(entity.metadata.get("upload"), str):
        upload = entity.metadata["upload"]
    return WantedEntity(type=entity.type, id=entity.id, title=entity.title, path=entity.path, upload=upload)


async def _spooled(data: str, kind: str, state: WorkerState) -> str:
    """Base64 or a data URL into the spool. Raises UsageError for what is neither."""
    encoded = data.partition(",")[2] if data.startswith("data:") else data
    try:
        content = await to_thread.run_sync(lambda: base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as error:
        raise UsageError("The picture in the request is not valid base64.", code="bad-picture") from error

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    return await state.spool.store(chunks(), f"picture.{kind}")


def entity_job(
    entities: Sequence[WantedEntity], request: BaseRequest, state: WorkerState, threshold: float, top: int, **more: Any
) -> JobRequest:
    """The job of an identify or batch request. The threshold is the request's; candidates below it are told, too."""
    engine = state.core.engine()
    params = EntityParams(entities=list(entities), threshold=threshold, top=top, embedders=engine.installed_embedders, **more)
    first = entities[0]
    return JobRequest(
        processor="entities.identify",
        action_type=_ACTIONS.get(first.type, "facial_recognition") if len(entities) == 1 else "facial_recognition",
        config=params.model_dump_json(),
        name=f"Identify {first.type} {first.title or first.id}" if len(entities) == 1 else f"Identify {len(entities)} entities",
        entity_type=first.type if len(entities) == 1 else None,
        entity_id=first.id if len(entities) == 1 else None,
        entity_name=first.title,
        planned=len(entities),
        priority=request.priority,
        idempotency_key=request.request_id,
        client_id=request.client_id,
        timeout=float(request.timeout) if len(entities) == 1 else None,
    )


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


def known_job(state: WorkerState, job_id: str) -> JobRow:
    """The job. Raises UsageError (404) for one that is not there."""
    job = state.core.ledger.job(job_id)
    if job is None:
        raise UsageError(f"There is no job {job_id!r}.", code="not-found")
    return job


def failure_of(state: WorkerState, job: JobRow) -> StashAIError:
    """Why a job of one item failed, as the error that its route answers with."""
    items = state.core.ledger.items(job.job_id, limit=1)
    code = items[0].error_type if items and items[0].error_type else job.error_code or "failed"
    message = items[0].error_message if items and items[0].error_message else job.error_message or f"The job was {job.status}."
    if job.status == "cancelled":
        return StashAIError(f"The job was cancelled: {job.cancel_reason or 'asked to'}.", code="conflict")
    if code in _CALLERS_FAULTS:
        return UsageError(message, code=code)
    return StashAIError(message, code=code)


_CALLERS_FAULTS = frozenset(
    [
        "empty-file",
        "not-a-picture",
        "damaged",
        "truncated",
        "too-large",
        "missing-file",
        "no-permission",
        "not-media",
        "not-a-video",
        "no-video",
        "unknown-codec",
        "unreadable-file",
        "no-way-to-media",
        "upload-gone",
        "missing-entity",
        "empty-gallery",
        "unreadable-media",
        "undecodable",
    ]
)


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

"""Who is in it: images, scenes, galleries, and two faces compared. Small things are answered directly, large ones by a job id."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from stashai.contracts.common import ImageData
from stashai.contracts.recognition import (
    AIModelInfo,
    FaceComparisonRequest,
    FaceComparisonResponse,
    FacialRecognitionRequest,
    FacialRecognitionResponse,
    GalleryIdentificationRequest,
    SceneIdentificationRequest,
)
from stashai.errors import StashAIError
from stashai.processors.compare import CompareParams, Comparison, FaceSource
from stashai.processors.entities import EntityFindings, WantedEntity
from stashai.tracking.records import JobRequest, JobRow

from ..forwarding import Forwarded, ForwardParams, ForwardRecognition, ServiceDownError
from ..jobs import accepted, asked_with, ended_in_time, identification, patience, spooled, wanted
from ..state import WorkerState
from ..translate import comparison_response, gallery_results, response_of
from .asking import ACCEPTED, FAILURES, State, Submit, Submitter, Wait

router = APIRouter(prefix="/facial-recognition", tags=["facial recognition"])


async def _identify(
    request: FacialRecognitionRequest, state: WorkerState, submit: Submitter, wait: float | None
) -> FacialRecognitionResponse | JSONResponse:
    entity = await wanted(request, state)
    elsewhere = await _elsewhere(request, entity, state, submit, wait)
    if elsewhere is not None:
        return elsewhere
    taken = await submit(await to_thread.run_sync(identification, request, entity, state))
    job = await ended_in_time(state, taken.job_id, patience(request, wait))
    if job is None:
        return await accepted(state, taken.job_id)
    return await to_thread.run_sync(_response, job, request, state)


async def _elsewhere(
    request: FacialRecognitionRequest, entity: WantedEntity, state: WorkerState, submit: Submitter, wait: float | None
) -> FacialRecognitionResponse | JSONResponse | None:
    """The answer of a less loaded service; None when there is none, or when it and the next one failed: then it is done here."""
    path = f"{router.prefix}/identify-{request.entity.type}"
    if entity.images or not await to_thread.run_sync(state.less_loaded_elsewhere):
        return None
    body = request.model_dump(mode="json", exclude={"image_data", "batch_job_id", "request_id"}, exclude_unset=True)
    params = ForwardParams(entity=entity, path=path, body=body, timeout=float(request.timeout))
    job = JobRequest(
        processor=ForwardRecognition.id,
        action_type="facial_recognition",
        config=params.model_dump_json(),
        name=f"Identify {entity.type} {entity.title or entity.id} elsewhere",
        entity_type=entity.type,
        entity_id=entity.id,
        entity_name=entity.title,
        planned=1,
        **{**asked_with(request), "idempotency_key": request.request_id and f"{request.request_id}@elsewhere"},
    )
    taken = await submit(job)
    try:
        row = await ended_in_time(state, taken.job_id, patience(request, wait))
    except StashAIError as error:
        if error.code != ServiceDownError.code:
            raise
        return None
    if row is None:
        return await accepted(state, taken.job_id)
    items = await to_thread.run_sync(state.core.ledger.items, row.job_id)
    said = Forwarded.model_validate_json(items[0].response_data or "{}")
    return FacialRecognitionResponse.model_validate({**said.response, "request_id": request.request_id, "service_name": said.service})


def _response(job: JobRow, request: FacialRecognitionRequest, state: WorkerState) -> FacialRecognitionResponse:
    item = state.core.ledger.items(job.job_id, limit=1)[0]
    found = EntityFindings.model_validate_json(item.response_data or "{}")
    people = {person.id: person for person in state.core.stores.people.people()}
    response = response_of(found.findings, people, request.threshold, request.max_results)
    if request.entity.type == "gallery":
        response = gallery_results(found, people, request.threshold, request.max_results)
    response.entity = request.entity
    response.request_id = request.request_id
    response.service_name = "stashai"
    response.processing_time = job.processing_time_seconds
    response.message = f"{len(response.performers)} known people, {len(response.faces)} faces."
    response.ai_model_info = response.ai_model_info or AIModelInfo()
    return response


@router.post("/identify-image", response_model=FacialRecognitionResponse, responses={**FAILURES, **ACCEPTED})
async def identify_image(
    request: FacialRecognitionRequest, state: State, submit: Submit, wait: Wait = None
) -> FacialRecognitionResponse | JSONResponse:
    """Who is in one picture."""
    return await _identify(request, state, submit, wait)


@router.post("/identify-scene", response_model=FacialRecognitionResponse, responses={**FAILURES, **ACCEPTED})
async def identify_scene(
    request: SceneIdentificationRequest, state: State, submit: Submit, wait: Wait = None
) -> FacialRecognitionResponse | JSONResponse:
    """Who is in a scene: by its frames, or by its screenshots alone."""
    return await _identify(request, state, submit, wait)


@router.post("/identify-gallery", response_model=FacialRecognitionResponse, responses={**FAILURES, **ACCEPTED})
async def identify_gallery(
    request: GalleryIdentificationRequest, state: State, submit: Submit, wait: Wait = None
) -> FacialRecognitionResponse | JSONResponse:
    """Who is in a gallery, by how often."""
    return await _identify(request, state, submit, wait)


@router.post("/compare-faces", response_model=FaceComparisonResponse, responses={**FAILURES, **ACCEPTED})
async def compare_faces(
    request: FaceComparisonRequest, state: State, submit: Submit, wait: Wait = None
) -> FaceComparisonResponse | JSONResponse:
    """Whether two people (known ones, or those of two pictures) look like one."""
    params = CompareParams(
        first=await _side(request.performer1_id, request.image1_data, state),
        second=await _side(request.performer2_id, request.image2_data, state),
        families=request.comparison_models,
    )
    job = JobRequest(
        processor="faces.compare",
        action_type="face_comparison",
        config=params.model_dump_json(),
        name=f"Compare {request.performer1_id or 'a picture'} with {request.performer2_id or 'a picture'}",
        planned=1,
        **asked_with(request),
    )
    taken = await submit(job)
    row = await ended_in_time(state, taken.job_id, patience(request, wait))
    if row is None:
        return await accepted(state, taken.job_id)
    return await to_thread.run_sync(_comparison, row, request, state)


async def _side(person: str | None, picture: ImageData | None, state: WorkerState) -> FaceSource:
    return FaceSource(person=person, upload=await spooled(picture, state) if picture else None)


def _comparison(job: JobRow, request: FaceComparisonRequest, state: WorkerState) -> FaceComparisonResponse:
    item = state.core.ledger.items(job.job_id, limit=1)[0]
    people = {person.id: person for person in state.core.stores.people.people()}
    response = comparison_response(Comparison.model_validate_json(item.response_data or "{}"), people)
    response.request_id = request.request_id
    response.service_name = "stashai"
    response.processing_time = job.processing_time_seconds
    return response

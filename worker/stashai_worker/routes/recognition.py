"""Who is in it: images, scenes, galleries, and two faces compared. Small things are answered directly, large ones by a job id."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from stashai.contracts.recognition import (
    AIModelInfo,
    FaceComparisonRequest,
    FaceComparisonResponse,
    FacialRecognitionRequest,
    FacialRecognitionResponse,
    GalleryIdentificationRequest,
    SceneIdentificationRequest,
)
from stashai.processors.compare import CompareParams, Comparison, FaceSource
from stashai.processors.entities import EntityFindings
from stashai.tracking.records import JobRequest, JobRow

from ..jobs import batch_status, entity_job, failure_of, finished, wanted
from ..state import WorkerState
from ..translate import comparison_response, gallery_results, response_of
from .asking import ACCEPTED, FAILURES, State, Submit, Wait

router = APIRouter(prefix="/facial-recognition", tags=["facial recognition"])


async def answer(
    job: JobRow, request: FacialRecognitionRequest, state: WorkerState, wait: float | None
) -> FacialRecognitionResponse | JSONResponse:
    """The answer when the job ends in time, else 202 with its status. A failure is raised with its true status."""
    job = await finished(state, job.job_id, request.timeout if wait is None else wait)
    if not job.ended:
        return JSONResponse(batch_status(job).model_dump(mode="json"), status_code=202)
    if job.status != "completed":
        raise await to_thread.run_sync(failure_of, state, job)
    return await to_thread.run_sync(_response, job, request, state)


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


async def _identify(
    request: FacialRecognitionRequest, state: WorkerState, submit: Submit, wait: float | None, frames: str = "auto"
) -> FacialRecognitionResponse | JSONResponse:
    entity = await wanted(request, state)
    job = entity_job([entity], request, state, request.threshold, request.max_results, frames=frames)
    row = await submit(job)
    return await answer(row, request, state, wait)


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
    """Who is in a scene. `analyze_frames` false looks at few frames only."""
    return await _identify(request, state, submit, wait, "auto" if request.analyze_frames else "keyframes")


@router.post("/identify-gallery", response_model=FacialRecognitionResponse, responses={**FAILURES, **ACCEPTED})
async def identify_gallery(
    request: GalleryIdentificationRequest, state: State, submit: Submit, wait: Wait = None
) -> FacialRecognitionResponse | JSONResponse:
    """Who is in a gallery, by how often."""
    return await _identify(request, state, submit, wait)


@router.post("/compare-faces", response_model=FaceComparisonResponse, responses=FAILURES)
async def compare_faces(
    request: FaceComparisonRequest, state: State, submit: Submit, wait: Wait = None
) -> FaceComparisonResponse | JSONResponse:
    """Whether two known people look like one."""
    params = CompareParams(
        first=FaceSource(person=request.performer1_id),
        second=FaceSource(person=request.performer2_id),
        families=request.comparison_models,
    )
    job = JobRequest(
        processor="faces.compare",
        action_type="face_comparison",
        config=params.model_dump_json(),
        name=f"Compare {request.performer1_id} with {request.performer2_id}",
        planned=1,
        priority=request.priority,
        idempotency_key=request.request_id,
        client_id=request.client_id,
        timeout=float(request.timeout),
    )
    row = await finished(state, (await submit(job)).job_id, request.timeout if wait is None else wait)
    if not row.ended:
        return JSONResponse(batch_status(row).model_dump(mode="json"), status_code=202)
    if row.status != "completed":
        raise await to_thread.run_sync(failure_of, state, row)
    return await to_thread.run_sync(_comparison, row, request, state)


def _comparison(job: JobRow, request: FaceComparisonRequest, state: WorkerState) -> FaceComparisonResponse:
    item = state.core.ledger.items(job.job_id, limit=1)[0]
    people = {person.id: person for person in state.core.stores.people.people()}
    response = comparison_response(Comparison.model_validate_json(item.response_data or "{}"), people)
    response.request_id = request.request_id
    response.service_name = "stashai"
    response.processing_time = job.processing_time_seconds
    return response

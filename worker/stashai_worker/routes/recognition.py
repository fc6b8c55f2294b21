"""Who is in it: images, scenes, galleries, and two faces compared. Small things are answered directly, large ones by a job id."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from stashai.contracts.common import ImageData
from stashai.contracts.enums import AIActionType, ServiceType
from stashai.contracts.recognition import (
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

from ..jobs import accepted, asked_with, ended_in_time, identification, patience, spooled, wanted
from ..routing import Asked, somewhere
from ..state import WorkerState
from ..translate import comparison_response, gallery_results, response_of
from .asking import ACCEPTED, FAILURES, Direct, State, Submit, Submitter, Wait

router = APIRouter(prefix="/facial-recognition", tags=["facial recognition"])


async def _identify(
    route: str, request: FacialRecognitionRequest, state: WorkerState, submit: Submitter, wait: float | None, direct: bool
) -> FacialRecognitionResponse | JSONResponse:
    async def here() -> FacialRecognitionResponse | JSONResponse:
        entity = await wanted(request, state)
        taken = await submit(await to_thread.run_sync(identification, request, entity, state))
        job = await ended_in_time(state, taken.job_id, patience(request, wait))
        if job is None:
            return await accepted(state, taken.job_id)
        return await to_thread.run_sync(_response, job, request, state)

    entity = (request.entity.type, request.entity.id)
    asked = Asked(request, f"{router.prefix}/{route}", ServiceType.FACIAL_RECOGNITION, wait, direct, entity)
    return await somewhere(asked, state, submit, FacialRecognitionResponse, here)


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
    known, faces = len(response.performers), len(response.faces)
    response.message = f"{known} known {'person' if known == 1 else 'people'}, {faces} face{'' if faces == 1 else 's'}."
    return response


@router.post("/identify-image", response_model=FacialRecognitionResponse, responses={**FAILURES, **ACCEPTED})
async def identify_image(
    request: FacialRecognitionRequest, state: State, submit: Submit, direct: Direct, wait: Wait = None
) -> FacialRecognitionResponse | JSONResponse:
    """Who is in one picture."""
    return await _identify("identify-image", request, state, submit, wait, direct)


@router.post("/identify-scene", response_model=FacialRecognitionResponse, responses={**FAILURES, **ACCEPTED})
async def identify_scene(
    request: SceneIdentificationRequest, state: State, submit: Submit, direct: Direct, wait: Wait = None
) -> FacialRecognitionResponse | JSONResponse:
    """Who is in a scene: by its frames, or by its screenshots alone."""
    return await _identify("identify-scene", request, state, submit, wait, direct)


@router.post("/identify-gallery", response_model=FacialRecognitionResponse, responses={**FAILURES, **ACCEPTED})
async def identify_gallery(
    request: GalleryIdentificationRequest, state: State, submit: Submit, direct: Direct, wait: Wait = None
) -> FacialRecognitionResponse | JSONResponse:
    """Who is in a gallery, by how often."""
    return await _identify("identify-gallery", request, state, submit, wait, direct)


@router.post("/compare-faces", response_model=FaceComparisonResponse, responses={**FAILURES, **ACCEPTED})
async def compare_faces(
    request: FaceComparisonRequest, state: State, submit: Submit, direct: Direct, wait: Wait = None
) -> FaceComparisonResponse | JSONResponse:
    """Whether two people (known ones, or those of two pictures) look like one. Somebody's id means them here alone."""

    async def here() -> FaceComparisonResponse | JSONResponse:
        taken = await submit(await _comparing(request, state))
        row = await ended_in_time(state, taken.job_id, patience(request, wait))
        if row is None:
            return await accepted(state, taken.job_id)
        return await to_thread.run_sync(_comparison, row, request, state)

    known_here = request.performer1_id is not None or request.performer2_id is not None
    asked = Asked(request, f"{router.prefix}/compare-faces", AIActionType.FACE_COMPARISON, wait, direct and not known_here)
    return await somewhere(asked, state, submit, FaceComparisonResponse, here)


async def _comparing(request: FaceComparisonRequest, state: WorkerState) -> JobRequest:
    params = CompareParams(
        first=await _side(request.performer1_id, request.image1_data, state),
        second=await _side(request.performer2_id, request.image2_data, state),
        families=request.comparison_models,
    )
    return JobRequest(
        processor="faces.compare",
        action_type="face_comparison",
        config=params.model_dump_json(),
        name=f"Compare {request.performer1_id or 'a picture'} with {request.performer2_id or 'a picture'}",
        planned=1,
        **asked_with(request),
    )


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

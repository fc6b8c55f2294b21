"""What is in it, and what its file says."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from stashai.contracts.content import ContentAnalysisRequest, ContentAnalysisResponse
from stashai.processors.content import Content, ContentParams
from stashai.tracking.records import JobRequest

from ..jobs import accepted, ended_in_time, entity_of, patience
from ..state import WorkerState
from .asking import ACCEPTED, FAILURES, State, Submit, Wait

router = APIRouter(prefix="/content-analysis", tags=["content analysis"])


async def _analyze(
    processor: str, request: ContentAnalysisRequest, state: WorkerState, submit: Submit, wait: float | None
) -> ContentAnalysisResponse | JSONResponse:
    entity = await entity_of(request.entity, request.image_data, state)
    params = ContentParams(
        entities=[entity],
        analysis_types=list(request.analysis_types),
        generate_tags=request.generate_tags,
        extract_metadata=request.extract_metadata,
    )
    job = JobRequest(
        processor,
        "content_analysis",
        config=params.model_dump_json(),
        name=f"Analyse {entity.type} {entity.title or entity.id}",
        entity_type=entity.type,
        entity_id=entity.id,
        entity_name=entity.title,
        planned=1,
        priority=request.priority,
        idempotency_key=request.request_id,
        client_id=request.client_id,
        timeout=request.limit,
    )
    taken = await submit(job)
    row = await ended_in_time(state, taken.job_id, patience(request, wait))
    if row is None:
        return await accepted(state, taken.job_id)
    items = await to_thread.run_sync(state.core.ledger.items, row.job_id)
    content = Content.model_validate_json(items[0].response_data or "{}")
    return ContentAnalysisResponse(
        success=True,
        request_id=request.request_id,
        processing_time=row.processing_time_seconds,
        service_name="stashai",
        **content.model_dump(),
    )


@router.post("/analyze-scene", response_model=ContentAnalysisResponse, responses={**FAILURES, **ACCEPTED})
async def analyze_scene(
    request: ContentAnalysisRequest, state: State, submit: Submit, wait: Wait = None
) -> ContentAnalysisResponse | JSONResponse:
    """How many people, how good the picture, what kind of medium."""
    return await _analyze("content.analyze", request, state, submit, wait)


@router.post("/extract-metadata", response_model=ContentAnalysisResponse, responses={**FAILURES, **ACCEPTED})
async def extract_metadata(
    request: ContentAnalysisRequest, state: State, submit: Submit, wait: Wait = None
) -> ContentAnalysisResponse | JSONResponse:
    """What the file says of itself."""
    return await _analyze("metadata.extract", request, state, submit, wait)

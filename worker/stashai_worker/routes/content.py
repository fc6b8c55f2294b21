"""What is in it, and what its file says."""

from __future__ import annotations

from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from stashai.contracts.content import ContentAnalysisRequest, ContentAnalysisResponse
from stashai.contracts.enums import ServiceType
from stashai.processors.content import Content, ContentParams
from stashai.tracking.records import JobRequest

from ..jobs import accepted, asked_with, ended_in_time, entity_of, patience
from ..routing import Asked, somewhere
from ..state import WorkerState
from ..upcoming import first_items
from .asking import ACCEPTED, FAILURES, Direct, State, Submit, Wait

router = APIRouter(prefix="/content-analysis", tags=["content analysis"])


async def _analyze(
    processor: str, asked: Asked, request: ContentAnalysisRequest, state: WorkerState, submit: Submit
) -> ContentAnalysisResponse | JSONResponse:
    async def here() -> ContentAnalysisResponse | JSONResponse:
        taken = await submit(await _analysis(processor, request, state))
        row = await ended_in_time(state, taken.job_id, patience(request, asked.wait))
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

    return await somewhere(asked, state, submit, ContentAnalysisResponse, here)


async def _analysis(processor: str, request: ContentAnalysisRequest, state: WorkerState) -> JobRequest:
    entity = await entity_of(request.entity, request.image_data, state)
    params = ContentParams(
        entities=[entity],
        analysis_types=list(request.analysis_types),
        generate_tags=request.generate_tags,
        extract_metadata=request.extract_metadata,
    )
    return JobRequest(
        processor,
        "content_analysis",
        config=params.model_dump_json(),
        name=f"Analyse {entity.type} {entity.title or entity.id}",
        entity_type=entity.type,
        entity_id=entity.id,
        entity_name=entity.title,
        planned=1,
        items=await to_thread.run_sync(first_items, processor, params, state.core),
        **asked_with(request),
    )


def _asked(request: ContentAnalysisRequest, route: str, capability: str, wait: float | None, direct: bool) -> Asked:
    entity = (request.entity.type, request.entity.id)
    return Asked(request, f"{router.prefix}/{route}", capability, wait, direct, entity)


@router.post("/analyze-scene", response_model=ContentAnalysisResponse, responses={**FAILURES, **ACCEPTED})
async def analyze_scene(
    request: ContentAnalysisRequest, state: State, submit: Submit, direct: Direct, wait: Wait = None
) -> ContentAnalysisResponse | JSONResponse:
    """How many people, how good the picture, what kind of medium."""
    asked = _asked(request, "analyze-scene", ServiceType.CONTENT_ANALYSIS, wait, direct)
    return await _analyze("content.analyze", asked, request, state, submit)


@router.post("/extract-metadata", response_model=ContentAnalysisResponse, responses={**FAILURES, **ACCEPTED})
async def extract_metadata(
    request: ContentAnalysisRequest, state: State, submit: Submit, direct: Direct, wait: Wait = None
) -> ContentAnalysisResponse | JSONResponse:
    """What the file says of itself."""
    asked = _asked(request, "extract-metadata", ServiceType.METADATA_EXTRACTION, wait, direct)
    return await _analyze("metadata.extract", asked, request, state, submit)

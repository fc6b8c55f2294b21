"""Requests and results of content analysis and metadata extraction."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from .common import BaseRequest, BaseResponse, ImageData, Probability, StashEntity

AnalysisType = Literal["tags", "categories", "quality"]


class ContentAnalysisRequest(BaseRequest):
    entity: StashEntity
    image_data: ImageData | None = None
    analysis_types: list[AnalysisType] = ["tags", "categories", "quality"]
    generate_tags: bool = True
    extract_metadata: bool = True


class TagSpan(BaseModel):
    """Seconds from the start."""

    start: float
    end: float


class ContentTag(BaseModel):
    name: str
    confidence: Probability
    category: str | None = None
    spans: list[TagSpan] | None = None


class ContentAnalysisResponse(BaseResponse):
    tags: list[ContentTag] = []
    categories: list[str] = []
    quality_score: float | None = None
    technical_metadata: dict[str, Any] | None = None

"""Batches: one job over many entities."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from .common import BaseRequest, StashEntity
from .enums import ProcessingStatus


class BatchRequest(BaseRequest):
    """`operation` is the last segment of a route (`identify-image`) or a processor's id. At most `batch_size` entities are
    worked on at once, without `parallel_processing` one."""

    entities: list[StashEntity] = Field(min_length=1, max_length=100_000)
    operation: str = Field(max_length=100)
    batch_size: int = Field(default=10, ge=1, le=100)
    parallel_processing: bool = True


class BatchJobStatus(BaseModel):
    """`processed_items` counts all that ended, `failed_items` those that could not run."""

    job_id: str
    status: ProcessingStatus
    total_items: int
    processed_items: int
    failed_items: int
    progress_percentage: float
    started_at: datetime | None = None
    estimated_completion: datetime | None = None

"""What every request and every answer of the API carries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


def utc_now() -> datetime:
    return datetime.now(UTC)


class StashEntity(BaseModel):
    """Something in Stash (or, with `path`, a file): `type` is an EntityType or one that a third party registered."""

    id: str = Field(max_length=4096)
    type: str = Field(max_length=64)
    title: str | None = Field(default=None, max_length=4096)
    path: str | None = Field(default=None, max_length=16384)
    metadata: dict[str, Any] | None = None


class BaseRequest(BaseModel):
    """`request_id` is an idempotency key: the same one gives the same job. `priority` 1 is the highest of 1 to 10.

    `timeout` is in seconds: how long the answer is waited for. One that a request names is the work's limit, too (the job
    fails with code timeout); without one, work that takes longer goes on and is answered by its job's id."""

    model_config = ConfigDict(extra="ignore")

    request_id: str | None = Field(default=None, max_length=200)
    client_id: str | None = Field(default=None, max_length=200)
    priority: int = Field(default=1, ge=1, le=10)
    timeout: int = Field(default=30, ge=5, le=300)

    @property
    def limit(self) -> float | None:
        """Seconds that the work may run; None when the request names none."""
        return float(self.timeout) if "timeout" in self.model_fields_set else None


class BaseResponse(BaseModel):
    """`processing_time` is in seconds."""

    success: bool
    message: str | None = None
    error: str | None = None
    request_id: str | None = None
    processing_time: float | None = None
    service_name: str | None = None
    timestamp: datetime = Field(default_factory=utc_now)


class ErrorResponse(BaseModel):
    """Every failure of the API, with the true HTTP status beside it. `job_id` names the job that a conflict is with."""

    success: bool = False
    error: str
    code: str
    message: str
    request_id: str | None = None
    job_id: str | None = None
    timestamp: datetime = Field(default_factory=utc_now)


class ImageData(BaseModel):
    """A picture in a request: `data` is base64 or a data URL."""

    data: str
    format: str = "jpeg"

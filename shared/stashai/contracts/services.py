"""How services and their health are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from .enums import ServiceStatus


class ServiceInfo(BaseModel):
    """`type` is a ServiceType, or "worker" or "visage" for what speaks those APIs; `error` says why a broken one is broken,
    `latency` is in seconds, `error_rate` a share of the newest calls. `parameters` are those of a service that was added to this
    worker, by name what is taken when nothing is said."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[^/\x00]+$")
    type: str = Field(max_length=100)
    version: str = Field(default="", max_length=100)
    endpoint: str = Field(max_length=1000)
    health_check_url: str = Field(default="", max_length=1000)
    capabilities: list[str] = Field(default=[], max_length=100)
    status: ServiceStatus = ServiceStatus.UNKNOWN
    last_health_check: datetime | None = None
    error: str | None = None
    latency: float | None = None
    error_rate: float | None = None
    parameters: dict[str, Any] | None = None


class HealthMetrics(BaseModel):
    total_services: int
    healthy_services: int
    active_batch_jobs: int
    queue_status: dict[str, Any]


class HealthCheckResponse(BaseModel):
    """`uptime` is in seconds."""

    service_name: str
    status: ServiceStatus
    version: str
    uptime: float
    dependencies: dict[str, str] | None = None
    metrics: HealthMetrics | None = None

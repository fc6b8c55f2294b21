"""How services and their health are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from .enums import ServiceStatus


class ServiceInfo(BaseModel):
    name: str
    type: str
    version: str
    endpoint: str
    health_check_url: str
    capabilities: list[str] = []
    status: ServiceStatus = ServiceStatus.UNKNOWN
    last_health_check: datetime | None = None


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

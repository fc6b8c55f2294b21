"""Rows of jobs and items as routes and sockets tell them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from stashai.tracking.records import ItemRow, JobRow

_JOB_COLUMNS = (
    "processing_time_seconds", "service_name", "ai_model", "total_tests_planned", "tests_completed", "tests_passed", "tests_failed",
    "tests_error", "overall_result", "performers_found_total", "error_message", "cancel_reason", "attempt", "retries",
)  # fmt: skip
_JOB_JSON = ("confidence_scores_summary", "tags_applied_summary", "results_summary")


def moment(seconds: float | None) -> str | None:
    """An ISO time of seconds since the epoch."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def job_view(job: JobRow) -> dict[str, Any]:
    """A job as sockets and routes tell it."""
    return {
        "job_id": job.job_id,
        "job_name": job.job_name,
        "job_type": job.processor,
        "entity_type": job.entity_type,
        "entity_id": job.entity_id,
        "entity_name": job.entity_name,
        "action_type": job.action_type,
        "status": job.status,
        "priority": job.priority,
        "client_id": job.client_id,
        "request_id": job.idempotency_key,
        "timeout": job.timeout,
        "submitted_at": moment(job.created_at),
        "started_at": moment(job.started_at),
        "completed_at": moment(job.completed_at),
        "processing_time": job.processing_time_seconds,
        "current": job.tests_completed,
        "total": job.total_tests_planned,
        "failed_items": job.tests_error,
        "progress_percentage": job.progress_percentage,
        "message": job.message,
        "error": job.error_message,
        "error_code": job.error_code,
    }


def job_row(job: JobRow) -> dict[str, Any]:
    """`job_view` and the columns of the job's row by their own names, without what may be large (job_config, error_details)."""
    columns = {name: getattr(job, name) for name in _JOB_COLUMNS}
    parsed = {name: _parsed(getattr(job, name)) for name in _JOB_JSON}
    return {**job_view(job), **columns, **parsed, "created_at": moment(job.created_at)}


def whole_job(job: JobRow) -> dict[str, Any]:
    """`job_row` with what may be large."""
    return {**job_row(job), "job_config": _parsed(job.job_config), "error_details": job.error_details}


def item_view(item: ItemRow, job_id: str) -> dict[str, Any]:
    """An item's row with its JSON columns parsed, its times as ISO and its job by the id that routes take."""
    view = {**asdict(item), "job": job_id}
    for column in ("response_data", "confidence_scores", "tags_applied", "evaluation_criteria"):
        view[column] = _parsed(view[column])
    for column in ("created_at", "started_at", "completed_at"):
        view[column] = moment(view[column])
    del view["id"]
    return view


def _parsed(column: str | None) -> Any:
    return json.loads(column) if column else None

"""Failures as HTTP tells them: the true status, and always the same envelope."""

from __future__ import annotations

import json
import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from stashai.contracts.common import ErrorResponse
from stashai.errors import MediaError, ModelError, SetupError, StashAIError, StorageError, UsageError

logger = logging.getLogger(__name__)


class BodyTooLargeError(Exception):
    """Raised inside the application's `receive` once the body passes the limit."""


_STATUS: tuple[tuple[type[StashAIError], int], ...] = (
    (UsageError, 400),
    (MediaError, 400),
    (SetupError, 503),
    (ModelError, 503),
    (StorageError, 503),
)
_BY_CODE = {
    "not-found": 404,
    "unknown-job": 404,
    "missing-entity": 404,
    "duplicate": 409,
    "conflict": 409,
    "too-large": 413,
    "forbidden": 403,
    "busy": 503,
    "service-down": 503,
    "timeout": 504,
}

CALLERS_FAULTS = frozenset(
    [
        "empty-file",
        "not-a-picture",
        "damaged",
        "truncated",
        "too-large",
        "missing-file",
        "no-permission",
        "not-media",
        "not-a-video",
        "no-video",
        "unknown-codec",
        "unreadable-file",
        "no-way-to-media",
        "upload-gone",
        "missing-entity",
        "empty-gallery",
        "unreadable-media",
        "undecodable",
        "no-single-face",
        "no-face",
        "no-model",
        "ambiguous",
        "not-found",
        "no-file",
        "bad-parameters",
    ]
)
"""Codes of a job's failure that are for its caller to mend."""


def status_of(error: StashAIError) -> int:
    """The HTTP status of a failure: by its code where that says more than its class."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


class DuplicateError(StashAIError):
    """An equal request is being worked on, as the job that this names."""

    code = "duplicate"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"The same request is being worked on as job {job_id}.")
        self.job_id = job_id


def refusal(status: int, code: str, message: str, request_id: str | None = None, job_id: str | None = None) -> JSONResponse:
    body = ErrorResponse(error=message, code=code, message=message, request_id=request_id, job_id=job_id)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    left_out = {"job_id"} if job_id is None else set()
    return JSONResponse(body.model_dump(mode="json", exclude=left_out), status_code=status, headers=headers)


async def remember_request_id(request: Request) -> None:
    """A dependency: failures answer with the id that the body (or the header) names."""
    named = request.headers.get("idempotency-key")
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = await request.json()
        except (ValueError, RecursionError):
            body = None
        named = body.get("request_id") or named if isinstance(body, dict) else named
    request.state.request_id = named if isinstance(named, str) else None


def _request_id(request: Request) -> str | None:
    named: str | None = getattr(request.state, "request_id", None)
    return named


def install(app: FastAPI) -> None:
    @app.exception_handler(StashAIError)
    async def expected(request: Request, error: StashAIError) -> JSONResponse:
        job_id = error.job_id if isinstance(error, DuplicateError) else None
        return refusal(status_of(error), error.code, str(error), _request_id(request), job_id)

    @app.exception_handler(BodyTooLargeError)
    async def too_large(request: Request, error: BodyTooLargeError) -> JSONResponse:
        return refusal(413, "too-large", str(error))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return refusal(error.status_code, f"http-{error.status_code}", str(error.detail), _request_id(request))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        """FastAPI's list of details, without echoing what was sent: that may be megabytes, or no text at all."""
        details = [{"type": e["type"], "loc": list(e["loc"]), "msg": e["msg"]} for e in error.errors()]
        return JSONResponse({"detail": json.loads(json.dumps(details, default=str).encode("utf-8", "replace"))}, status_code=422)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return refusal(500, "internal", "The worker failed; its log says how.", _request_id(request))

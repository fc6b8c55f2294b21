"""Failures as HTTP tells them: the true status, and always the same envelope."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
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
_BY_CODE = {"not-found": 404, "duplicate": 409, "conflict": 409, "too-large": 413, "forbidden": 403, "busy": 503, "timeout": 504}


def status_of(error: StashAIError) -> int:
    """The HTTP status of a failure: by its code where that says more than its class."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def refusal(status: int, code: str, message: str, request_id: str | None = None) -> JSONResponse:
    body = ErrorResponse(error=message, code=code, message=message, request_id=request_id)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(body.model_dump(mode="json"), status_code=status, headers=headers)


def install(app: FastAPI) -> None:
    @app.exception_handler(StashAIError)
    async def expected(request: Request, error: StashAIError) -> JSONResponse:
        return refusal(status_of(error), error.code, str(error), request.headers.get("x-request-id"))

    @app.exception_handler(BodyTooLargeError)
    async def too_large(request: Request, error: BodyTooLargeError) -> JSONResponse:
        return refusal(413, "too-large", str(error))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        return refusal(error.status_code, f"http-{error.status_code}", str(error.detail))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return refusal(500, "internal", "The worker failed; its log says how.")

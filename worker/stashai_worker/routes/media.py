"""Uploads: media streamed to the worker's spool, named by their content."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from ..multipart import IncomingFile
from .asking import FAILURES, State

router = APIRouter(prefix="/media", tags=["media"])
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
            }
        },
    }
}


class Uploaded(BaseModel):
    """`upload` goes into an entity's `metadata` as {"upload": …}."""

    upload: str
    bytes: int


@router.post("", status_code=201, response_model=Uploaded, responses=FAILURES, openapi_extra=FORM)
async def upload(request: Request, state: State) -> Uploaded:
    """Keep a picture or a video for a while; the same bytes give the same key."""
    file, total = await IncomingFile.of(request), 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal total
        async for piece in file.pieces():
            total += len(piece)
            yield piece

    key = await state.spool.store(counted(), file.name)
    return Uploaded(upload=key, bytes=total)

"""Uploads: media streamed to the worker's spool, named by their content."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, UploadFile
from pydantic import BaseModel

from .asking import FAILURES, State

router = APIRouter(prefix="/media", tags=["media"])
CHUNK = 1 << 20


class Uploaded(BaseModel):
    """`upload` goes into an entity's `metadata` as {"upload": …}."""

    upload: str
    bytes: int


@router.post("", status_code=201, response_model=Uploaded, responses=FAILURES)
async def upload(file: UploadFile, state: State) -> Uploaded:
    """Keep a picture or a video for a while; the same bytes give the same key."""
    total = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal total
        while chunk := await file.read(CHUNK):
            total += len(chunk)
            yield chunk

    key = await state.spool.store(chunks(), file.filename or "")
    return Uploaded(upload=key, bytes=total)

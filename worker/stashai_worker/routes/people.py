"""Who this worker's ids of people mean, for another worker that asked for something and knows the same people."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query

from ..adopting import Identity, identities
from .asking import FAILURES, State

router = APIRouter(prefix="/people", tags=["services"])
Id = Annotated[str, Query(max_length=200)]


@router.get("", response_model=list[Identity], responses=FAILURES)
async def identify(state: State, id: Annotated[list[Id], Query(max_length=1000)] = []) -> list[Identity]:  # noqa: B006 - its name in the query; never changed
    """Name, where they are from, and the photographs that they were learned from; an id that means nobody, or two, is left out."""
    return await to_thread.run_sync(identities, id, state.core.stores.people)

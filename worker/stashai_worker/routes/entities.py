"""What was done with an entity: interactions and its last run."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field

from stashai.errors import UsageError
from stashai.tracking.interactions import Interaction, Interactions

from ..state import WorkerState
from ..views import job_row, moment
from .asking import FAILURES, State
from .jobs import OFFSET, PAGE

router = APIRouter(tags=["entities"])


def _seconds(said: float | datetime) -> float:
    """Seconds since the epoch; a time that names no zone is in UTC."""
    seconds = said.replace(tzinfo=said.tzinfo or UTC).timestamp() if isinstance(said, datetime) else said
    if not 0 <= seconds <= 1e11:
        raise ValueError("the time lies before 1970 or too far ahead")
    return seconds


class InteractionBody(BaseModel):
    """`timestamp` is as answers tell it (ISO 8601), or in seconds since the epoch; now, when it is left out."""

    entity_type: Annotated[str, Field(max_length=64)]
    entity_id: Annotated[str, Field(max_length=4096)]
    service: Annotated[str, Field(max_length=200)]
    action_type: Annotated[str, Field(max_length=200)]
    session_id: str | None = Field(default=None, max_length=200)
    user_id: str | None = Field(default=None, max_length=200)
    timestamp: Annotated[float | datetime, AfterValidator(_seconds)] | None = None
    interaction_metadata: dict[str, Any] | None = None

    def row(self) -> Interaction:
        metadata = json.dumps(self.interaction_metadata) if self.interaction_metadata is not None else None
        values = self.model_dump(exclude={"interaction_metadata"})
        return Interaction(**values, metadata=metadata)


class InteractionBatch(BaseModel):
    interactions: list[InteractionBody] = Field(max_length=10_000)


def _interactions(state: WorkerState) -> Interactions:
    return Interactions(state.core.ledger.database)


def _view(interaction: Interaction) -> dict[str, Any]:
    view = asdict(interaction)
    view["interaction_metadata"] = json.loads(interaction.metadata) if interaction.metadata else None
    view["timestamp"] = moment(interaction.timestamp)
    del view["metadata"]
    return view


@router.get("/entities/{entity_type}/{entity_id:path}/interactions", response_model=dict[str, Any], responses=FAILURES)
async def of_entity(entity_type: str, entity_id: str, state: State, limit: PAGE = 1000, offset: OFFSET = 0) -> dict[str, Any]:
    rows = await to_thread.run_sync(lambda: _interactions(state).of(entity_type, entity_id, limit=limit, offset=offset))
    return {"interactions": [_view(row) for row in rows]}


@router.get("/entities/{entity_type}/{entity_id:path}/last-run", response_model=dict[str, Any], responses=FAILURES)
async def last_run(entity_type: str, entity_id: str, state: State, action_type: str | None = None) -> dict[str, Any]:
    job = await to_thread.run_sync(state.core.ledger.last_run, entity_type, entity_id, action_type)
    return {"last_run": job_row(job) if job else None}


@router.post("/interactions/track", status_code=201, response_model=dict[str, Any], responses=FAILURES)
async def track(body: InteractionBody, state: State) -> dict[str, Any]:
    number = await to_thread.run_sync(_interactions(state).track, body.row())
    return {"success": True, "id": number}


@router.post("/interactions/sync", response_model=dict[str, Any], responses=FAILURES)
async def sync(body: InteractionBatch, state: State) -> dict[str, Any]:
    """Store those that are not there yet; the same ones may be sent again."""
    numbers = await to_thread.run_sync(_interactions(state).sync, [one.row() for one in body.interactions])
    return {"success": True, "ids": numbers}


@router.get("/interactions/{interaction_id}", response_model=dict[str, Any], responses=FAILURES)
async def get(interaction_id: int, state: State) -> dict[str, Any]:
    if not 0 < interaction_id < 2**63:
        raise UsageError(f"There is no interaction {interaction_id}.", code="not-found")
    found = await to_thread.run_sync(_interactions(state).get, interaction_id)
    if found is None:
        raise UsageError(f"There is no interaction {interaction_id}.", code="not-found")
    return _view(found)

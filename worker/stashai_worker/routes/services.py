"""Which services there are, and setting them aside."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query

from stashai.contracts.services import ServiceInfo

from .asking import FAILURES, State

router = APIRouter(prefix="/services", tags=["services"])


@router.get("", response_model=list[ServiceInfo], responses=FAILURES)
async def list_services(state: State) -> list[ServiceInfo]:
    return await to_thread.run_sync(state.services.all)


@router.post("", status_code=201, response_model=ServiceInfo, responses=FAILURES)
async def register(info: ServiceInfo, state: State) -> ServiceInfo:
    """Add a service on an origin that the configuration allows."""
    return await to_thread.run_sync(state.services.register, info)


@router.delete("/{name}", status_code=204, responses=FAILURES)
async def remove(name: str, state: State) -> None:
    await to_thread.run_sync(state.services.remove, name)


@router.post("/{name}/maintenance", response_model=ServiceInfo, responses=FAILURES)
async def maintenance(name: str, state: State, enabled: Annotated[bool, Query()] = True) -> ServiceInfo:
    return await to_thread.run_sync(state.services.set_maintenance, name, enabled)

"""The application: guards outside, routes inside, upkeep beside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from anyio import CapacityLimiter
from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from stashai import __version__
from stashai.services.core import Core

from . import errors
from .auth import Guard
from .config import WorkerConfig
from .events import Hub
from .limits import BodyLimit
from .media import WorkerMedia
from .rate import RateLimit
from .routes import content, entities, health, jobs, media, metrics, processors, recognition, services, sockets
from .services import Services
from .spool import Spool
from .stash_media import open_stash
from .state import WorkerState
from .upkeep import keep_up

MIB = 2**20


def open_state(config: WorkerConfig) -> WorkerState:
    """The worker's parts, wired. Raises SetupError and StorageError."""
    core = Core(config.core)
    spool = Spool(config.core.data / "spool", config.max_upload * MIB, config.spool_hours)
    core.media = WorkerMedia(config, spool, core.stores.observations, open_stash(config.stash_url, config.stash_api_key))
    return WorkerState(config, core, spool, Services(config, core.registry), Hub(core.ledger, core.ledger.database.now))


def create_app(config: WorkerConfig) -> FastAPI:
    """The ASGI application for `config` (with its token already chosen)."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        state = open_state(config)
        state.health_limiter = CapacityLimiter(4)
        app.state.worker = state
        state.bell.start()
        tasks = [asyncio.create_task(work) for work in (state.hub.run(), keep_up(state), state.services.probe())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            state.stop()

    app = FastAPI(title="StashAI worker", version=__version__, lifespan=lifespan)
    errors.install(app)
    api = APIRouter(prefix="/api/v1")
    for room in (health, recognition, content, jobs, entities, services, media, processors, sockets):
        api.include_router(room.router)
    app.include_router(api)
    app.include_router(health.router)
    app.include_router(sockets.router)
    app.include_router(metrics.router)
    app.add_middleware(RateLimit, rate=config.rate)
    app.add_middleware(BodyLimit, config.max_body * MIB, "/api/v1/media", config.max_upload * MIB)
    if config.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(config.cors_origins), allow_methods=["*"], allow_headers=["authorization", "content-type"]
        )
    app.add_middleware(Guard, config=config)
    return app

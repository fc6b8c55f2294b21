"""The application: guards outside, routes inside, upkeep beside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from stashai import __version__
from stashai.processing.registry import Registry
from stashai.services.core import Core

from . import errors
from .auth import Guard
from .config import WorkerConfig
from .document import described
from .events import Hub
from .forwarding import Elsewhere, WorkerRegistry
from .kept_services import KeptServices
from .limits import BodyLimit
from .media import WorkerMedia
from .opening import Opening
from .rate import RateLimit
from .readiness import Prepare, Readiness, prepare_networks
from .routes import content, entities, health, jobs, media, metrics, page, people, processors, recognition, services, sockets, stash
from .services import Services
from .spool import Spool
from .stash_media import open_stash
from .state import WorkerState
from .upkeep import keep_up

MIB = 2**20


def open_state(config: WorkerConfig, prepare: Prepare = prepare_networks) -> WorkerState:
    """The worker's parts, wired. Raises SetupError and StorageError."""
    registry = WorkerRegistry(folder=config.core.data / "processors")
    core = Core(config.core, registry=registry)
    spool = Spool(config.core.data / "spool", config.max_upload * MIB, config.spool_hours)
    stash = open_stash(config.stash_url, config.stash_api_key)
    core.media = WorkerMedia(config, spool, core.stores.observations, stash)
    readiness = Readiness(core, prepare, stash.problem if stash is not None else None)
    hub = Hub(core.ledger, core.ledger.database.now)
    services = Services(config, registry, KeptServices(config.core.data / "services.json"))
    registry.elsewhere = Elsewhere(services, spool.path)
    return WorkerState(config, core, registry, spool, services, hub, readiness)


async def _work(state: WorkerState) -> None:
    """All that an opened worker does by itself, until cancelled."""
    state.readiness.start()
    state.bell.start()
    await asyncio.gather(state.hub.run(), keep_up(state), state.services.probe(), state.vitals.watch())


def create_app(config: WorkerConfig, prepare: Prepare = prepare_networks) -> FastAPI:
    """The ASGI application for `config` (with its token already chosen). `prepare` makes the networks ready."""
    opening = Opening(lambda: open_state(config, prepare))

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await opening.attempt()
        task = asyncio.create_task(opening.persist(_work))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if opening.made is not None:
                await to_thread.run_sync(opening.made.stop)

    app = FastAPI(title="StashAI worker", version=__version__, lifespan=lifespan)
    app.state.opening = opening
    app.openapi = described(app, lambda: (opening.made.core.registry if opening.made else Registry(group=None)).all())  # type: ignore[method-assign]  # FastAPI's own way to change the document
    errors.install(app)
    api = APIRouter(prefix="/api/v1", dependencies=[Depends(errors.remember_request_id)])
    for room in (health, recognition, content, jobs, entities, people, services, media, stash, processors):
        api.include_router(room.router)
    app.include_router(api)
    app.include_router(sockets.router, prefix="/api/v1")
    app.include_router(health.router)
    app.include_router(sockets.router)
    app.include_router(metrics.router)
    app.include_router(page.router)
    app.add_middleware(RateLimit, rate=config.rate)
    app.add_middleware(BodyLimit, config.max_body * MIB, "/api/v1/media", config.max_upload * MIB)
    if config.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(config.cors_origins), allow_methods=["*"], allow_headers=["authorization", "content-type"]
        )
    app.add_middleware(Guard, config=config)
    return app

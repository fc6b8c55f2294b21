"""What the routes of one worker share, opened when it starts and closed when it stops."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

from anyio import CapacityLimiter
from fastapi import Request

from stashai.errors import StashAIError
from stashai.services.core import Core
from stashai.tracking.records import JobRequest, JobRow

from .config import WorkerConfig
from .events import Hub
from .queueing.huey_queue import Bell, open_huey
from .services import Services
from .spool import Spool

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class WorkerState:
    """`started` is monotonic."""

    config: WorkerConfig
    core: Core
    spool: Spool
    services: Services
    hub: Hub
    bell: Bell = field(init=False)
    started: float = field(default_factory=time.monotonic)
    last_work: float = field(default_factory=time.monotonic)
    health_limiter: CapacityLimiter | None = None
    """Threads of their own for health, so that it answers while all others wait for something."""

    def __post_init__(self) -> None:
        workers = self.config.slots or self.core.settings.cores
        self.bell = Bell(open_huey(self.config.queue_url, self.core.settings.data), self.run, workers)

    def submit(self, request: JobRequest) -> JobRow:
        """Row first, then ring. The same idempotency key gives the same job; an equal job that still runs under another key
        is a conflict. Raises StashAIError (code duplicate) naming the running job."""
        if request.idempotency_key is None or self.core.ledger.job_by_key(request.idempotency_key) is None:
            equal = self.core.ledger.unfinished(request.hash)
            if equal is not None:
                raise StashAIError(f"The same request is being worked on as job {equal.job_id}.", code="duplicate", remedy="")
        job = self.core.ledger.submit(request).job
        if not job.ended:
            self.ring(job)
        return job

    def ring(self, job: JobRow) -> None:
        self.bell.ring(job.job_id, job.priority)

    def run(self, job_id: str) -> None:
        """What a queue's thread does when it is rung for: run the job, unless it ended or somebody else runs it."""
        self.last_work = time.monotonic()
        try:
            self.core.runner().run(job_id)
        except StashAIError as error:
            logger.info("Job %s: %s", job_id, error)
        finally:
            self.last_work = time.monotonic()
            self.core.ledger.database.release()

    def stop(self) -> None:
        """End the queue's threads; jobs that run are put back by whoever comes next."""
        self.bell.stop()
        self.core.close()


def state_of(request: Request) -> WorkerState:
    state: WorkerState = request.app.state.worker
    return state

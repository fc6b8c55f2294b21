"""What the routes of one worker share, opened when it starts and closed when it stops."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from dataclasses import dataclass, field

from fastapi import Request

from stashai.contracts.enums import ServiceStatus
from stashai.contracts.services import HealthMetrics
from stashai.errors import LeaseLost, StashAIError, UsageError
from stashai.services.core import Core
from stashai.tracking.records import JobRequest, JobRow

from .config import WorkerConfig
from .errors import DuplicateError
from .events import Hub
from .opening import Opening
from .queueing.huey_queue import Bell, open_huey
from .readiness import Readiness
from .services import Services
from .spool import Spool
from .vitals import Vitals

logger = logging.getLogger(__name__)

BEHIND = 5
"""How much nicer than the rest of the process work is."""
STOP_SECONDS = 5.0
"""How long jobs may take to stop where they are when the worker ends."""


@dataclass(slots=True)
class WorkerState:
    """`started` is monotonic."""

    config: WorkerConfig
    core: Core
    spool: Spool
    services: Services
    hub: Hub
    readiness: Readiness
    bell: Bell = field(init=False)
    vitals: Vitals = field(init=False)
    started: float = field(default_factory=time.monotonic)
    _working: threading.Condition = field(default_factory=threading.Condition)
    _running: int = 0
    _last_work: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        workers = self.config.slots or self.core.settings.cores
        self.bell = Bell(open_huey(self.config.queue_url, self.core.settings.data), self.run, workers)
        self.vitals = Vitals(self._vital)
        self.vitals.take()

    def submit(self, request: JobRequest) -> JobRow:
        """Row first, then ring. The same idempotency key gives the same job; an equal job that still runs under another key
        is a conflict (DuplicateError), and so is the key of another service's request. Raises UsageError for a service that is
        set aside."""
        ledger = self.core.ledger
        known = ledger.job_by_key(request.idempotency_key) if request.idempotency_key else None
        if known is not None and known.processor == request.processor:
            return known
        if known is not None:
            raise UsageError(f"The request_id belongs to another request, job {known.job_id}.", code="conflict", remedy="Use a new one.")
        if self.services.in_maintenance(request.processor):
            raise UsageError(f"The service {request.processor} is set aside.", code="busy", remedy="Try again later.")
        equal = ledger.unfinished(request.hash)
        if equal is not None:
            raise DuplicateError(equal.job_id)
        job = ledger.submit(request).job
        if not job.ended:
            self.ring(job)
        return job

    def ring(self, job: JobRow) -> None:
        """A queue that is away loses nothing: upkeep rings again for what waits."""
        try:
            self.bell.ring(job.job_id, job.priority)
        except Exception as error:  # noqa: BLE001 - each queue has its own kinds of errors, and the row is there
            logger.warning("The queue cannot be rung: %s: %s", type(error).__name__, error)

    def run(self, job_id: str) -> None:
        """What a queue's thread does when it is rung for: run the job, unless it ended or somebody else runs it."""
        yield_to_answers()
        with self._working:
            self._running += 1
        try:
            self.core.runner(self._at_once(job_id)).run(job_id)
        except (StashAIError, LeaseLost) as error:
            logger.info("Job %s: %s", job_id, error)
        finally:
            self.core.ledger.database.release()
            with self._working:
                self._running -= 1
                self._last_work = time.monotonic()
                self._working.notify_all()

    def unload_if_idle(self) -> bool:
        """Free the networks when nothing used them for STASHAI_IDLE_MINUTES."""
        with self._working:
            idle = not self._running and time.monotonic() - self._last_work > self.config.idle_minutes * 60
            if idle:
                self.core.unload()
                self._last_work = time.monotonic()
        return idle

    def less_loaded_elsewhere(self, capability: str) -> bool:
        """Whether a healthy service elsewhere has fewer jobs than wait or run here; also while nothing can be done here."""
        if self.readiness.networks:
            return True
        load = self.services.least_load(capability)
        return load is not None and load < self.core.ledger.count(status=("pending", "processing"))

    def stop(self) -> None:
        """End the queue's threads; jobs that run stop where they are and wait for whoever comes next."""
        self.readiness.stop()
        self.bell.stop()
        self.core.pause()
        with self._working:
            stopped = self._working.wait_for(lambda: self._running == 0, STOP_SECONDS)
        if stopped:
            self.core.close()
        else:  # a connection must not be closed under a thread that uses it; the process takes it along
            logger.warning("Jobs did not stop within %.0f seconds; whoever comes next goes on with them", STOP_SECONDS)

    def _vital(self) -> tuple[HealthMetrics, bool]:
        """What health tells, and whether any processor can run here."""
        services = self.services.all()
        pending, running = (self.core.ledger.count(status=(status,)) for status in ("pending", "processing"))
        metrics = HealthMetrics(
            total_services=len(services),
            healthy_services=sum(service.status is ServiceStatus.HEALTHY for service in services),
            active_batch_jobs=pending + running,
            queue_status={"pending": pending, "processing": running},
        )
        return metrics, any(listed.state == "ready" for listed in self.core.registry.all())

    def _at_once(self, job_id: str) -> int:
        """How many units of the job run together: as many as there are cores, fewer when the request said so."""
        job = self.core.ledger.job(job_id)
        wanted = json.loads(job.job_config).get(AT_ONCE) if job is not None else None
        cores = self.core.settings.cores
        return min(wanted, cores) if isinstance(wanted, int) and wanted > 0 else cores


def yield_to_answers() -> None:
    """Put the calling thread, and those that it starts, behind the one that answers requests. Linux alone knows it of threads."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, os.getpid()) + BEHIND)


AT_ONCE = "at_once"
"""Beside a processor's own parameters in a job's config: the most units that run together."""


def state_of(request: Request) -> WorkerState:
    """Raises StashAIError (503) with the reason while the worker cannot be opened."""
    opening: Opening[WorkerState] = request.app.state.opening
    return opening.value()

"""What the routes of one worker share, opened when it starts and closed when it stops."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from shutil import disk_usage

from fastapi import Request

from stashai.contracts.enums import ServiceStatus
from stashai.contracts.services import HealthMetrics
from stashai.errors import LeaseLost, StashAIError, StorageError, UsageError
from stashai.processing.base import Processor
from stashai.processing.runner import Runner
from stashai.processors.stash_look import LookForStash
from stashai.services.core import Core
from stashai.tracking.records import JobRequest, JobRow

from .config import WorkerConfig
from .errors import DuplicateError
from .events import Hub
from .forms import capabilities_of
from .forwarding import Forward, WorkerRegistry
from .lending import Lending
from .opening import Opening
from .queueing.huey_queue import Bell, open_huey
from .readiness import Readiness
from .services import Services
from .sharing import UNITS_AT_ONCE, Away, TheirHands, by_lending, by_request
from .spool import Spool
from .vitals import Vitals

logger = logging.getLogger(__name__)

BEHIND = 5
"""How much nicer than the rest of the process work is."""
ANYWHERE = "any"
"""The service of a job that may be done elsewhere while it waits; others are done here."""
LEAST_ROOM = 4 * 2**20
"""Bytes without which the worker says that it cannot serve."""
STOP_SECONDS = 5.0
"""How long jobs may take to stop where they are when the worker ends."""


@dataclass(slots=True)
class WorkerState:
    """`started` is monotonic."""

    config: WorkerConfig
    core: Core
    registry: WorkerRegistry
    spool: Spool
    services: Services
    hub: Hub
    readiness: Readiness
    bell: Bell = field(init=False)
    away: Away = field(init=False)
    lending: Lending = field(init=False)
    vitals: Vitals = field(init=False)
    started: float = field(default_factory=time.monotonic)
    _working: threading.Condition = field(default_factory=threading.Condition)
    _running: int = 0
    _last_work: float = field(default_factory=time.monotonic)
    _came_back: deque[str] = field(default_factory=lambda: deque(maxlen=1000))

    def __post_init__(self) -> None:
        workers = self.config.slots or self.core.settings.cores
        self.bell = Bell(open_huey(self.config.queue_url, self.core.settings.data), self.run, workers)
        self.away = Away(self._run_away)
        self.lending = Lending(self.services, self.core, self.spool.path)
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
        """Have the job done: elsewhere where that is better, else by whichever thread of this queue is free first. A queue that
        is away loses nothing: upkeep rings again for what waits."""
        if self.send_away(job):
            return
        try:
            self.bell.ring(job.job_id, job.priority)
        except Exception as error:  # noqa: BLE001 - each queue has its own kinds of errors, and the row is there
            logger.warning("The queue cannot be rung: %s: %s", type(error).__name__, error)

    def send_away(self, job: JobRow) -> bool:
        """Have a waiting job done elsewhere, if it can be and there is less to do there."""
        can = capabilities_of(job.processor)
        if job.processor != Forward.id and not (self._can_be_shared(job) and self.less_loaded_elsewhere(*can, waiting=1)):
            return False
        return self.away.take(job.job_id)

    def _can_be_shared(self, job: JobRow) -> bool:
        listed = self.registry.find(job.processor)
        whole = listed is None or listed.processor is None or listed.processor.alone is Processor.alone
        return not whole and job.service_name == ANYWHERE and job.job_id not in self._came_back

    def run(self, job_id: str) -> None:
        """What a queue's thread does when it is rung for: run the job, unless it ended or somebody else runs it."""
        yield_to_answers()
        self._run(job_id, lambda: self.core.runner(self._at_once(job_id, self.core.settings.cores)), lambda: "local")

    def _run_away(self, job_id: str) -> None:
        ledger = self.core.ledger
        job = ledger.job(job_id)
        if job is None or self.registry.elsewhere is None:
            return
        ask = by_lending(self.lending) if job.processor == LookForStash.id else by_request(self.registry.elsewhere, job)
        theirs, at_once = TheirHands(job, ask), self._at_once(job_id, UNITS_AT_ONCE)
        hands = None if job.processor == Forward.id else theirs
        self._run(job_id, lambda: Runner(ledger, self.registry, self.core.context, cores=at_once, hands=hands), lambda: theirs.service)
        job = ledger.job(job_id)
        if job is not None and job.status == "pending":
            self._came_back.append(job_id)
            self.ring(job)
        ledger.database.release()

    def _run(self, job_id: str, runner: Callable[[], Runner], service: Callable[[], str]) -> None:
        with self._working:
            self._running += 1
        try:
            runner().run(job_id)
            self.core.ledger.done_by(job_id, ANYWHERE, service())
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

    def less_loaded_elsewhere(self, *capabilities: str, waiting: int = 0) -> bool:
        """Whether a healthy service elsewhere that can one of these has fewer jobs than wait or run here, `waiting` of them left
        out; also while nothing can be done here."""
        load = self.services.least_load(*capabilities)
        if load is None:
            return False
        leaving = max(0, len(self.away) - self.services.asked())
        here = self.core.ledger.count(status=("pending", "processing")) - len(self.away) - waiting
        return bool(self.readiness.networks) or load + leaving < here

    def only_elsewhere(self, processor: str) -> bool:
        """Whether that service is not here, or cannot run here, and one elsewhere has it."""
        listed = self.registry.find(processor)
        return (listed is None or listed.state != "ready") and self.services.least_load(processor) is not None

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
        """What health tells, and whether any processor can run here. Raises StorageError when nothing could be recorded."""
        if disk_usage(self.core.settings.data).free < LEAST_ROOM:
            raise StorageError("The disk of the data folder is full.", code="disk-full", remedy="Make room on the worker.")
        services = self.services.all()
        pending, running = (self.core.ledger.count(status=(status,)) for status in ("pending", "processing"))
        metrics = HealthMetrics(
            total_services=len(services),
            healthy_services=sum(service.status is ServiceStatus.HEALTHY for service in services),
            active_batch_jobs=pending + running,
            queue_status={"pending": pending, "processing": running},
        )
        return metrics, any(listed.state == "ready" for listed in self.core.registry.all())

    def _at_once(self, job_id: str, most: int) -> int:
        """How many units of the job run together: `most`, fewer when the request said so."""
        job = self.core.ledger.job(job_id)
        wanted = json.loads(job.job_config).get(AT_ONCE) if job is not None else None
        return min(wanted, most) if isinstance(wanted, int) and wanted > 0 else most


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

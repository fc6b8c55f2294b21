"""Running a job in front of a person: progress, ctrl-C within a second, taking over what an earlier run left."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from pydantic import BaseModel

from ..clock import SystemClock
from ..errors import Cancelled, StashAIError, UsageError
from ..processing.base import Processor
from ..processing.context import Context, RunControl
from ..processing.registry import Registry
from ..processing.runner import Runner
from ..processing.session import Progress as Told
from ..text import original
from ..tracking.records import JobRequest, JobRow, Submission
from ..vision.catalog import Catalog
from ..vision.engine import VisionEngine
from ..vision.profile import Profile
from .progress import progress
from .rows import Rows
from .shell import Shell


class Idle:
    """The control of no job: for looking at rows and folders before there is one."""

    job_id = ""

    def check(self) -> None:
        """Nobody can have cancelled it."""

    def progress(self, unit_key: str, fraction: float, message: str = "") -> None:
        """Nobody watches it."""

    def advanced(self) -> None:
        """Nobody ends it early."""


def engine(shell: Shell, profile: Profile = Profile.BALANCED) -> VisionEngine:
    """The networks of this command, opened when they are first asked for."""
    return VisionEngine(shell.settings, Catalog.of(shell.settings), profile)


def context(shell: Shell, rows: Rows, vision: VisionEngine, control: RunControl | None = None) -> Context:
    return Context(shell.settings, rows.stores, SystemClock(), control or Idle(), vision)


def submit(rows: Rows, processor: type[Processor[Any, Any]], params: BaseModel, name: str, request_hash: str | None = None) -> Submission:
    """Record the request, or find the unfinished job of an equal one."""
    request = JobRequest(processor.id, processor.action_type, config=params.model_dump_json(), name=name, request_hash=request_hash)
    return rows.ledger.submit(request, reuse=True)


def run_job(shell: Shell, rows: Rows, job_id: str, title: str, vision: VisionEngine, total: int = 0) -> JobRow:
    """Run the job here to its end, or watch the process that runs it. Ctrl-C cancels it; that, or a cancel from elsewhere,
    raises Cancelled. `total` is how many units there are, where that is known beforehand."""
    registry = Registry(folder=shell.settings.data / "processors")
    runner = Runner(rows.ledger, registry, lambda control: context(shell, rows, vision, control), cores=shell.settings.cores)
    with interruptible(), progress(shell, title) as shown:

        def told(now: Told) -> None:
            name = now.last.name if now.last is not None else now.message
            shown.update(now.done + now.partial, max(total, now.planned), original(name or ""))

        try:
            job = runner.run(job_id, watcher=told).job
        except KeyboardInterrupt:
            raise Cancelled("Interrupted.", remedy="What was done is kept; the same command goes on with it.") from None
        except UsageError as error:
            if error.code != "job-running":
                raise
            job = watched(shell, rows, job_id)
    if job.status == "cancelled":
        raise Cancelled(f"Job {job_id} was cancelled: {job.cancel_reason or 'no reason was given'}.")
    return job


def watched(shell: Shell, rows: Rows, job_id: str) -> JobRow:
    """The job once the process that is at work on it has ended it."""
    shell.note(f"another process is at work on the same (job {job_id}); waiting for its answer")
    while True:
        job = rows.ledger.job(job_id)
        if job is None:
            raise StashAIError(f"Job {job_id} was removed while it ran.", code="job-removed")
        if job.ended:
            return job
        time.sleep(0.3)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM is ctrl-C, too: a service manager's stop leaves the job cancelled, not abandoned."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

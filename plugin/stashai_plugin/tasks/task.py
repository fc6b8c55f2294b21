"""One run of one of Stash's tasks. Stash runs one job at a time, so a task that sees another one waiting finishes its unit, queues
itself again and returns; its true outcome is in the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from stashai.errors import Cancelled, LeaseLost, StashAIError

from ..request import PLUGIN_ID, Request
from ..setup.state import SetupNeededError

if TYPE_CHECKING:
    from stashai.hostlock import HostLock
    from stashai.processing.control import JobControl
    from stashai.tracking.records import Claim, JobRequest

    from ..host.bench import Bench

LOOK_AT_QUEUE = 3.0
"""Seconds between two looks at Stash's queue."""
_MARK = "StashAI: "


class Task:
    """One run of a task: its row, its place in Stash's queue, and how it gives way."""

    def __init__(self, bench: Bench, what: JobRequest, operation: str) -> None:
        self.bench, self._what, self._operation = bench, what, operation
        self._looked = 0.0

    def claim(self) -> Claim | None:
        """The job that an earlier task left unfinished, or a new one. None when another process is at work on it."""
        named = self.bench.request.optional_text("job")
        job = self.bench.ledger.job(named) if named else None
        job = job if job is not None and not job.ended else self.bench.ledger.submit(self._what, reuse=True).job
        claim = self.bench.ledger.claim(job.job_id)
        if claim is not None:
            self._note_stash_job(job.job_id)
        return claim

    def _note_stash_job(self, job_id: str) -> None:
        """Stash runs one job at a time: the running one is this process."""
        running = next((job.id for job in self.bench.gateway.job_queue() if job.status == "RUNNING"), None)
        self.bench.mirror.note(f"stash-job:{job_id}", running)

    def must_give_way(self) -> bool:
        """Whether another of Stash's jobs waits behind us. Asks now and then."""
        if time.monotonic() - self._looked < LOOK_AT_QUEUE:
            return False
        self._looked = time.monotonic()
        self.bench.gateway.keep_alive()
        return any(job.status == "READY" and not _is_ours(job.description) for job in self.bench.gateway.job_queue())

    def give_way(self, claim: Claim, did: str) -> str:
        """Put the row back and queue the rest behind whoever waits."""
        self.bench.ledger.release(claim, "waiting for other jobs of Stash's")
        arguments = {"op": self._operation, "job": claim.job.job_id}
        queued = self.bench.gateway.run_task(PLUGIN_ID, f"{_MARK}{claim.job.job_name}", arguments)
        self.bench.mirror.note(f"stash-job:{claim.job.job_id}", queued)
        return closing(self.bench.request, f"{did} Another job of Stash's is waiting: the rest goes on after it.")


def _is_ours(description: str) -> bool:
    return _MARK in description


def guarded(bench: Bench, claim: Claim, work: Callable[[], str]) -> str:
    """Run the work of a claim; whatever ends it is in the row and in one closing line."""
    try:
        return work()
    except LeaseLost as error:
        return closing(bench.request, str(error))
    except Cancelled as error:
        bench.ledger.finish(claim, "cancelled", reason=error.message)
        return closing(bench.request, f"Stopped: {error.message}.")
    except SetupNeededError:
        bench.ledger.release(claim, "not set up")
        raise
    except StashAIError as error:
        if error.code in ("stash-unreachable", "stash-login"):
            # Stash stopped under us: what is done is kept, the next run goes on.
            bench.ledger.release(claim, f"interrupted: {error.message}")
            raise
        bench.ledger.finish(claim, "failed", error=(error.code, error.message, error.remedy))
        raise
    except Exception as error:
        bench.ledger.finish(claim, "failed", error=("internal", f"{type(error).__name__}: {error}", ""))
        raise


def take(lock: HostLock, control: JobControl) -> None:
    """The right to infer; a click that has it ends within seconds."""
    while not lock.acquire(timeout=1.0):
        control.check()


def closing(request: Request, text: str) -> str:
    request.log.info(text)
    return text

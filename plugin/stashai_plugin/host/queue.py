"""A task's place in Stash's queue: which of its jobs we are, who waits behind us, and what became of a task that is gone.

Stash counts its jobs anew after each start, so a job of its is known by its number and the moment it was queued at."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from stashai.errors import StashAIError

from ..request import PLUGIN_ID
from ..rows import INTERRUPTED
from ..said import Said

if TYPE_CHECKING:
    from stashai.stash.client import StashClient
    from stashai.stash.entities import QueuedJob
    from stashai.tracking.records import JobRow

    from .bench import Bench

LOOK = 3.0
"""Seconds between two looks at Stash's queue."""
RECENT = 100
_STOPPED = Said(INTERRUPTED, "Interrupted. It goes on at the next run.")
_MARK = "StashAI: "
"""How the descriptions of tasks begin that we queue ourselves."""


class Place:
    """Implements `host.deadline.Ending`: reached when another of Stash's jobs is ready. Raises StashAIError ("orphaned") when the
    Stash that started us has forgotten us."""

    patience = LOOK

    def __init__(self, bench: Bench, job_id: str) -> None:
        # Stash runs one job at a time: the running one is this process.
        ours = next((job for job in bench.gateway.job_queue() if job.status == "RUNNING"), None)
        self._ours = ours.key if ours else None
        bench.mirror.note(_fact(job_id), self._ours)
        # Asked by a thread of its own.
        self._gateway = bench.gateway.clone()
        self._looked = time.monotonic()

    @property
    def is_reached(self) -> bool:
        """Asks Stash now and then."""
        if time.monotonic() - self._looked < LOOK:
            return False
        self._looked = time.monotonic()
        self._gateway.keep_alive()
        queue = self._gateway.job_queue()
        if self._ours and not any(job.key == self._ours for job in queue):
            raise StashAIError("Stash was restarted, or stopped this task, without ending its process.", code="orphaned")
        return any(job.status == "READY" and _MARK not in job.description for job in queue)


def queue_again(bench: Bench, job: JobRow, arguments: Mapping[str, str]) -> None:
    """Have Stash go on with our job when it comes to it."""
    queued = bench.gateway.run_task(PLUGIN_ID, f"{_MARK}{job.job_name}", {**arguments, "job": job.job_id})
    stash_job = bench.gateway.job(queued)
    bench.mirror.note(_fact(job.job_id), stash_job.key if stash_job else None)


def ring(bench: Bench) -> None:
    """Queue the task for what hooks told when nobody did, or it was lost."""
    if not bench.mirror.is_due():
        return
    try:
        bench.gateway.run_task(PLUGIN_ID, f"{_MARK}looking at what is new", {"op": "task_arrivals"})
    except StashAIError as error:
        bench.mirror.not_rung()
        bench.request.log.warning(str(error))


def settle(bench: Bench) -> None:
    """What became of tasks whose process is gone: their jobs in Stash's queue say it. One that was stopped there was cancelled;
    one that ended in any other way (Stash or the machine went down) was interrupted and waits for the next run."""
    unended = bench.ledger.jobs(status=("pending", "processing"), limit=RECENT)
    open_jobs = [job for job in unended if job.run_policy != "steps" and job.service_name == "local"]
    known = {job.job_id: _stash_job(bench.gateway, bench.mirror.fact(_fact(job.job_id))) for job in open_jobs}
    for job in open_jobs:
        stash_job = known[job.job_id]
        if stash_job is not None and stash_job.status == "CANCELLED":
            bench.ledger.cancel(job.job_id, "stopped in Stash")
        elif stash_job is not None and not stash_job.is_open and bench.ledger.is_abandoned(job):
            _blame(bench, job)
    bench.ledger.reap()
    for job in open_jobs:
        stash_job = known[job.job_id]
        if job.started_at and (stash_job is None or not stash_job.is_open):
            bench.ledger.explain(job.job_id, _STOPPED.kept)


def _blame(bench: Bench, job: JobRow) -> None:
    """Nobody stopped the process, and Stash is still there: what it was looking at may have ended it."""
    counts = crashes(bench, job.job_id)
    for unit in json.loads(job.in_flight or "[]"):
        counts[unit] = counts.get(unit, 0) + 1
    bench.mirror.note(f"crashes:{job.job_id}", json.dumps(counts))


def crashes(bench: Bench, job_id: str) -> dict[str, int]:
    """By unit of a job, how many processes ended by themselves while they were at work on it."""
    kept = bench.mirror.fact(f"crashes:{job_id}")
    counts: dict[str, int] = json.loads(kept) if kept else {}
    return counts


def withdraw(bench: Bench, job: JobRow) -> None:
    """Take a job that only waits in Stash's queue out of it."""
    stash_job = _stash_job(bench.gateway, bench.mirror.fact(_fact(job.job_id)))
    if stash_job is not None and stash_job.status == "READY":
        bench.gateway.stop_job(stash_job.id)


def _fact(job_id: str) -> str:
    return f"stash-job:{job_id}"


def _stash_job(gateway: StashClient, key: str | None) -> QueuedJob | None:
    found = gateway.job(key.partition("@")[0]) if key else None
    return found if found is not None and found.key == key else None

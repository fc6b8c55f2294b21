"""Live progress for sockets: differences of the ledger's rows, numbered, in bounded queues.

Rows are the truth, whichever process runs a job; so the hub reads what changed and tells the difference. A client that
reads too slowly is dropped and may come back with the last number that it saw; it never slows a job.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from anyio import to_thread

from stashai.errors import StorageError
from stashai.tracking.ledger import Ledger
from stashai.tracking.records import JobRow

from .views import job_view, moment

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.4
KEPT_EVENTS = 2_000
KNOWN, KNOWN_ENDED = 10_000, 1_000
"""Rows that are remembered to tell what changed in them, and how many of those jobs have ended: nothing more comes of them."""
QUEUE_LENGTH = 2_000
"""Messages that wait for a client: more than one look at the ledger brings, however busy it was."""
ACTIVE, ACTIVE_TOLD = 100, 20
"""Running and waiting jobs in a full status, and in the one that comes with every event."""
RECENT = 10


def queue_status(ledger: Ledger, most: int = ACTIVE) -> dict[str, Any]:
    active = [job_view(job) for job in ledger.jobs(status=("pending", "processing"), limit=most)]
    recent = [job_view(job) for job in ledger.jobs(status=("completed", "failed", "cancelled"), limit=RECENT)]
    return {
        "active_jobs": active,
        "active_jobs_count": ledger.count(status=("pending", "processing")),
        "recent_completed_jobs": recent,
        "timestamp": datetime.now(UTC).isoformat(),
    }


def differences(before: JobRow | None, after: JobRow) -> list[tuple[str, dict[str, Any]]]:
    """The events that lie between two states of a job."""
    events: list[tuple[str, dict[str, Any]]] = []
    if before is None:
        events.append(("job_submitted", {"job_type": after.processor, "submitted_at": moment(after.created_at)}))
    started = before is not None and before.status != "pending"
    if not started and after.started_at is not None and after.status != "pending":
        events.append(("job_started", {"job_type": after.processor, "started_at": moment(after.started_at)}))
    if after.status == "processing" and (before is None or _progress(before) != _progress(after)):
        events.append(("job_progress", _progress(after)))
    if after.ended and (before is None or before.status != after.status):
        events.append(_ending(after))
    return events


def _progress(job: JobRow) -> dict[str, Any]:
    return {
        "current": job.tests_completed,
        "total": job.total_tests_planned,
        "progress_percentage": job.progress_percentage,
        "message": job.message,
    }


def _ending(job: JobRow) -> tuple[str, dict[str, Any]]:
    if job.status == "completed":
        evaluation = {
            "overall_result": job.overall_result,
            "tests_passed": job.tests_passed,
            "tests_failed": job.tests_failed,
            "tests_error": job.tests_error,
            "performers_found": job.performers_found_total,
        }
        return "job_completed", {
            "job_type": job.processor,
            "completed_at": moment(job.completed_at),
            "processing_time": job.processing_time_seconds,
            "evaluation_results": evaluation,
        }
    if job.status == "failed":
        return "job_failed", {
            "job_type": job.processor,
            "failed_at": moment(job.completed_at),
            "error": job.error_message,
            "processing_time": job.processing_time_seconds,
        }
    return "job_cancelled", {"job_type": job.processor, "cancelled_at": moment(job.completed_at), "reason": job.cancel_reason}


@dataclass(slots=True, eq=False)
class Listener:
    """One socket's queue; `dropped` once it was too slow."""

    queue: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH))
    dropped: bool = False

    def offer(self, message: str) -> None:
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.dropped = True


class Hub:
    """Reads what changed, and hands each listener the events since the number that it names. Numbers begin with the time, so
    that those of a worker that was started again are larger than all that a client saw before.

    All reading and formatting is done in a thread: the event loop only passes texts on."""

    def __init__(self, ledger: Ledger, now: Callable[[], float]) -> None:
        self._ledger = ledger
        self._now = now
        self._listeners: set[Listener] = set()
        self._kept: deque[tuple[int, str]] = deque(maxlen=KEPT_EVENTS)
        self._known: dict[str, JobRow] = {}
        self._ended: deque[str] = deque()
        self._read_until = now()
        self._sequence = int(self._read_until * 1000)
        self._status = "{}"

    def join(self, since: int | None) -> Listener:
        listener = Listener()
        if since is not None:
            for sequence, event in self._kept:
                if sequence > since:
                    listener.offer(_message(event, self._status))
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    async def run(self) -> None:
        """Until cancelled. A database that does not answer is asked again."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                told = await to_thread.run_sync(self.news)
            except StorageError as error:
                logger.warning("The ledger does not answer: %s", error)
                continue
            self.tell(*told)

    def tell(self, events: Sequence[tuple[int, str]], status: str) -> None:
        """Hand on numbered events with the queue as it is now. What is kept for those who resume is without it: it is large,
        and old by then."""
        self._status = status or self._status
        for numbered in events:
            self._kept.append(numbered)
            message = _message(numbered[1], self._status)
            for listener in self._listeners:
                listener.offer(message)

    def news(self) -> tuple[list[tuple[int, str]], str]:
        """What changed since the last call as numbered events, and the queue's status, both as JSON."""
        changes = [(job.job_id, *event) for job in self._changed() for event in differences(self._note(job), job)]
        status = json.dumps(queue_status(self._ledger, ACTIVE_TOLD)) if changes else ""
        return [self._event(job_id, event, data) for job_id, event, data in changes], status

    def _changed(self) -> Sequence[JobRow]:
        since = self._read_until - 1.0
        self._read_until = self._now()
        rows = (_slim(row) for row in reversed(self._ledger.jobs(changed_since=since, limit=1_000)))
        return [row for row in rows if self._known.get(row.job_id) != row]

    def _note(self, job: JobRow) -> JobRow | None:
        """Remember the job as it is now; returns it as it was."""
        before = self._known.pop(job.job_id, None)
        self._known[job.job_id] = job
        if job.ended:
            self._ended.append(job.job_id)
        while len(self._ended) > KNOWN_ENDED:
            self._known.pop(self._ended.popleft(), None)
        while len(self._known) > KNOWN:
            self._known.pop(next(iter(self._known)))
        return before

    def _event(self, job_id: str, event: str, data: dict[str, Any]) -> tuple[int, str]:
        self._sequence += 1
        own = {"type": "queue_update", "event": event, "job_id": job_id, "data": data, "sequence": self._sequence}
        return self._sequence, json.dumps(own)


def _message(event: str, status: str) -> str:
    return f'{event[:-1]}, "queue_status": {status}}}'


def _slim(job: JobRow) -> JobRow:
    """Without what may be large and no event tells."""
    return replace(job, job_config="", results_summary=None)

"""New jobs: the row comes first, whatever queue rings afterwards."""

from __future__ import annotations

from ..errors import UsageError
from ..ids import new_id
from ..text import storable
from .announcing import ANNOUNCED, Announcing
from .records import JobRequest, JobRow, Submission

FORGIVEN: dict[str, object] = {"strikes": 0, "suspects": None, "in_flight": None}
_ANEW: dict[str, object] = {
    "status": "pending",
    "completed_at": None,
    "cancel_requested": False,
    "cancel_reason": None,
    "tests_error": 0,
    "error_code": None,
    "error_message": None,
    "error_details": None,
    "overall_result": "pending",
    "results_summary": None,
    "message": "",
}


class Submitting(Announcing):
    """The part of the ledger that takes requests."""

    def submit(self, request: JobRequest, *, reuse: bool = False) -> Submission:
        """Record a request as a pending job.

        A used idempotency key gives the job of its first use. With `reuse`, an equal request that has not ended is given
        instead of a new job; when nobody is at work on it, its strikes are forgiven, because a person asked again.
        """
        with self.database.write():
            self._exclude_equal(request)
            known = self.job_by_key(request.idempotency_key) if request.idempotency_key else None
            if known is not None:
                return Submission(known, "same-key")
            equal = self.unfinished(request.hash) if reuse else None
            if equal is None:
                return Submission(self._insert(request), "created")
            if equal.status == "processing" and not self.is_abandoned(equal):
                return Submission(equal, "running")
            self._forgive(equal)
            return Submission(self._reread(equal), "resumed")

    def retry(self, job_id: str) -> JobRow:
        """Make a job that ended pending again: items that ran stay, those that could not run are done anew. Raises UsageError."""
        with self.database.write():
            job = self.job(job_id)
            if job is None or not job.ended:
                raise UsageError(f"Job {job_id} {'is not known' if job is None else 'has not ended'}.", code="not-retryable")
            self.database.execute("DELETE FROM processing_tests WHERE job = ? AND result = 'error'", (job.id,))
            self._reopen_items(job.id)
            self._change(
                job,
                {
                    **_ANEW,
                    **FORGIVEN,
                    "watch_until": self._watch_until(job.watch_seconds),
                    "tests_completed": job.tests_passed + job.tests_failed,
                },
            )
            return self._reread(job)

    def _exclude_equal(self, request: JobRequest) -> None:
        """Two processes that submit the same thing at once take turns; SQLite's writers do so anyway."""
        if not self.database.is_sqlite:
            self.database.execute("SELECT pg_advisory_xact_lock(hashtext(?))", (request.hash,))
            if request.idempotency_key:
                self.database.execute("SELECT pg_advisory_xact_lock(hashtext(?))", (request.idempotency_key,))

    def _insert(self, request: JobRequest) -> JobRow:
        now = self.database.now()
        parent = None
        if request.parent is not None:
            parent = self.database.scalar("SELECT id FROM processing_jobs WHERE job_id = ?", (request.parent,))
            if parent is None:
                raise UsageError(f"Parent job {request.parent} is not known.", code="unknown-job")
        row = self.database.insert(
            "processing_jobs",
            {
                **_columns(request),
                "parent": parent,
                "created_at": now,
                "updated_at": now,
                "job_id": new_id(now),
                "watch_until": self._watch_until(request.watch_seconds),
            },
        )
        job = self._job("id = ?", (row,))
        assert job is not None  # noqa: S101 - inserted above, in this transaction
        self._announce(job, request.items[:ANNOUNCED])
        return job

    def _watch_until(self, seconds: float | None) -> float | None:
        return None if seconds is None else self.database.now() + seconds

    def _forgive(self, job: JobRow) -> None:
        self._change(job, {**FORGIVEN, "watch_until": self._watch_until(job.watch_seconds)})

    def _reread(self, job: JobRow) -> JobRow:
        return self._job("id = ?", (job.id,)) or job


def _columns(request: JobRequest) -> dict[str, object]:
    def text(value: str | None) -> str | None:
        return None if value is None else storable(value)

    return {
        "job_name": storable(request.name),
        "entity_type": request.entity_type,
        "entity_id": text(request.entity_id),
        "entity_name": text(request.entity_name),
        "action_type": request.action_type,
        "status": "pending",
        "job_config": request.config,
        "service_name": request.service_name,
        "total_tests_planned": request.planned,
        "tests_completed": 0,
        "tests_passed": 0,
        "tests_failed": 0,
        "tests_error": 0,
        "progress_percentage": 0.0,
        "overall_result": "pending",
        "performers_found_total": 0,
        "processor": request.processor,
        "message": "",
        "attempt": 0,
        "strikes": 0,
        "max_attempts": request.max_attempts,
        "cancel_requested": False,
        "priority": request.priority,
        "idempotency_key": request.idempotency_key or None,
        "request_hash": request.hash,
        "client_id": request.client_id,
        "timeout": request.timeout,
        "run_policy": request.run_policy,
        "watch_seconds": request.watch_seconds,
        "retries": 0,
    }

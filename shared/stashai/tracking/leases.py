"""Who may run a job, for how long, and what becomes of jobs whose process is gone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ..errors import LeaseLost
from ..text import storable
from .owner import Owner
from .records import Claim, JobRow, Reaped, Signal
from .submission import Submitting

FENCED = "id = ? AND attempt = ? AND status = 'processing'"
_UNOWNED: dict[str, object] = {"owner_host": None, "owner_pid": None, "owner_start": None, "lease_until": None, "in_flight": None}


class Leasing(Submitting):
    """The part of the ledger that hands out jobs. Whoever holds one writes under its fence (id, attempt, processing)."""

    def claim(self, job_id: str, owner: Owner | None = None) -> Claim | None:
        """Take a job that is pending, or that nobody can be at work on any more. None when it is not to be had."""
        job = self.job(job_id)
        if job is None or not (job.status == "pending" or self.is_abandoned(job)):
            return None
        with self.database.write():
            if job.cancel_requested:
                self._end_cancelled(job)
                return None
            return self._take(job, owner or self.processes.me())

    def _take(self, job: JobRow, owner: Owner) -> Claim | None:
        now = self.database.now()
        suspects = suspects_of(job)
        taken = self._change(
            job,
            {
                "status": "processing",
                "attempt": job.attempt + 1,
                "owner_host": owner.host,
                "owner_pid": owner.pid,
                "owner_start": owner.start,
                "lease_until": now + self.lease,
                "started_at": job.started_at or now,
                "strikes": job.strikes + (job.status == "processing"),
                "suspects": json.dumps(suspects) if suspects else None,
                "in_flight": None,
            },
        )
        if not taken:
            return None
        if job.status == "processing":
            self._put_items_back(job.id)
        return Claim(self._reread(job), suspects)

    def heartbeat(
        self, claim: Claim, in_flight: Sequence[str] | None = None, progress: float | None = None, message: str | None = None
    ) -> Signal:
        """Prolong the lease; note what is being worked on, where that is given. Raises LeaseLost."""
        with self.database.write():
            now = self.database.now()
            values: dict[str, object] = {"lease_until": now + self.lease, "updated_at": now}
            if in_flight is not None:
                values["in_flight"] = as_json(in_flight)
            if progress is not None:
                values["progress_percentage"] = progress
            if message is not None:
                values["message"] = storable(message)
            self._fenced(claim, values)
        return self.signal(claim)

    def signal(self, claim: Claim) -> Signal:
        """What the holder must know: a cancel, a lapsed watch. Reads only. Raises LeaseLost."""
        rows = self.database.query(
            f"SELECT cancel_requested, cancel_reason, watch_until FROM processing_jobs WHERE {FENCED}",
            claim.fence,
        )
        if not rows:
            raise lost(claim)
        cancel, reason, watch_until = rows[0]
        if cancel:
            return Signal(True, reason or "cancelled")
        if watch_until is not None and watch_until < self.database.now():
            return Signal(True, "nobody watches it any more")
        return Signal(unwanted=self.unwanted(claim.job.id))

    def release(self, claim: Claim, message: str = "") -> None:
        """Put a job back as pending with what it has, for a later step or another process. Raises LeaseLost."""
        with self.database.write():
            values = {**_UNOWNED, "status": "pending", "strikes": 0, "message": message, "updated_at": self.database.now()}
            self._fenced(claim, values)
            self._put_items_back(claim.job.id)

    def explain(self, job_id: str, message: str) -> None:
        """Say of a waiting job why it waits; of any other, nothing."""
        with self.database.write():
            self.database.update("processing_jobs", {"message": message}, "job_id = ? AND status = 'pending'", (job_id,))

    def done_by(self, job_id: str, instead_of: str, service: str) -> None:
        """Say which service did a job that is not at work any more, where it says `instead_of` still."""
        with self.database.write():
            where = "job_id = ? AND service_name = ? AND status NOT IN ('pending', 'processing')"
            self.database.update("processing_jobs", {"service_name": service}, where, (job_id, instead_of))

    def hand_over(self, claim: Claim, service: str, message: str) -> None:
        """`release` a job that another service goes on with. Raises LeaseLost."""
        with self.database.write():
            self._fenced(claim, {"service_name": service})
            self.release(claim, message)

    def watch(self, job_id: str) -> bool:
        """Renew a client's watch. False when there is nothing to watch any more."""
        with self.database.write():
            now = self.database.now()
            renewed = self.database.execute(
                "UPDATE processing_jobs SET watch_until = ? + watch_seconds WHERE job_id = ? AND watch_seconds IS NOT NULL"
                " AND status IN ('pending', 'processing')",
                (now, job_id),
            )
            return bool(renewed.rowcount == 1)

    def cancel(self, job_id: str, reason: str = "cancelled") -> JobRow | None:
        """Ask a job and its children to stop; one that nobody runs is cancelled at once. None for an unknown job."""
        with self.database.write():
            job = self.job(job_id)
            if job is None:
                return None
            for child in self.children(job_id):
                self.cancel(child.job_id, reason)
            if job.status == "pending" or self.is_abandoned(job):
                self._end_cancelled(job, reason)
            elif job.status == "processing":
                wish = {"cancel_requested": True, "cancel_reason": reason, "updated_at": self.database.now()}
                self.database.update("processing_jobs", wish, "id = ? AND status = 'processing'", (job.id,))
            return self._reread(job)

    def reap(self) -> Reaped:
        """Look after jobs that nobody looks after: abandoned ones become pending (or failed, when they ended too many
        processes), unwatched ones are cancelled. Any process may call it at any time."""
        waiting: list[str] = []
        failed: list[str] = []
        cancelled: list[str] = []
        for job in self._jobs("status = 'processing'", ()):
            if self.is_abandoned(job):
                self._bury(job, waiting, failed, cancelled)
        now = self.database.now()
        for job in self._jobs("status = 'pending' AND watch_until < ?", (now,)):
            with self.database.write():
                if self._end_cancelled(job, "nobody watches it any more"):
                    cancelled.append(job.job_id)
        return Reaped(tuple(waiting), tuple(failed), tuple(cancelled))

    def _bury(self, job: JobRow, waiting: list[str], failed: list[str], cancelled: list[str]) -> None:
        with self.database.write():
            if job.cancel_requested:
                if self._end_cancelled(job):
                    cancelled.append(job.job_id)
            elif job.strikes + 1 >= job.max_attempts:
                if self._fail_exhausted(job):
                    failed.append(job.job_id)
            elif self._put_back(job):
                waiting.append(job.job_id)

    def _put_back(self, job: JobRow) -> bool:
        suspects = suspects_of(job)
        done = self._change(
            job, {**_UNOWNED, "status": "pending", "strikes": job.strikes + 1, "suspects": json.dumps(suspects) if suspects else None}
        )
        if done:
            self._put_items_back(job.id)
        return done

    def _fail_exhausted(self, job: JobRow) -> bool:
        suspects = suspects_of(job)
        units = ", ".join(sorted(suspects, key=lambda unit: -suspects[unit])[:5]) or "no item in particular"
        said = f"{job.strikes + 1} processes ended while they ran it; they were at work on: {units}"
        return self._end(
            job,
            {
                "status": "failed",
                "suspects": json.dumps(suspects),
                "overall_result": "error",
                "error_code": "attempts-exhausted",
                "error_message": said,
            },
        )

    def _end_cancelled(self, job: JobRow, reason: str | None = None) -> bool:
        return self._end(job, {"status": "cancelled", "cancel_requested": True, "cancel_reason": reason or job.cancel_reason})

    def _end(self, job: JobRow, values: Mapping[str, object]) -> bool:
        """End a job that nobody runs, with the items that it did not come to."""
        ended = self._change(job, {**_UNOWNED, "completed_at": self.database.now(), **values})
        if ended:
            self._leave_items(job.id)
        return ended

    def _fenced(self, claim: Claim, values: Mapping[str, object]) -> None:
        """Change the row of a job that the claim still holds. Raises LeaseLost."""
        if self.database.update("processing_jobs", values, FENCED, claim.fence) != 1:
            raise lost(claim)


def lost(claim: Claim) -> LeaseLost:
    return LeaseLost(f"Another process took over job {claim.job.job_id}.")


def as_json(units: Sequence[str]) -> str | None:
    return json.dumps([storable(unit) for unit in units]) if units else None


def suspects_of(job: JobRow) -> dict[str, int]:
    """By unit, how many processes ended while at work on it, the last holder's included."""
    suspects: dict[str, int] = json.loads(job.suspects) if job.suspects else {}
    if job.status == "processing" and job.in_flight:
        for unit in json.loads(job.in_flight):
            suspects[unit] = suspects.get(unit, 0) + 1
    return suspects

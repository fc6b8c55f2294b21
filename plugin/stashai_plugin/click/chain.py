"""One step of a click's job: work until the deadline, then put the row back, finish it or fail it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from stashai.errors import Cancelled, LeaseLost, Paused, StashAIError
from stashai.tracking.records import Outcome

from ..host.deadline import Limit
from ..host.watch import watched
from ..looking.results import kept_result
from ..rows import shown_job
from .look import Look

if TYPE_CHECKING:
    from stashai.tracking.records import Claim, JobRow

    from ..host.bench import Bench

Json = dict[str, Any]


class Chain:
    def __init__(self, bench: Bench, deadline: float) -> None:
        self._bench, self._limit = bench, Limit(deadline)

    def waiting(self, job: JobRow, why: str) -> Json:
        return {"job": shown_job(job), "result": None, "more": not job.ended, "waiting": why}

    def ended(self, job: JobRow) -> Json:
        result = None if job.status != "completed" else kept_result(self._bench, job.entity_type or "", job.entity_id or "")
        return {"job": shown_job(job), "result": result, "more": False}

    def run(self, claim: Claim) -> Json:
        """Work until the deadline; the row is put back, finished or failed accordingly."""
        bench = self._bench
        try:
            with watched(bench, claim, self._limit) as control:
                result, more = Look(bench, claim, bench.context(control), self._limit).work()
        except Cancelled as error:
            if isinstance(error, Paused):
                bench.ledger.release(claim, "")
                return {"job": self._row(claim), "result": None, "more": True}
            bench.ledger.finish(claim, "cancelled", reason=error.message)
            return {"job": self._row(claim), "result": None, "more": False}
        except LeaseLost:
            return self.waiting(claim.job, "Another page is at work on this.")
        except StashAIError as error:
            self._fail(claim, error)
            raise
        except Exception as error:
            self._fail(claim, StashAIError(f"{type(error).__name__}: {error}", code="internal"))
            raise
        if more:
            bench.ledger.release(claim, self._progress_text())
        return {"job": self._row(claim), "result": result, "more": more}

    def _row(self, claim: Claim) -> Json:
        return shown_job(self._bench.ledger.job(claim.job.job_id) or claim.job)

    def _fail(self, claim: Claim, error: StashAIError) -> None:
        job = claim.job
        outcome = Outcome(
            job.entity_id or "", 0, job.entity_type or "", job.entity_id or "", "error", time.time(), 0.0, name=job.entity_name,
            error_type=error.code, error_message=str(error),
        )  # fmt: skip
        self._bench.ledger.checkpoint(claim, [outcome])
        self._bench.ledger.finish(claim, "failed", error=(error.code, error.message, error.remedy))

    def _progress_text(self) -> str:
        done, total = self._bench.mirror.progress()
        return f"compared with {done:,} of {total:,}" if done < total else ""

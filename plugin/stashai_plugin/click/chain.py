"""One step of a click's job: work until it is over, then put the row back, finish it or fail it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from stashai.errors import Cancelled, LeaseLost, Paused, StashAIError, UsageError
from stashai.tracking.records import Outcome

from ..engine.choosing import engine_on
from ..engine.link import AskAgainError, Link, WorkerGoneError
from ..host.deadline import Step
from ..host.failing import interrupts, keep_failure
from ..host.watch import watched
from ..looking.results import kept_result
from ..rows import shown_job
from ..said import Said, helps
from .look import Look

if TYPE_CHECKING:
    from stashai.tracking.records import Claim

    from ..host.bench import Bench

ELSEWHERE = Said("another-page", "Another page is at work on this.")
OTHERS = Said("another-recognition", "Another recognition is at work.")
Json = dict[str, Any]


class Chain:
    """`link` leads to the worker that looks, None where this host does; `soon` are the seconds after which the answer is due."""

    def __init__(self, bench: Bench, link: Link | None, soon: float) -> None:
        self._bench, self._link, self._soon = bench, link, soon

    def waiting(self, job_id: str, why: Said) -> Json:
        """Nothing was done in this step; another page may have ended the job meanwhile."""
        job = self._bench.ledger.job(job_id)
        if job is None or job.ended:
            return self.ended(job_id)
        return {"job": shown_job(job), "result": None, "more": True, "waiting": why.text, "said": why.shown}

    def ended(self, job_id: str) -> Json:
        job = self._bench.ledger.job(job_id)
        if job is None:
            raise UsageError("There is no such job.", code="unknown-job")
        result = None if job.status != "completed" else kept_result(self._bench, job.entity_type or "", job.entity_id or "")
        return {"job": shown_job(job), "result": result, "more": False}

    def run(self, claim: Claim) -> Json:
        """Work until the step is over; the row is put back, finished or failed accordingly."""
        bench = self._bench
        try:
            step = Step(claim.job.job_id, bench.clock, bench.request.began, self._soon)
            with watched(bench, claim, step, step):
                engine = engine_on(bench, self._link, step, step)
                result, more = Look(bench, claim, engine, step).work()
        except Cancelled as error:
            if isinstance(error, Paused):
                bench.ledger.release(claim, "")
                return {"job": self._row(claim), "result": None, "more": True}
            bench.ledger.finish(claim, "cancelled", reason=error.message)
            return {"job": self._row(claim), "result": None, "more": False}
        except LeaseLost:
            return self.waiting(claim.job.job_id, ELSEWHERE)
        except (WorkerGoneError, AskAgainError) as error:
            return self._without_worker(claim, error)
        except Exception as error:  # recorded, so that the dialog tells it, and raised again
            if isinstance(error, StashAIError) and not interrupts(error):
                self._note_failure(claim, error)
            keep_failure(bench, claim, error)
            raise
        if more:
            bench.ledger.release(claim, self._progress_text())
        notice = {"notice": bench.notice.text, "notice_said": bench.notice.shown}
        return {"job": self._row(claim), "result": result, "more": more, "where": engine.where, **notice}

    def _without_worker(self, claim: Claim, error: StashAIError) -> Json:
        """The row waits with all that was seen. The next step goes on here, or, where this host cannot, says why not."""
        bench = self._bench
        said = Said(error.code, error.message)
        bench.ledger.release(claim, said.kept)
        if isinstance(error, WorkerGoneError) and not bench.may_fall_back:
            raise error
        bench.request.log.warning(str(error))
        return self.waiting(claim.job.job_id, said)

    def _row(self, claim: Claim) -> Json:
        return shown_job(self._bench.ledger.job(claim.job.job_id) or claim.job)

    def _note_failure(self, claim: Claim, error: StashAIError) -> None:
        """The item's own row, in the list of what went wrong."""
        job = claim.job
        outcome = Outcome(
            job.entity_id or "", 0, job.entity_type or "", job.entity_id or "", "error", time.time(), 0.0, name=job.entity_name,
            error_type=error.code, error_message=error.message, error_details=helps(error),
        )  # fmt: skip
        self._bench.ledger.checkpoint(claim, [outcome])

    def _progress_text(self) -> str:
        done, total = self._bench.mirror.progress()
        said = Said("compared-with", f"compared with {done:,} of {total:,}", {"done": done, "total": total})
        return said.kept if done < total else ""

"""The loop around every processor: claim, skip what is done, run units on threads, record, end. So tracking, resuming,
cancelling, retries and progress cannot be forgotten by a service."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from ..errors import Cancelled, LeaseLost, Paused, StashAIError, StorageError, UsageError
from ..tracking.ledger import Ledger
from ..tracking.owner import Owner
from ..tracking.records import Claim, JobRow
from .base import Processor
from .context import Context
from .control import JobControl
from .hands import Hands, OwnHands
from .session import JobSession, Progress

INTERRUPTED_SECONDS = 0.5
"""How long ctrl-C waits for units at work: it is to be over within a second."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """The job's row, and the error that ended it (also in the row) when one did."""

    job: JobRow
    error: StashAIError | None = None


class Processors(Protocol):
    """Implemented by registry.Registry."""

    def create(self, processor_id: str) -> Processor[Any, Any]: ...


class Runner:
    """Runs jobs of one process. `context_factory` makes what processors reach from the running job's control; `cores` is how
    many units run at once, `hands` who does them."""

    def __init__(
        self,
        ledger: Ledger,
        registry: Processors,
        context_factory: Callable[[JobControl], Context],
        *,
        cores: int,
        owner: Owner | None = None,
        hands: Hands | None = None,
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._context_factory = context_factory
        self._cores = max(1, cores)
        self._owner = owner or ledger.processes.me()
        self._hands = hands or OwnHands()

    def run(self, job_id: str, *, seconds: float | None = None, watcher: Callable[[Progress], None] | None = None) -> Ended:
        """Run a job to its end, or put it back after `seconds` with what it has (status pending).

        `watcher` is told of progress in the calling thread. Raises UsageError when the job is not to be had, LeaseLost when
        another process took it over, StorageError when nothing can be recorded, KeyboardInterrupt after the job was cancelled.
        """
        claim = self._ledger.claim(job_id, self._owner)
        if claim is None:
            return self._not_to_be_had(job_id)
        control = JobControl(job_id, self._ledger.clock)
        session: JobSession | None = None
        try:
            session = self._session(claim, control, seconds, watcher)
            return self._through(claim, control, session)
        except KeyboardInterrupt:
            control.stop(Cancelled("interrupted"))
            self._interrupted(claim, session)
            raise
        except (LeaseLost, StorageError):
            raise
        except Exception as error:  # the boundary: before units run it is the job's fault, afterwards the caller's
            control.stop(Paused("the caller failed"))
            if session is None:
                return self._fail(claim, _as_error(error))
            self._save_what_can_be(claim, session)
            raise
        finally:
            if session is not None:
                session.close()

    def _session(self, claim: Claim, control: JobControl, seconds: float | None, watcher: Callable[[Progress], None] | None) -> JobSession:
        processor = self._registry.create(claim.job.processor)
        params = processor.params.model_validate_json(claim.job.job_config)
        ctx = self._context_factory(control)
        return JobSession(
            self._ledger, claim, control, processor, self._hands, params, ctx, cores=self._cores, seconds=seconds, watcher=watcher
        )

    def _through(self, claim: Claim, control: JobControl, session: JobSession) -> Ended:
        try:
            session.run()
        except (LeaseLost, StorageError) as error:
            control.stop(error)
        why = control.why
        if why is None:
            return self._complete(claim, session)
        if isinstance(why, LeaseLost):
            raise why
        if isinstance(why, StorageError):
            self._save_what_can_be(claim, session)
            raise why
        session.settle(INTERRUPTED_SECONDS)
        if isinstance(why, Paused):
            self._ledger.release(claim)
            return Ended(self._ledger.job(claim.job.job_id) or claim.job)
        if isinstance(why, Cancelled):
            return Ended(self._ledger.finish(claim, "cancelled", reason=why.message))
        return self._fail(claim, why)

    def _interrupted(self, claim: Claim, session: JobSession | None) -> None:
        try:
            if session is not None:
                session.settle(INTERRUPTED_SECONDS)
            self._ledger.finish(claim, "cancelled", reason="interrupted")
        except (LeaseLost, StorageError) as error:  # it ended in this very moment, or cannot be written: ctrl-C goes on
            log.warning("job %s: %s", claim.job.job_id, error)

    def _save_what_can_be(self, claim: Claim, session: JobSession) -> None:
        """A disk may be too full for a picture's faces and still take the rows of units that ended; if not, they are done anew."""
        try:
            session.settle(INTERRUPTED_SECONDS)
            self._ledger.release(claim)
        except (StorageError, LeaseLost) as error:
            log.warning("job %s: %s", claim.job.job_id, error)

    def _complete(self, claim: Claim, session: JobSession) -> Ended:
        processor = session.processor
        try:
            summary = processor.summarize(session.params, self._results(claim, processor), session.ctx)
            models = ",".join(processor.models_used(session.ctx)) or None
        except (LeaseLost, StorageError):
            raise
        except Exception as error:  # the boundary: a summary's fault is the job's, recorded with its traceback
            log.exception("%s: summary of job %s", processor.id, claim.job.job_id)
            return self._fail(claim, _as_error(error), traceback.format_exc())
        return Ended(self._ledger.finish(claim, "completed", summary=summary, ai_model=models))

    def _results(self, claim: Claim, processor: Processor[Any, Any]) -> Iterator[BaseModel]:
        for row in self._ledger.all_items(claim.job.job_id):
            if row.response_data is not None:
                yield processor.result.model_validate_json(row.response_data)

    def _fail(self, claim: Claim, error: StashAIError, details: str = "") -> Ended:
        if not details and error.__cause__ is not None:
            details = "".join(traceback.format_exception(error.__cause__))[-8000:]
        return Ended(self._ledger.finish(claim, "failed", error=(error.code, str(error), details)), error)

    def _not_to_be_had(self, job_id: str) -> Ended:
        job = self._ledger.job(job_id)
        if job is not None and job.ended:
            return Ended(job)
        said = "is not known" if job is None else "is run by another process"
        raise UsageError(f"Job {job_id} {said}.", code="unknown-job" if job is None else "job-running")


def _as_error(error: Exception) -> StashAIError:
    if isinstance(error, StashAIError):
        return error
    if isinstance(error, ValidationError):
        return UsageError(f"The parameters cannot be used: {error}", code="bad-parameters")
    wrapped = StashAIError(f"{type(error).__name__}: {error}", code="unexpected")
    wrapped.__cause__ = error
    return wrapped

"""One run of one of Stash's tasks. Stash runs one job at a time, so a task that sees another one waiting stops where it is, queues
itself again and returns; its true outcome is in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from stashai.errors import Cancelled, LeaseLost, Paused
from stashai.processing.control import JobControl

from ..engine.choosing import worker_of
from ..engine.handed import HandedOverError, take_in
from ..engine.link import Link, WorkerGoneError
from ..host.bench import Bench, inference_lock
from ..host.failing import keep_failure
from ..host.queue import Place, queue_again, ring, settle
from ..host.turns import Turns
from ..host.watch import watched
from ..request import Request
from ..said import Said

if TYPE_CHECKING:
    from stashai.processing.context import Context
    from stashai.tracking.records import Claim, JobRequest

_WAITS = Said("waits-for-stash", "Waiting for other jobs of Stash.")


class Work(Protocol):
    """What a task does; it keeps what it did as it goes."""

    def run(self, ctx: Context) -> Mapping[str, object]:
        """All that is left to do; the summary. Raises Paused or Cancelled, out of `ctx.check`, when it is to stop."""
        ...

    def told(self) -> str:
        """What this run did, in one sentence."""
        ...


class FreeWork(Protocol):
    """A task's work that needs none of this host's networks: a worker does it, or nobody has to look. A worker's raises
    HandedOverError when the rest comes by itself, and WorkerGoneError."""

    def run(self, control: JobControl) -> Mapping[str, object]:
        """As `Work.run`."""
        ...

    def told(self) -> str: ...


class Task:
    """One run: its row, its place in Stash's queue, and how it gives way."""

    def __init__(self, bench: Bench, what: JobRequest, operation: str) -> None:
        self.bench, self._what, self._operation = bench, what, operation

    def run(self, here: Callable[[Claim], Work], there: Callable[[Claim, Link], FreeWork]) -> str:
        """Do the work of the job that an earlier run left unfinished, or of a new one; the closing line. `there` where a worker
        does it; `here` where there is none, or where it stops in the middle and this host may and can go on."""
        return self._begun(lambda claim: self._somewhere(claim, here, there))

    def run_free(self, work_of: Callable[[Claim], FreeWork]) -> str:
        """As `run`, where nobody has to look at anything."""
        return self._begun(lambda claim: self._free(claim, work_of(claim)))

    def _begun(self, do: Callable[[Claim], str]) -> str:
        settle(self.bench)
        take_in(self.bench)
        ring(self.bench)
        named = self.bench.request.optional_text("job")
        claim = self.bench.ledger.claim(named or self.bench.ledger.submit(self._what, reuse=True).job.job_id)
        if claim is None:
            return closing(self.bench.request, f"{self._what.name}: that is at work already, or over.")
        # Why it waited, or was interrupted, is over.
        self.bench.ledger.heartbeat(claim, message="")
        try:
            return do(claim)
        except Exception as error:  # recorded, so that our page tells it, and raised again
            keep_failure(self.bench, claim, error)
            raise

    def _somewhere(self, claim: Claim, here: Callable[[Claim], Work], there: Callable[[Claim, Link], FreeWork]) -> str:
        link = worker_of(self.bench)
        if link is not None:
            try:
                return self._free(claim, there(claim, link))
            except WorkerGoneError as error:
                if not self.bench.may_fall_back:
                    raise
                self.bench.request.log.warning(f"{error.message} This Stash goes on by itself.")
                self.bench.require_local()
        local = here(claim)
        return self._guarded(claim, local, lambda: self._here(claim, local))

    def _free(self, claim: Claim, work: FreeWork) -> str:
        return self._guarded(claim, work, lambda: self._there(claim, work))

    def _here(self, claim: Claim, work: Work) -> Mapping[str, object]:
        bench = self.bench
        with inference_lock(bench.request) as lock:
            control = Turns(claim.job.job_id, bench.clock, lock)
            with watched(bench, claim, control, Place(bench, claim.job.job_id)):
                return work.run(bench.context(control))

    def _there(self, claim: Claim, work: FreeWork) -> Mapping[str, object]:
        control = JobControl(claim.job.job_id, self.bench.clock)
        with watched(self.bench, claim, control, Place(self.bench, claim.job.job_id)):
            return work.run(control)

    def _guarded(self, claim: Claim, work: Work | FreeWork, run: Callable[[], Mapping[str, object]]) -> str:
        """Whatever ends the work without a fault is in the row and in one closing line."""
        bench = self.bench
        try:
            summary = run()
        except HandedOverError as error:
            bench.ledger.hand_over(claim, "worker", error.said.kept)
            return closing(bench.request, error.message)
        except Paused:
            return self._give_way(claim, work.told())
        except LeaseLost as error:
            return closing(bench.request, str(error))
        except Cancelled as error:
            bench.ledger.finish(claim, "cancelled", reason=error.message)
            return closing(bench.request, f"Stopped: {error.message}. {work.told()}")
        bench.ledger.finish(claim, "completed", summary=dict(summary))
        return closing(bench.request, work.told())

    def _give_way(self, claim: Claim, did: str) -> str:
        """Put the row back and queue the rest behind whoever waits."""
        self.bench.ledger.release(claim, _WAITS.kept)
        queue_again(self.bench, claim.job, {"op": self._operation})
        return closing(self.bench.request, f"{did} Another job of Stash's is waiting: the rest goes on after it.")


def closing(request: Request, text: str) -> str:
    request.log.info(text)
    return text

"""One run of one job: a thread that lists units, threads that do them, and the caller's thread, which records and watches."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ..errors import Paused, StashAIError, StorageBusyError, UnitDeadline
from ..tracking.ledger import Ledger
from ..tracking.records import Claim, Outcome
from .announcing import Announcer
from .attempts import UnitWork, persistently
from .base import Processor
from .context import Context
from .control import JobControl, Running
from .hands import Hands
from .heart import Heart
from .pool import Done, UnitPool

GROUP_SECONDS = 0.05
"""Units that end within this of each other are recorded in one transaction."""
GROUP_SIZE = 256
GRACE = 2.0
"""Seconds past its deadline that a unit gets to notice it."""
POISON = 3
"""So many processes that ended while at work on a unit make it an error."""
SAVE_TRIES = 3
TICK = 0.1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `planned` units have rows; `partial` is how many units' worth is done of those at work; `counted` says that no
    further units come. `last` is the unit that just ended."""

    done: int
    planned: int
    partial: float
    counted: bool
    message: str = ""
    last: Outcome | None = None

    @property
    def percentage(self) -> float:
        return min(100.0, 100.0 * (self.done + self.partial) / self.planned) if self.planned else 0.0


class JobSession:
    """Made for one claim, run once."""

    def __init__(
        self,
        ledger: Ledger,
        claim: Claim,
        control: JobControl,
        processor: Processor[Any, Any],
        hands: Hands,
        params: BaseModel,
        ctx: Context,
        *,
        cores: int,
        seconds: float | None,
        watcher: Callable[[Progress], None] | None,
    ) -> None:
        self._ledger = ledger
        self._claim = claim
        self._control = control
        self.processor = processor
        self._hands = hands
        self.params = params
        self.ctx = ctx
        self._watcher = watcher
        self._clock = ledger.clock
        self._began = self._clock.monotonic()
        self._pause_at = None if seconds is None else self._began + seconds
        self._events: queue.SimpleQueue[Done[Outcome] | None] = queue.SimpleQueue()
        self._work = UnitWork(processor, hands, params, ctx, control)
        self._pool = UnitPool[Outcome](cores, self._attempt, self._events.put, ledger.database.release)
        self._announcer = Announcer(ledger, claim)
        self._heart = Heart(ledger, claim, control, self._announcer, self._state)
        self._listed = threading.Event()
        self._planned = 0
        self._done = claim.job.tests_completed
        self._unsaved: list[Outcome] = []
        self._oldest_unsaved = 0.0
        self._cautious = claim.job.strikes > 0

    def run(self) -> None:
        """Until every unit has its row, or the control says stop."""
        self._control.hear(self._ledger.signal(self._claim))
        threading.Thread(target=self._list_units, name="stashai-units", daemon=True).start()
        while self._control.why is None and not self._finished():
            self._collect(self._patience())
            self._look_after()
        self._flush()

    def close(self) -> None:
        """Let the threads end; until then the lease is prolonged."""
        self._heart.stop()
        self._pool.close()

    def settle(self, seconds: float) -> None:
        """After a stop: wait a little for units at work and record those that ended. Nobody is told: the watcher may be what
        failed."""
        self._watcher = None
        self._pool.join(seconds)
        while not self._events.empty():
            self._note(self._events.get())
        self._flush()

    # The caller's thread

    def _finished(self) -> bool:
        return self._listed.is_set() and self._pool.outstanding == 0 and self._events.empty()

    def _patience(self) -> float:
        if not self._unsaved:
            return TICK
        return max(0.0, self._oldest_unsaved + GROUP_SECONDS - self._clock.monotonic())

    def _collect(self, patience: float) -> None:
        try:
            self._note(self._events.get(timeout=patience) if patience > 0 else self._events.get_nowait())
        except queue.Empty:
            self._tell(None)
        if len(self._unsaved) >= GROUP_SIZE or (self._unsaved and self._patience() <= 0) or self._finished():
            self._flush()

    def _note(self, done: Done[Outcome] | None) -> None:
        if done is not None:
            self._control.counted(done.running)
            self._announcer.ended(done.running)
        if done is None or done.value is None:
            return
        if not self._unsaved:
            self._oldest_unsaved = self._clock.monotonic()
        self._unsaved.append(done.value)
        self._done += 1
        self._tell(done.value)

    def _tell(self, last: Outcome | None) -> None:
        if self._watcher is not None:
            self._watcher(self._progress(last))

    def _progress(self, last: Outcome | None = None) -> Progress:
        planned = max(self._planned, self._claim.job.total_tests_planned, self._done)
        return Progress(self._done, planned, self._control.partial, self._listed.is_set(), self._control.message, last)

    def _flush(self) -> None:
        if not self._unsaved:
            return
        outcomes, planned = self._unsaved, self._progress().planned

        def save() -> None:
            signal = self._ledger.checkpoint(
                self._claim, outcomes, planned=planned, in_flight=self._in_flight(), message=self._control.message or None
            )
            self._control.hear(signal)

        persistently(save, lambda: None, self._clock.sleep, SAVE_TRIES)
        self._unsaved = []

    def _look_after(self) -> None:
        now = self._clock.monotonic()
        if now - self._began > 5 * TICK:
            self._heart.start()
        if self._pause_at is not None and now >= self._pause_at and not self._finished():
            self._control.stop(Paused("the time of this step is over"))
        limit = self._claim.job.timeout
        if limit is not None and now - self._began > limit:
            self._control.stop(StashAIError(f"It took longer than {limit:.0f} seconds.", code="timeout"))
        for running in self._pool.running:
            if running.deadline and now > running.deadline + GRACE and self._pool.abandon(running):
                self._note(Done(running, self._stuck(running)))

    def _stuck(self, running: Running) -> Outcome:
        late = UnitDeadline(f"It did not come back within {running.deadline - running.began:.0f} seconds.")
        log.error("%s: unit %s is stuck; its thread is left alone", self.processor.id, running.unit.key)
        return self._work.failed(running, late.code, late.message)

    def _state(self) -> tuple[list[str], float, str]:
        return self._in_flight(), self._progress().percentage, self._control.message

    def _in_flight(self) -> list[str]:
        return [running.unit.key for running in self._pool.running]

    # The thread that lists units

    def _list_units(self) -> None:
        try:
            self._hands.load(self.processor, self.params, self.ctx)
            for sequence, unit in enumerate(self.processor.units(self.params, self.ctx)):
                if self._stopped():
                    return
                self._planned = sequence + 1
                if not (self._done_before and self._ledger.is_done(self._claim.job.id, unit.key)):
                    self._offer(Running(unit, sequence))
        except StashAIError as error:
            self._control.stop(error)
        except Exception as error:  # the boundary of this thread: the job ends with it, else it would wait for ever
            log.exception("%s: units of job %s", self.processor.id, self._claim.job.job_id)
            why = StashAIError(f"{type(error).__name__}: {error}", code="unexpected")
            why.__cause__ = error
            self._control.stop(why)
        finally:
            self._listed.set()
            self._events.put(None)
            self._ledger.database.release()

    @property
    def _done_before(self) -> bool:
        return self._claim.job.tests_completed > 0

    def _stopped(self) -> bool:
        return self._control.why is not None

    def _offer(self, running: Running) -> None:
        """Queue a unit; one that processes died of runs alone, so that no other is blamed, and not for ever."""
        ended = self._claim.suspects.get(running.unit.key, 0)
        if ended >= POISON:
            message = f"{ended} processes ended while they worked on it."
            self._events.put(Done(running, self._work.failed(running, "poison", message)))
            return
        if ended:
            self._pool.wait_idle(self._stopped)
        self._announcer.queued(running)
        self._pool.put(running, self._stopped)
        if ended:
            self._pool.wait_idle(self._stopped)

    # The threads that do units

    def _attempt(self, running: Running) -> Outcome | None:
        """After a process that ended without a word, a unit is written down before it is begun: the next time it has a name."""
        if self._cautious and not self._note_in_flight():
            return None
        return self._work(running)

    def _note_in_flight(self) -> bool:
        try:
            self._ledger.heartbeat(self._claim, self._in_flight())
        except StorageBusyError as error:
            log.warning("job %s: %s", self._claim.job.job_id, error)
        except StashAIError as error:
            self._control.stop(error)
            return False
        return True

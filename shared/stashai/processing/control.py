"""How a running job is told to stop, and how far it is: the one object that all its threads share."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..clock import Clock
from ..errors import Cancelled, StashAIError, UnitCancelled, UnitDeadline
from ..text import storable

if TYPE_CHECKING:
    from ..tracking.records import Signal
    from .base import Unit


@dataclass(slots=True, eq=False)
class Running:
    """A unit at work. `began` and `deadline` are monotonic, `started_at` is wall-clock time. `abandoned` is set when the unit
    does not come back after its deadline: whatever it still answers is thrown away."""

    unit: Unit
    sequence: int
    began: float = 0.0
    started_at: float = 0.0
    deadline: float = float("inf")
    retries: int = 0
    abandoned: bool = False


class JobControl:
    """Implements `processing.context.RunControl`. The first reason to stop holds."""

    def __init__(self, job_id: str, clock: Clock) -> None:
        self._job_id = job_id
        self._clock = clock
        self._lock = threading.Lock()
        self._changed = threading.Condition()
        self._why: StashAIError | None = None
        self._unwanted: Mapping[str, str] = {}
        self._mine = threading.local()
        self._fractions: dict[str, float] = {}
        self._message = ""

    @property
    def job_id(self) -> str:
        return self._job_id

    @property
    def why(self) -> StashAIError | None:
        """Why the job is to stop; None while it is to go on."""
        return self._why

    def stop(self, why: StashAIError) -> None:
        with self._changed:
            self._why = self._why or why
            self._changed.notify_all()

    def hear(self, signal: Signal) -> None:
        """Do as the ledger says: stop, or leave out units, those at work included."""
        if signal.cancel:
            self.stop(Cancelled(signal.reason))
            return
        with self._changed:
            self._unwanted = signal.unwanted
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until the job, or this thread's unit, is to stop."""
        running = self._running
        with self._changed:
            self._changed.wait_for(lambda: self._why is not None or (running is not None and self._reason(running) is not None), seconds)

    def check(self) -> None:
        if self._why is not None:
            raise type(self._why)(self._why.message, code=self._why.code, remedy=self._why.remedy, params=self._why.params)
        running = self._running
        if running is None:
            return
        reason = self._reason(running)
        if reason is not None:
            raise UnitCancelled(reason)
        if self._clock.monotonic() > running.deadline:
            raise UnitDeadline(f"It took longer than {running.deadline - running.began:.0f} seconds.")

    @property
    def _running(self) -> Running | None:
        """This thread's unit."""
        running: Running | None = getattr(self._mine, "running", None)
        return running

    def _reason(self, running: Running) -> str | None:
        return self._unwanted.get(storable(running.unit.key)) if self._unwanted else None

    def progress(self, unit_key: str, fraction: float, message: str = "") -> None:
        with self._lock:
            if unit_key in self._fractions:
                self._fractions[unit_key] = min(1.0, max(0.0, fraction))
            self._message = message or self._message

    def advanced(self) -> None:
        """Of use to a control that ends what it controls before the job is done."""

    @property
    def partial(self) -> float:
        """How many units' worth is done of those at work."""
        with self._lock:
            return sum(self._fractions.values())

    @property
    def message(self) -> str:
        return self._message

    @contextmanager
    def working_on(self, running: Running) -> Iterator[None]:
        """For the thread that does the unit: its deadline is what `check` sees."""
        self._mine.running = running
        with self._lock:
            self._fractions[running.unit.key] = 0.0
        try:
            yield
        finally:
            self._mine.running = None
            with self._lock:
                self._fractions[running.unit.key] = 1.0

    def counted(self, running: Running) -> None:
        """The unit is among those that are done from now on: until then it counts here, so that progress never goes back."""
        with self._lock:
            self._fractions.pop(running.unit.key, None)

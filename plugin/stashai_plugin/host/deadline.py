"""When a step is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from stashai.errors import Paused
from stashai.processing.control import JobControl

if TYPE_CHECKING:
    from stashai.clock import Clock

LONGEST = 5.0
"""Seconds within which a step answers."""
BUSY = 3.4
"""Seconds after which it takes up nothing more, however quick the machine is."""
REST = 0.7
"""Seconds of the processor that end a step, at most: the frames at work, who is in what was seen (among tens of thousands of people),
the rows and crops of the answer, the end of the process."""


class Ending(Protocol):
    """What may end a run of a job before the job is done. Asked now and then by the thread that watches the job."""

    @property
    def is_reached(self) -> bool: ...

    @property
    def patience(self) -> float:
        """Seconds after which it is worth asking again."""
        ...


class Step(JobControl):
    """The control of a click's step, and its end: the moment from which a further unit (a frame, an image, a performer, as long as the
    latest of this step were) and the answer would not end in time, on a machine as slow as it was until the work began. But not
    before something was kept: so each step gets on, however slow the machine is. `began` is when the call did, `soon` the seconds
    after which its first answer is due."""

    def __init__(self, job_id: str, clock: Clock, began: float, soon: float = BUSY, spent: Callable[[], float] = time.process_time) -> None:
        super().__init__(job_id, clock)
        # What the start took of the processor was before `began`.
        self._clock_of_step, self._spent, self._began, self._soon = clock, spent, began, soon
        self._kept, self._unit = 0, 0.0
        self.begin()

    def begin(self) -> None:
        """The work begins here: what was before it is no unit of it, and tells how slow the machine is."""
        now = self._clock_of_step.monotonic()
        slowness = max(1.0, (now - self._began) / max(self._spent(), 0.01))
        self._last, self.at = now, self._began + min(self._soon, BUSY, LONGEST - REST * slowness)

    def advanced(self) -> None:
        now = self._clock_of_step.monotonic()
        # What was long ago counts for less and less: the first ones load the networks.
        self._unit, self._last = max(self._unit / 2, now - self._last), now
        self._kept += 1

    def check(self) -> None:
        super().check()
        if self.is_reached:
            raise Paused("This step is over.")
        if not self._kept:
            self._last = self._clock_of_step.monotonic()

    @property
    def is_reached(self) -> bool:
        return self._kept > 0 and self._clock_of_step.monotonic() + self._unit >= self.at

    @property
    def patience(self) -> float:
        return max(0.05, self.at - self._clock_of_step.monotonic())

"""When a step is over."""

from __future__ import annotations

import time
from typing import Protocol


class Ending(Protocol):
    """What may end a run of a job before the job is done. Asked now and then by the thread that watches the job."""

    @property
    def is_reached(self) -> bool: ...

    @property
    def patience(self) -> float:
        """Seconds after which it is worth asking again."""
        ...


class Limit:
    """When a step is over: at a moment of the monotonic clock, but not before it had some of the processor for its work, so
    that each step gets on, however slow or busy the machine is."""

    def __init__(self, at: float) -> None:
        self.at = at
        # Until the work begins nothing is over: a slow start must not eat the step.
        self._worked = float("inf")

    def leave(self, seconds: float) -> None:
        """At least so many seconds of the processor from now."""
        self._worked = time.process_time() + seconds

    @property
    def is_reached(self) -> bool:
        return time.monotonic() >= self.at and time.process_time() >= self._worked

    @property
    def patience(self) -> float:
        return max(0.05, self.at - time.monotonic())

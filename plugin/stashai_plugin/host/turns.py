"""Long work and a person's click take turns at the networks: one process of this host infers at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from stashai.processing.control import JobControl

if TYPE_CHECKING:
    from stashai.clock import Clock
    from stashai.hostlock import HostLock

AGAIN = 0.05
"""Seconds between two tries to get the turn back."""


class Turns(JobControl):
    """The control of long work. Whoever checks it, as all do from frame to frame, waits while somebody urgent is at work."""

    def __init__(self, job_id: str, clock: Clock, lock: HostLock) -> None:
        super().__init__(job_id, clock)
        self._lock_of_host, self._one = lock, threading.Lock()

    def check(self) -> None:
        super().check()
        with self._one:
            if self._lock_of_host.wanted():
                self._lock_of_host.release()
            while self._lock_of_host.wanted() or not self._lock_of_host.acquire():
                super().check()
                self.wait(AGAIN)

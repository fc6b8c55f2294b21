"""The sign of life of a running job: prolongs its lease, and hears of a cancel, a lapsed watch, a takeover.
It also has the rows of units written that come next."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..errors import LeaseLost, StorageBusyError, StorageError
from ..tracking.ledger import Ledger
from ..tracking.records import Claim
from .announcing import Announcer
from .control import JobControl

LISTEN = 0.5
"""Seconds between two looks at the row: a cancel reaches the work within this and the unit's next check."""

log = logging.getLogger(__name__)


class Heart:
    """A thread that beats until it is stopped. `state` answers the units at work, the percentage done and a message."""

    def __init__(
        self, ledger: Ledger, claim: Claim, control: JobControl, announcer: Announcer, state: Callable[[], tuple[list[str], float, str]]
    ) -> None:
        self._ledger = ledger
        self._claim = claim
        self._control = control
        self._announcer = announcer
        self._state = state
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="stashai-heart", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join(5.0)

    def _loop(self) -> None:
        clock = self._ledger.clock
        beaten, told = clock.monotonic(), 0.0
        try:
            while not self._end.is_set():
                percentage = self._state()[1]
                due = clock.monotonic() - beaten
                beat = due >= self._ledger.lease / 4 or (due >= 2 * LISTEN and abs(percentage - told) >= 1.0)
                if self._look(beat) and beat:
                    beaten, told = clock.monotonic(), percentage
                self._end.wait(LISTEN)
        finally:
            self._ledger.database.release()

    def _look(self, beat: bool) -> bool:
        """Whether the row could be reached."""
        try:
            self._announcer.tell()
            signal = self._ledger.heartbeat(self._claim, *self._state()) if beat else self._ledger.signal(self._claim)
        except LeaseLost as error:
            self._control.stop(error)
            return False
        except StorageBusyError as error:
            log.warning("job %s: %s", self._claim.job.job_id, error)
            return False
        except StorageError as error:
            self._control.stop(error)
            return False
        self._control.hear(signal)
        return True

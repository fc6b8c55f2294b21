"""Which units come next, as clients are to see it: each gets its row before it ends, by which it can be asked for and cancelled."""

from __future__ import annotations

import threading

from ..tracking.ledger import Ledger
from ..tracking.records import Claim, Upcoming
from .control import Running

AT_ONCE = 100
"""Rows of one beat at most, those at work and next in line first: units of a millisecond are not slowed down by rows that nobody
could have cancelled."""
NEVER = -1.0


class Announcer:
    """Told of units as they are queued and as they end, by two threads; a third one, which beats, has the rows written.

    A unit that ends between two beats never has a row before its end, so quick ones cost nothing.
    """

    def __init__(self, ledger: Ledger, claim: Claim) -> None:
        self._ledger = ledger
        self._claim = claim
        self._lock = threading.Lock()
        self._ahead: dict[str, Running] = {}
        self._told: dict[str, float | None] = {}
        """By unit, since when it was said to be at work, None for one that waits."""

    def queued(self, running: Running) -> None:
        with self._lock:
            self._ahead[running.unit.key] = running

    def ended(self, running: Running) -> None:
        with self._lock:
            self._ahead.pop(running.unit.key, None)
            self._told.pop(running.unit.key, None)

    def tell(self) -> None:
        """Raises LeaseLost, StorageError."""
        with self._lock:
            ahead = [upcoming(running) for running in self._ahead.values()]
            news = [item for item in ahead if self._told.get(item.unit, NEVER) != item.started_at][:AT_ONCE]
        if not news:
            return
        self._ledger.announce(self._claim, news)
        with self._lock:
            self._told |= {item.unit: item.started_at for item in news if item.unit in self._ahead}


def upcoming(running: Running) -> Upcoming:
    entity = running.unit.entity
    return Upcoming(
        running.unit.key, running.sequence, entity.type, entity.id, entity.path, entity.name, running.started_at or None
    )

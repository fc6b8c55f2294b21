"""What `/health` tells of the ledger and the services, read beside the requests: an answer then costs the event loop no thread
and no query, so that it comes at once while every core infers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread

from stashai.contracts.services import HealthMetrics
from stashai.errors import StorageError

READ_SECONDS = 1.0
STALE_SECONDS = 10.0
"""A reading older than this is none: whatever is asked does not come back."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`at` is monotonic; `problem` is why there are no metrics; `runs` says whether any processor can run here."""

    at: float
    metrics: HealthMetrics | None = None
    problem: str = ""
    runs: bool = False


class Vitals:
    """`read` asks the ledger and the registry; called about once a second, never on the event loop."""

    def __init__(self, read: Callable[[], tuple[HealthMetrics, bool]]) -> None:
        self._read = read
        self._last = Reading(time.monotonic(), problem="The ledger was not read yet.")

    def last(self) -> Reading:
        age = time.monotonic() - self._last.at
        if age > STALE_SECONDS:
            return Reading(self._last.at, problem=f"The ledger has not answered for {age:.0f} seconds.")
        return self._last

    def take(self) -> None:
        """Read once, in the calling thread."""
        try:
            metrics, runs = self._read()
        except StorageError as error:
            self._last = Reading(time.monotonic(), problem=str(error))
        else:
            self._last = Reading(time.monotonic(), metrics, runs=runs)

    async def watch(self) -> None:
        """Until cancelled, with a thread of its own: it must not wait for those that wait for jobs."""
        limiter = CapacityLimiter(1)
        while True:
            await to_thread.run_sync(self.take, limiter=limiter)
            await asyncio.sleep(READ_SECONDS)

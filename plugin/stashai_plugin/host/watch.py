"""Keeps an eye on a running job: its lease, a cancel, the step's end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stashai.errors import Cancelled, LeaseLost, Paused, StashAIError
from stashai.processing.control import JobControl

if TYPE_CHECKING:
    from stashai.tracking.records import Claim

    from .bench import Bench
    from .deadline import Limit

WATCH = 0.5
"""Seconds between two looks at whether the job was cancelled."""
BEAT = 15.0
"""Seconds between two signs of life."""


@contextmanager
def watched(bench: Bench, claim: Claim, limit: Limit | None = None) -> Iterator[JobControl]:
    """The job's control, told to stop by a cancel, by another owner, and (Paused) when `limit` is reached."""
    control = JobControl(claim.job.job_id, bench.clock)
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(bench, claim, control, limit, done), daemon=True, name="watch")
    watch.start()
    try:
        yield control
    finally:
        done.set()
        watch.join(5.0)


def _watch(bench: Bench, claim: Claim, control: JobControl, limit: Limit | None, done: threading.Event) -> None:
    beaten = time.monotonic()
    while not done.wait(_pause(limit)):
        if limit is not None and limit.is_reached:
            control.stop(Paused("This step is over."))
            return
        try:
            if time.monotonic() - beaten > BEAT:
                bench.ledger.heartbeat(claim)
                beaten = time.monotonic()
            signal = bench.ledger.signal(claim)
        except LeaseLost as error:
            control.stop(error)
            return
        except StashAIError as error:
            # The database is busy for a moment; the lease outlives that.
            bench.request.log.warning(str(error))
            continue
        if signal.cancel:
            control.stop(Cancelled(signal.reason))
            return


def _pause(limit: Limit | None) -> float:
    return WATCH if limit is None else max(0.05, min(WATCH, limit.at - time.monotonic()))

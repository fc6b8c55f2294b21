"""Keeps an eye on a running job: its lease, a cancel, the end of this run."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stashai.errors import Cancelled, LeaseLost, Paused, StashAIError, StorageError

if TYPE_CHECKING:
    from stashai.processing.control import JobControl
    from stashai.tracking.records import Claim

    from .bench import Bench
    from .deadline import Ending

WATCH = 0.5
"""Seconds between two looks at whether the job was cancelled, at most."""
BEAT = 15.0
"""Seconds between two signs of life."""


@contextmanager
def watched(bench: Bench, claim: Claim, control: JobControl, ending: Ending) -> Iterator[None]:
    """`control` is told to stop by a cancel, by another owner, by what `ending` raises, and (Paused) when that is reached."""
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(bench, claim, control, ending, done), daemon=True, name="watch")
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join(5.0)


def _watch(bench: Bench, claim: Claim, control: JobControl, ending: Ending, done: threading.Event) -> None:
    beaten = time.monotonic()
    while not done.wait(min(WATCH, ending.patience)):
        try:
            if ending.is_reached:
                raise Paused("This step is over.")
            if time.monotonic() - beaten > BEAT:
                bench.ledger.heartbeat(claim)
                beaten = time.monotonic()
            signal = bench.ledger.signal(claim)
            if signal.cancel:
                raise Cancelled(signal.reason)
        except StorageError as error:
            # The database is busy for a moment; the lease outlives that.
            bench.request.log.warning(str(error))
        except (StashAIError, LeaseLost) as error:
            control.stop(error)
            return

"""What a worker does by itself: put back jobs whose process is gone, ring for those that wait, unload idle networks, sweep."""

from __future__ import annotations

import asyncio
import logging
import time

from anyio import to_thread

from stashai.errors import StashAIError
from stashai.matching.kept import drop_graphs
from stashai.tracking.lent import Lent

from .state import WorkerState

logger = logging.getLogger(__name__)

REAP_SECONDS = 2.0
SWEEP_SECONDS = 600.0
LENT_SECONDS = 3600.0
"""After which what another worker lent for looks is deleted, when nothing was asked for."""


async def keep_up(state: WorkerState) -> None:
    """Until cancelled. The queue may lose everything: whatever waits in the ledger is rung again when the queue is empty."""
    swept = time.monotonic()
    while True:
        await asyncio.sleep(REAP_SECONDS)
        try:
            await to_thread.run_sync(_reap, state)
            if time.monotonic() - swept > SWEEP_SECONDS:
                swept = time.monotonic()
                await to_thread.run_sync(_sweep, state)
        except StashAIError as error:
            logger.warning("The ledger does not answer: %s", error)


def _reap(state: WorkerState) -> None:
    reaped = state.core.ledger.reap()
    for job_id in reaped.failed:
        logger.warning("Job %s failed: too many processes ended while they ran it", job_id)
    empty = state.bell.is_empty()
    for job in state.core.ledger.waiting():
        if empty:
            state.ring(job)
        else:
            state.send_away(job)
    if state.unload_if_idle():
        logger.info("Nothing to do: the networks are unloaded")


def _sweep(state: WorkerState) -> None:
    state.spool.sweep()
    give_back(state, LENT_SECONDS)
    if state.config.retention_days:
        state.core.ledger.clean(state.config.retention_days)


def give_back(state: WorkerState, unused: float) -> None:
    """Delete what another worker lent and asked nothing of for `unused` seconds."""
    lent = Lent(state.core.ledger.database)
    for source in lent.unused(unused):
        state.core.stores.crops.delete(lent.give_back(source))
        drop_graphs(state.core.settings)
        logger.info("What another worker lent is deleted: nothing was asked of it for a while")

"""A worker without its HTTP side, as a process that tests may end at will: ledger, queue, upkeep, nothing else.

    python worker_process.py LEASE_SECONDS     the rest comes from the environment, as a worker's does
"""

from __future__ import annotations

import asyncio
import os
import sys

from stashai_worker.app import open_state
from stashai_worker.config import WorkerConfig
from stashai_worker.state import WorkerState
from stashai_worker.upkeep import keep_up


async def serve(state: WorkerState) -> None:
    state.bell.start()
    print("ready", flush=True)
    parent = os.getppid()
    upkeep = asyncio.create_task(keep_up(state))
    while os.getppid() == parent:
        await asyncio.sleep(1.0)
    upkeep.cancel()
    os._exit(1)


if __name__ == "__main__":
    opened = open_state(WorkerConfig.from_environ())
    opened.core.ledger.lease = float(sys.argv[1])
    asyncio.run(serve(opened))

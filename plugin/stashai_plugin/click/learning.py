"""Learning while a click looks: the first few people at once, the rest by a task that is queued."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stashai.processors.stash_performers import sync

from ..request import PLUGIN_ID

if TYPE_CHECKING:
    from ..engine.base import Engine
    from ..host.bench import Bench
    from ..host.deadline import Limit

LEARN_BATCH = 8
SYNC_AGAIN = 300.0
"""Seconds after which a click asks Stash again for new and changed performers."""
FIRST_LEARNING = 1.2
"""Seconds of the first step that go to learning when nobody is known yet."""
BATCH_TAKES = 0.6
"""Seconds that a batch may take: none is begun later than this before the end."""


def learn_first(bench: Bench, engine: Engine, limit: Limit) -> None:
    """Nobody can be named before somebody is known: look at Stash's performers, and learn the first few."""
    if time.time() - float(bench.mirror.fact("synced") or 0.0) > SYNC_AGAIN:
        # What is begun here is worth finishing: the step's end does not cut it off.
        sync(bench.gateway, bench.mirror, bench.stores, time.time(), lambda: None)
        queue_learning(bench)
    if bench.mirror.progress()[0] == 0:
        _learn(bench, engine, limit, time.monotonic() + FIRST_LEARNING)


def catch_up(bench: Bench, engine: Engine, limit: Limit) -> int:
    """The medium is done with: what is left of the step, a batch at least, goes to learning whom else it might show. How many."""
    return _learn(bench, engine, limit, limit.at)


def _learn(bench: Bench, engine: Engine, limit: Limit, until: float) -> int:
    """Learn waiting performers until that moment; how many."""
    learned = 0
    while is_waiting(bench) and (time.monotonic() < min(until, limit.at - BATCH_TAKES) or not learned):
        waiting = bench.mirror.waiting(LEARN_BATCH)
        learned += sum(1 for _ in engine.learn(waiting))
    return learned


def is_waiting(bench: Bench) -> bool:
    """Whether there are pictures to learn from that were not looked at."""
    return bool(bench.preferences["learn"]["performer_images"] and bench.mirror.waiting(1))


def queue_learning(bench: Bench) -> None:
    """Have Stash run the learning task when there is something to learn and none is queued."""
    waiting = is_waiting(bench)
    known = bench.mirror.fact("learning-job")
    if not waiting or (known and _is_alive(bench, known)):
        return
    job = bench.gateway.run_task(PLUGIN_ID, "StashAI: learning performers' faces", {"op": "task_learn"})
    bench.mirror.note("learning-job", job)


def _is_alive(bench: Bench, stash_job: str) -> bool:
    return any(job.id == stash_job and job.status in ("READY", "RUNNING") for job in bench.gateway.job_queue())

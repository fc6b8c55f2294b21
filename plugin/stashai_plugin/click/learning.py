"""Learning while a click looks: the first few people at once, the rest by a task that is queued."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from stashai.processors.stash_sync import SYNCED, UNDER_WAY, Sync

from ..request import PLUGIN_ID

if TYPE_CHECKING:
    from stashai.stash.mirror import Known

    from ..engine.base import Engine
    from ..host.bench import Bench
    from ..host.deadline import Step

LEARN_BATCH = 8
SYNC_AGAIN = 300.0
"""Seconds after which a click asks Stash again for new and changed performers."""
SYNCING = 0.6
"""Seconds of a step after which no further page of performers is asked for."""
FIRST_LEARNING = 1.2
"""Seconds of the first step that go to learning when nobody is known yet."""


def learn_first(bench: Bench, engine: Engine, step: Step) -> None:
    """Nobody can be named before somebody is known: look at Stash's performers, and learn the first few."""
    _sync(bench)
    if bench.mirror.progress()[0] == 0:
        _learn(bench, engine, step, time.monotonic() + FIRST_LEARNING)


def _sync(bench: Bench) -> None:
    """Ask Stash for new and changed performers, a part of them in each step; the task goes on with the rest meanwhile."""
    performers = Sync(bench.gateway, bench.mirror, bench.stores)
    if not performers.is_under_way and time.time() - float(bench.mirror.fact(SYNCED) or 0.0) <= SYNC_AGAIN:
        return
    end = time.monotonic() + SYNCING
    while performers.step(time.time()) and time.monotonic() < end:
        pass
    queue_learning(bench)


def catch_up(bench: Bench, engine: Engine, step: Step) -> int:
    """The medium is done with: what is left of the step, one performer at least, goes to learning whom else it might show. How many."""
    return _learn(bench, engine, step, float("inf"))


def _learn(bench: Bench, engine: Engine, step: Step, until: float) -> int:
    """Learn waiting performers until that moment; how many."""
    learned = 0
    while (waiting := _waiting(bench)) and (not learned or _has_time(step, until)):
        with closing(engine.learn(waiting)) as learning:
            for _ in learning:
                learned += 1
                step.advanced()
                if not _has_time(step, until):
                    break
    return learned


def _has_time(step: Step, until: float) -> bool:
    return time.monotonic() < until and not step.is_reached


def is_waiting(bench: Bench) -> bool:
    """Whether there are pictures to learn from that were not looked at, or may be."""
    return bool(_waiting(bench)) or bench.mirror.fact(UNDER_WAY) is not None


def _waiting(bench: Bench) -> list[Known]:
    """The next performers to learn from."""
    return bench.mirror.waiting(LEARN_BATCH) if bench.preferences["learn"]["performer_images"] else []


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

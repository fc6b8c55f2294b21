"""Learn my performers' faces: pictures first, then what else the settings allow, then the second model."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from stashai.processors.embeddings import complete
from stashai.processors.stash_learn import learn_batch
from stashai.processors.stash_performers import sync
from stashai.tracking.records import JobRequest

from ..host.bench import Bench, inference_lock
from ..host.watch import watched
from ..request import Request
from .more_faces import learn_more
from .setting_up import ready
from .task import Task, closing, guarded, take

if TYPE_CHECKING:
    from stashai.hostlock import HostLock
    from stashai.processing.context import Context
    from stashai.tracking.records import Claim

LEARN_BATCH = 32


def learn(request: Request) -> str:
    """Learn from performers' pictures, favourites first; afterwards only what changed."""
    ready(request)
    bench = Bench(request)
    task = Task(bench, JobRequest("stash.learn", "facial_recognition", name="Learn my performers' faces"), "task_learn")
    claim = task.claim()
    if claim is None:
        return closing(request, "Learning is at work already.")
    return guarded(bench, claim, lambda: _learn(task, claim))


def _learn(task: Task, claim: Claim) -> str:
    bench, log = task.bench, task.bench.request.log
    counts: dict[str, int] = {}
    with watched(bench, claim) as control, inference_lock(bench.request) as lock:
        ctx = bench.context(control)
        sync(bench.gateway, bench.mirror, ctx.stores.people, bench.clock.now(), ctx.check)
        _, total = bench.mirror.progress()
        while waiting := bench.mirror.waiting(LEARN_BATCH):
            take(lock, control)
            for learned in learn_batch(waiting, bench.gateway, bench.mirror, ctx):
                counts[learned.outcome] = counts.get(learned.outcome, 0) + 1
            done = bench.mirror.progress()[0]
            bench.ledger.heartbeat(claim, progress=100.0 * done / max(1, total), message=f"{done:,} of {total:,}")
            log.progress(done / max(1, total))
            lock.yield_to_wish()
            if bench.mirror.waiting(1) and task.must_give_way():
                return task.give_way(claim, _learned_text(counts))
        text = _learned_text(counts)
        take(lock, control)
        learn_more(bench, ctx)
        if not _second_opinions(task, claim, ctx, lock):
            return task.give_way(claim, text)
    bench.ledger.finish(claim, "completed", summary={"pictures": counts})
    return closing(bench.request, text)


def _second_opinions(task: Task, claim: Claim, ctx: Context, lock: HostLock) -> bool:
    """The other installed models look at the kept crops of all references, so that they can be asked; False to give way."""
    bench = task.bench
    models = [model for model in bench.vision.installed_embedders if model != bench.vision.primary]
    lacking = [r for r in bench.stores.people.references() if r.usable and any(m not in r.embeddings for m in models)]
    with ThreadPoolExecutor(bench.settings.cores) as pool:
        for start in range(0, len(lacking), LEARN_BATCH):
            part = lacking[start : start + LEARN_BATCH]
            shares = [part[i :: bench.settings.cores] for i in range(bench.settings.cores)]
            list(pool.map(lambda share: complete(share, models, ctx), shares))
            bench.ledger.heartbeat(claim, message=f"second model: {start + len(part):,} of {len(lacking):,}")
            bench.request.log.progress((start + len(part)) / len(lacking))
            lock.yield_to_wish()
            if start + len(part) < len(lacking) and task.must_give_way():
                return False
    return True


def _learned_text(counts: dict[str, int]) -> str:
    looked, learned = sum(counts.values()), counts.get("enrolled", 0)
    rest = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items()) if outcome != "enrolled")
    return f"Looked at {looked:,} pictures: learned {learned:,}{f' ({rest})' if rest else ''}."

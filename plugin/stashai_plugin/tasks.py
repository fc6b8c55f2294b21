"""Stash's tasks: libraries and selections, learning, adding at the limit, and the check. Stash runs one job at a time, so a task
that sees another one waiting finishes its unit, queues itself again and returns; its true outcome is in the ledger."""

from __future__ import annotations

import importlib
import json
import time
from typing import TYPE_CHECKING, Any

from stashai.errors import Cancelled, LeaseLost, SetupError, StashAIError, UsageError
from stashai.mode import activate

from .request import PLUGIN_ID, Request
from .setup import SetupNeededError, is_ready, launch, status, was_accepted

if TYPE_CHECKING:
    from stashai.tracking.records import Claim, JobRequest

    from .host import Bench

POLL = 2.0
"""Seconds between two looks at how the set-up goes."""
LOOK_AT_QUEUE = 3.0
"""Seconds between two looks at Stash's queue."""
Json = dict[str, Any]


def set_up(request: Request) -> str:
    """Set everything up and wait for it, with progress."""
    if is_ready(request):
        return _closing(request, "StashAI is set up.")
    launch(request)
    while True:
        now = status(request)
        request.log.progress(now["fraction"])
        if now["state"] == "done":
            return _closing(request, f"StashAI is set up in {request.data}.")
        if now["state"] != "running":
            raise SetupError(now["message"] or "The set-up ended early.", remedy=now["remedy"])
        time.sleep(POLL)


def _ready(request: Request) -> None:
    """Wait for the set-up where it was accepted before; a first one is asked for. Raises SetupNeededError."""
    if is_ready(request):
        return
    if not was_accepted(request):
        raise SetupNeededError("StashAI is not set up yet.", remedy="Run the task Set up.")
    request.log.info("Python or StashAI was updated: its packages are installed again.")
    set_up(request)
    activate(request.data, request.locks)
    importlib.invalidate_caches()


def check(request: Request) -> str:
    """Every part, and in the log what is missing."""
    from .host import Bench
    from .quick import health

    facts = health(request)
    where = facts["where"]
    request.log.info(f"StashAI {facts['version']} on {facts['python']}, {facts['libc']}, {facts['arch']}; data in {facts['data_folder']}")
    request.log.info(f"packages: {facts['runtime']['state']}; runs: {where['mode']} {where['reason']} {where['remedy']}".rstrip())
    for model in facts["models"]:
        request.log.info(f"model {model['id']}: {model['state']}")
    if where["mode"] == "unavailable":
        raise SetupError(where["reason"], remedy=where["remedy"])
    bench = Bench(request)
    server = bench.gateway.server()
    bench.vision.warm()
    done, total = bench.mirror.progress()
    text = f"Stash {server.version} answers, the models load, {facts['people']:,} people are known ({done:,} of {total:,} pictures seen)."
    return _closing(request, f"StashAI is working. {text}")


def _closing(request: Request, text: str) -> str:
    request.log.info(text)
    return text


# work on many --------------------------------------------------------------------------------------------------------


class Task:
    """One run of a task: its row, its place in Stash's queue, and how it gives way."""

    def __init__(self, bench: Bench, what: JobRequest, operation: str) -> None:
        self.bench, self._what, self._operation = bench, what, operation
        self._looked = 0.0

    def claim(self) -> Claim | None:
        """The job that an earlier task left unfinished, or a new one. None when another process is at work on it."""
        named = self.bench.request.optional_text("job")
        job = self.bench.ledger.job(named) if named else None
        job = job if job is not None and not job.ended else self.bench.ledger.submit(self._what, reuse=True).job
        claim = self.bench.ledger.claim(job.job_id)
        if claim is not None:
            self._note_stash_job(job.job_id)
        return claim

    def _note_stash_job(self, job_id: str) -> None:
        """Stash runs one job at a time: the running one is this process."""
        running = next((job.id for job in self.bench.gateway.job_queue() if job.status == "RUNNING"), None)
        self.bench.mirror.note(f"stash-job:{job_id}", running)

    def must_give_way(self) -> bool:
        """Whether another of Stash's jobs waits behind us. Asks now and then."""
        if time.monotonic() - self._looked < LOOK_AT_QUEUE:
            return False
        self._looked = time.monotonic()
        self.bench.gateway.keep_alive()
        return any(job.status == "READY" and not _is_ours(job.description) for job in self.bench.gateway.job_queue())

    def give_way(self, claim: Claim, did: str) -> str:
        """Put the row back and queue the rest behind whoever waits."""
        self.bench.ledger.release(claim, "waiting for other jobs of Stash's")
        arguments = {"op": self._operation, "job": claim.job.job_id}
        queued = self.bench.gateway.run_task(PLUGIN_ID, f"{_MARK}{claim.job.job_name}", arguments)
        self.bench.mirror.note(f"stash-job:{claim.job.job_id}", queued)
        return _closing(self.bench.request, f"{did} Another job of Stash's is waiting: the rest goes on after it.")


_MARK = "StashAI: "


def _is_ours(description: str) -> bool:
    return _MARK in description


def learn(request: Request) -> str:
    """Learn from performers' pictures, favourites first; afterwards only what changed."""
    _ready(request)
    from stashai.tracking.records import JobRequest

    from .host import Bench

    bench = Bench(request)
    task = Task(bench, JobRequest("stash.learn", "facial_recognition", name="Learn my performers' faces"), "task_learn")
    claim = task.claim()
    if claim is None:
        return _closing(request, "Learning is at work already.")
    return _guarded(bench, claim, lambda: _learn(task, claim))


def _learn(task: Task, claim: Claim) -> str:
    from stashai.processors.stash_learn import learn_batch, sync

    from .host import inference_lock

    bench, log = task.bench, task.bench.request.log
    counts: dict[str, int] = {}
    with bench.control(claim) as control, inference_lock(bench.request) as lock:
        ctx = bench.context(control)
        sync(bench.gateway, bench.mirror, ctx)
        _, total = bench.mirror.progress()
        while waiting := bench.mirror.waiting(LEARN_BATCH):
            _take(lock, control)
            for learned in learn_batch(waiting, bench.gateway, bench.mirror, ctx):
                counts[learned.outcome] = counts.get(learned.outcome, 0) + 1
            done = bench.mirror.progress()[0]
            bench.ledger.heartbeat(claim, progress=100.0 * done / max(1, total), message=f"{done:,} of {total:,}")
            log.progress(done / max(1, total))
            lock.yield_to_wish()
            if bench.mirror.waiting(1) and task.must_give_way():
                return task.give_way(claim, _learned_text(counts))
        text = _learned_text(counts)
        _take(lock, control)
        _more_references(bench, ctx)
        if not _second_opinions(task, claim, ctx, lock):
            return task.give_way(claim, text)
    bench.ledger.finish(claim, "completed", summary={"pictures": counts})
    return _closing(bench.request, text)


LEARN_BATCH = 32


def _more_references(bench: Bench, ctx: Any) -> None:
    """What the settings allow beyond performers' own pictures."""
    from .more_faces import learn_more

    learn_more(bench, ctx)


def _second_opinions(task: Task, claim: Claim, ctx: Any, lock: Any) -> bool:
    """The other installed models look at the kept crops of all references, so that they can be asked; False to give way."""
    from concurrent.futures import ThreadPoolExecutor

    from stashai.processors.embeddings import complete

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


def _take(lock: Any, control: Any) -> None:
    """The right to infer; a click that has it ends within seconds."""
    while not lock.acquire(timeout=1.0):
        control.check()


def identify(request: Request) -> str:
    """Look at a library or a selection; writes nothing to Stash."""
    _ready(request)
    from .host import Bench
    from .library import Library, job_request

    bench = Bench(request)
    named = request.optional_text("job")
    known = bench.ledger.job(named) if named else None
    what = job_request(request) if known is None else None
    if what is None and known is not None:
        from stashai.tracking.records import JobRequest

        what = JobRequest(known.processor, known.action_type, known.job_config, known.job_name)
    if what is None:
        raise UsageError("There is nothing to look at.")
    task = Task(bench, what, "task_identify")
    claim = task.claim()
    if claim is None:
        return _closing(request, "That is at work already.")
    return _guarded(bench, claim, lambda: Library(task, claim).run())


def arrivals(request: Request) -> str:
    """What the hooks of StashAI automatic told: learn changed performers, look at new items, add at the limit when there is one."""
    _ready(request)
    from .host import Bench

    bench = Bench(request)
    noted = bench.mirror.arrivals()
    done: list[str] = []
    if any("performer" in kind for kind, _ in noted):
        done.append(learn(request))
    for kind in ("scene", "image", "gallery"):
        ids = [number for known, number in noted if known == kind]
        if ids:
            arguments = {"op": "task_identify", "type": kind, "ids_json": json.dumps(ids)}
            done.append(identify(Request(arguments, request.connection, request.plugin_dir, request.log)))
    bench.mirror.served(noted)
    if bench.preferences["auto_from"] is not None and len(done):
        done.append(apply_at_limit(request))
    return " ".join(done) or _closing(request, "Nothing is new.")


def apply_at_limit(request: Request) -> str:
    """Add the names found so far that reach the limit of the settings. Refuses when no limit is set."""
    _ready(request)
    from .host import Bench
    from .limit import add_at_limit

    return _closing(request, add_at_limit(Bench(request)))


def _guarded(bench: Bench, claim: Claim, work: Any) -> str:
    """Run the work of a claim; whatever ends it is in the row and in one closing line."""
    try:
        return str(work())
    except LeaseLost as error:
        return _closing(bench.request, str(error))
    except Cancelled as error:
        bench.ledger.finish(claim, "cancelled", reason=error.message)
        return _closing(bench.request, f"Stopped: {error.message}.")
    except SetupNeededError:
        bench.ledger.release(claim, "not set up")
        raise
    except StashAIError as error:
        if error.code in ("stash-unreachable", "stash-login"):
            # Stash stopped under us: what is done is kept, the next run goes on.
            bench.ledger.release(claim, f"interrupted: {error.message}")
            raise
        bench.ledger.finish(claim, "failed", error=(error.code, error.message, error.remedy))
        raise
    except Exception as error:
        bench.ledger.finish(claim, "failed", error=("internal", f"{type(error).__name__}: {error}", ""))
        raise

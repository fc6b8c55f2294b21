"""A click: a chain of short steps on one row of the ledger. Each works for seconds, keeps what it saw and says whether there
is more; a closed dialog just stops asking."""

from __future__ import annotations

import json
from typing import Any

from stashai.errors import UsageError

from ..engine.base import HANDED
from ..engine.choosing import worker_of
from ..engine.link import AskAgainError
from ..host.bench import Bench, right_to_infer
from ..looking.reading import CLICK
from ..request import KINDS, Request
from ..rows import pages, shown_job
from ..said import Said
from ..setup.progress import plan
from ..setup.state import SetupNeededError

FIRST = 1.8
"""Seconds after which the first step of a job takes up nothing more: it is short, so that something is seen at once."""
WAIT_FOR_LOCK = 2.0
CROPS_A_PAGE = 60
Json = dict[str, Any]


def identify(request: Request) -> Json | None:
    """The job of this scene, image or gallery: the one that is not ended, or a new one; with what earlier looks came to, so
    that a dialog shows it at once. Nothing is looked at yet."""
    kind, entity_id = request.choice("type", KINDS), request.stash_id("id")
    mode = request.choice("mode", ("auto", "frame"), "auto")
    config: Json = {"type": kind, "id": entity_id, "mode": mode}
    if mode == "frame":
        config["time"] = round(request.number("time", low=0.0, high=1e6), 3)
    try:
        bench = Bench(request)
    except SetupNeededError:
        return {"job": None, "needs": {"setup": plan(request)}}
    job = submit(bench, config, again=request.flag("again"))
    if mode == "frame" or request.flag("again"):
        return job
    return job | {"result": _kept(bench, kind, entity_id)}


def _kept(bench: Bench, kind: str, entity_id: str) -> Json | None:
    """What is known of an item; first that of it which came of a task that a worker does."""
    if bench.mirror.facts(HANDED):
        from ..engine.handed import take_in

        ids = [image.id for image in bench.gateway.gallery_images(entity_id)] if kind == "gallery" else [entity_id]
        take_in(bench, "scene" if kind == "scene" else "image", ids)
    from ..looking.results import kept_result

    return kept_result(bench, kind, entity_id)


def submit(bench: Bench, config: Json, *, again: bool = False) -> Json:
    from stashai.tracking.records import JobRequest

    kind, entity_id = str(config["type"]), str(config["id"])
    entity = bench.gateway.gallery(entity_id) if kind == "gallery" else bench.gateway.item(kind, entity_id)  # type: ignore[arg-type]  # the operation checked it
    if entity is None:
        raise UsageError(
            f"There is no {kind} {entity_id} in Stash.",
            code="not-found",
            remedy="Reload this page.",
            params={"type": kind, "id": entity_id},
        )
    planned = getattr(entity, "image_count", 1)
    name = entity.name or f"{kind} {entity_id}"
    request = JobRequest(
        CLICK, "facial_recognition", json.dumps(config, sort_keys=True), f"Identify: {name}", kind, entity_id, name,
        planned=planned, run_policy="steps",
    )  # fmt: skip
    return shown_job(bench.ledger.submit(request, reuse=not again).job)


def step(request: Request) -> Json:
    """Work on a job for a few seconds: {job, result, more}. `waiting` says why nothing was done."""
    job_id = request.text("job", longest=64)
    link, busy = None, None
    try:
        bench = Bench(request)
        link = worker_of(bench)
    except SetupNeededError:
        return {"job": None, "result": None, "more": False, "needs": {"setup": plan(request)}}
    except AskAgainError as error:
        busy = error
    from ..host.deadline import BUSY
    from .chain import ELSEWHERE, OTHERS, Chain

    job = bench.ledger.job(job_id)
    if job is None or job.processor != CLICK:
        raise UsageError(f"There is no job {job_id}.", code="unknown-job")
    chain = Chain(bench, link, FIRST if job.started_at is None else BUSY)
    if busy:
        return chain.waiting(job_id, Said(busy.code, busy.message))
    if job.ended:
        return chain.ended(job_id)
    with right_to_infer(request, link is None, WAIT_FOR_LOCK) as may:
        if not may:
            return chain.waiting(job_id, OTHERS)
        claim = bench.ledger.claim(job_id)
        if claim is None:
            return chain.waiting(job_id, ELSEWHERE)
        return chain.run(claim)


def pause(request: Request) -> Json:
    """The dialog was closed. A step that is at work ends by itself; the row waits with all that was seen."""
    bench = Bench(request)
    job = bench.ledger.job(request.text("job", longest=64))
    if job is None:
        raise UsageError("There is no such job.", code="unknown-job")
    return shown_job(job)


def faces(request: Request) -> Json | None:
    """The Result of the newest job of an item, None when it was never looked at."""
    kind, entity_id = request.choice("type", KINDS), request.stash_id("id")
    try:
        bench = Bench(request)
    except SetupNeededError:
        return None
    return _kept(bench, kind, entity_id)


def crops(request: Request) -> Json:
    """Crops of a gallery's people as data URIs by key: those of `keys` (60 at most), or a page of all."""
    from ..looking.findings import findings_of_job
    from ..looking.people_rows import data_uri

    bench = Bench(request)
    found = findings_of_job(bench, request.text("job", longest=64))
    best = [crop for f in found.values() for crop in [*(p.best_crop for p in f.people), *(p.best_crop for p in f.unknown)]]
    keys = list(dict.fromkeys(filter(None, best)))
    wanted = request.arguments.get("keys")
    if isinstance(wanted, list):
        part = [key for key in keys if key in set(map(str, wanted))][:CROPS_A_PAGE]
    else:
        start = (request.page() - 1) * CROPS_A_PAGE
        part = keys[start : start + CROPS_A_PAGE]
    return {"crops": {key: data_uri(bench.stores.crops.get(key)) for key in part}, "pages": pages(len(keys), CROPS_A_PAGE)}

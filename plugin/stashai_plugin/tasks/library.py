"""Who is in the scenes, images or galleries of a library or a selection: one row an item, taken up again where it was left."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from stashai.errors import Cancelled, LeaseLost, StashAIError, UsageError
from stashai.processors.stash_media import medium_of
from stashai.processors.stash_recognition import SteppedRecognition
from stashai.stash.client import StashClient
from stashai.stash.entities import EntityKind, Item
from stashai.tracking.records import JobRequest, Outcome

from ..engine.local import recognition_params
from ..host.bench import inference_lock
from ..host.watch import watched
from ..looking.findings import failed_outcome, outcome_of
from ..looking.reading import findings_of
from ..request import Request
from .task import closing, take

if TYPE_CHECKING:
    from stashai.processing.context import Context
    from stashai.tracking.records import Claim

    from .task import Task

PROCESSOR = "stash.library"
MOST_SELECTED = 100_000
_TITLES = {"scene": "Identify people in scenes", "image": "Identify people in images", "gallery": "Identify people in galleries"}
PICTURES_AT_ONCE = 16
REREAD = 60.0
"""Seconds after which newly learned performers are taken into account."""


def job_request(request: Request) -> JobRequest:
    """The job that a task's arguments ask for."""
    kind = request.choice("type", ("scene", "image", "gallery"))
    config: dict[str, Any] = {"type": kind}
    title = _TITLES[kind]
    if request.optional_text("ids_json"):
        config["ids"] = _ids(request.text("ids_json", longest=4_000_000))
        title = f"{title}: {len(config['ids']):,} selected"
    elif request.flag("missing"):
        config["missing"] = True
        title += " without performers"
    return JobRequest(PROCESSOR, "facial_recognition", json.dumps(config, sort_keys=True), title)


def _ids(text: str) -> list[str]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError("ids_json is no JSON.") from error
    ids = [str(number) for number in value] if isinstance(value, list) else []
    if not ids or len(ids) > MOST_SELECTED or not all(number.isascii() and number.isdigit() for number in ids):
        raise UsageError(f"ids_json must be a list of 1 to {MOST_SELECTED:,} ids.")
    return list(dict.fromkeys(ids))


class Library:
    def __init__(self, task: Task, claim: Claim) -> None:
        self._task, self._claim, self._bench = task, claim, task.bench
        self._config: dict[str, Any] = json.loads(claim.job.job_config)
        self._named = 0
        self._done = 0
        self._failed = 0
        self._recognition: SteppedRecognition | None = None
        self._read = 0.0
        self._mine = threading.local()

    def run(self) -> str:
        """Look at each item that has no row yet. Returns the closing line."""
        bench, claim = self._bench, self._claim
        planned = self._planned()
        bench.request.log.info(f"{claim.job.job_name}: {planned:,} to look at.")
        with watched(bench, claim) as control, inference_lock(bench.request) as lock, ThreadPoolExecutor(self._at_once()) as pool:
            ctx = bench.context(control)
            for batch in self._batches():
                take(lock, control)
                self._recognition = self._who(ctx)
                outcomes = list(pool.map(lambda numbered: self._one(numbered[0], numbered[1], ctx), batch))
                self._keep(outcomes, batch[-1][0], planned)
                lock.yield_to_wish()
                if self._task.must_give_way():
                    return self._task.give_way(claim, self._text())
        bench.ledger.finish(claim, "completed", summary={"named": self._named, "failed": self._failed})
        return closing(bench.request, self._text())

    def _text(self) -> str:
        failed = f", {self._failed:,} could not be read" if self._failed else ""
        return f"Looked at {self._done:,}: somebody known in {self._named:,}{failed}. Nothing was written to Stash."

    def _kind(self) -> EntityKind:
        kind = self._config["type"]
        return "scene" if kind == "scene" else "image" if kind == "image" else "gallery"

    def _planned(self) -> int:
        limit = int(self._bench.preferences["limit"])
        ids = self._config.get("ids")
        known = len(ids) if ids else self._bench.gateway.count(self._kind(), without_performers=bool(self._config.get("missing")))
        return min(known, limit) if limit else known

    def _items(self) -> Iterator[Item]:
        """Scenes and images themselves; of galleries, their images."""
        limit = int(self._bench.preferences["limit"]) or 10**12
        for number, item in enumerate(self._selected()):
            if number >= limit and self._kind() != "gallery":
                return
            yield item

    def _selected(self) -> Iterator[Item]:
        gateway, ids, kind = self._bench.gateway, self._config.get("ids"), self._kind()
        if kind == "gallery":
            for gallery in ids or (found.id for found in gateway.galleries()):
                yield from gateway.gallery_images(gallery)
        elif ids:
            yield from (item for number in ids if (item := gateway.item(kind, number)) is not None)
        else:
            yield from gateway.items(kind, without_performers=bool(self._config.get("missing")))

    def _at_once(self) -> int:
        """Pictures are looked at side by side; the frames of one video keep all cores busy by themselves."""
        return 1 if self._kind() == "scene" else self._bench.settings.cores

    def _batches(self) -> Iterator[list[tuple[int, Item]]]:
        """(number, item) of those without a row, in batches that take seconds."""
        size = 1 if self._kind() == "scene" else PICTURES_AT_ONCE
        waiting: list[tuple[int, Item]] = []
        for number, item in enumerate(self._items()):
            if self._bench.ledger.is_done(self._claim.job.id, item.id):
                continue
            waiting.append((number, item))
            if len(waiting) >= size or (item.file is not None and item.file.is_video):
                yield waiting
                waiting = []
        if waiting:
            yield waiting

    def _one(self, number: int, item: Item, ctx: Context) -> Outcome:
        """One item becomes one row, whatever comes of it. Raises only what ends the task."""
        if self._recognition is None:
            raise RuntimeError("the people are read before the first item")
        started = time.time()
        try:
            medium = medium_of(item, self._gateway(), ctx.stores.observations)
            seen = self._recognition.identify(medium, ctx, lambda fraction: None)
        except (Cancelled, LeaseLost):
            raise
        except StashAIError as error:
            if error.code in ("stash-unreachable", "stash-login", "storage"):
                raise
            return failed_outcome(item, number, error)
        source = "keyframes" if item.file is not None and item.file.is_video else "image"
        findings = findings_of(seen.model_dump(mode="json"), medium.fingerprint, source)
        return outcome_of(item, findings, number, started)

    def _gateway(self) -> StashClient:
        """A connection of this thread's own."""
        if not hasattr(self._mine, "gateway"):
            self._mine.gateway = StashClient(self._bench.gateway.connection.clone())
        client: StashClient = self._mine.gateway
        return client

    def _keep(self, outcomes: list[Outcome], number: int, planned: int) -> None:
        self._done += len(outcomes)
        self._named += sum(outcome.people_found > 0 for outcome in outcomes)
        self._failed += sum(outcome.result == "error" for outcome in outcomes)
        total = max(planned, number + 1) if self._kind() != "gallery" else None
        self._bench.ledger.checkpoint(self._claim, outcomes, planned=total)
        self._bench.request.log.progress((number + 1) / max(1, planned))

    def _who(self, ctx: Context) -> SteppedRecognition:
        """The people to compare with, read again now and then: others may be learning meanwhile."""
        if self._recognition is None or time.monotonic() - self._read > REREAD:
            self._recognition = SteppedRecognition(recognition_params(self._bench), ctx)
            self._read = time.monotonic()
        return self._recognition

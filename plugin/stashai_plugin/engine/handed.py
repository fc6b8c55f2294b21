"""Work of a library that was handed to a worker: what is there, and its results taken in by cursor. They may be taken in by any
later call, twice or after a crash: an item that has its row is left alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stashai.client import WorkerError
from stashai.errors import MediaError, StashAIError
from stashai.ids import new_id
from stashai.tracking.records import ENDED, Outcome

from ..host.queue import queue_again
from ..looking.findings import failed_outcome, outcome_of
from ..said import Said
from .arriving import Arriving
from .base import HANDED
from .link import find_worker
from .sending import Sending

if TYPE_CHECKING:
    from stashai.stash.entities import EntityKind, Item
    from stashai.tracking.records import Claim

    from ..host.bench import Bench
    from .link import Link

LARGEST = 8 << 30
"""Bytes of a video that a task sends whole, when the worker takes as much."""
Json = dict[str, Any]


class HandedOverError(StashAIError):
    """A task ends here: what is left comes by itself. `said` is for the row."""

    def __init__(self, message: str, said: Said) -> None:
        super().__init__(message, code="handed-over")
        self.said = said


def still_there(count: int) -> Said:
    return Said("worker-has", f"The worker has {count:,} still.", {"count": count})


class Handed:
    """What of one job is on the worker: `looks`, each with its cursor and the items whose results are not here yet."""

    def __init__(self, bench: Bench, link: Link, claim: Claim, kind: EntityKind) -> None:
        self._bench, self._link, self._claim = bench, link, claim
        self._kind: EntityKind = "scene" if kind == "scene" else "image"
        self._analysis = str(link.abilities["analysis"])
        self._sending = Sending(bench, link, self._analysis, LARGEST)
        self._arriving = Arriving(bench, self._analysis)
        kept = bench.mirror.fact(HANDED + claim.job.job_id)
        value: Json = json.loads(kept) if kept else {}
        self.looks: list[Json] = value.get("looks", []) if value.get("address") == link.address else []
        self.named = self.failed = self.done = 0

    @property
    def outstanding(self) -> set[str]:
        """Ids of items that the worker has and whose results are not here."""
        return {item for look in self.looks for item in look["items"]}

    def hand(self, items: Sequence[Item], watch: float | None) -> bool:
        """Hand these over; whether bytes were sent. What there is no way to is recorded at once."""
        sendable: list[Item] = []
        for item in items:
            if item.file is None:
                self._record(failed_outcome(item, int(item.id), MediaError(f"This {item.kind} has no file.", code="no-file")))
            else:
                sendable.append(item)
        if not sendable:
            return False
        body, left_out = self._sending.looks(sendable)
        for item, error in left_out:
            self._record(failed_outcome(item, int(item.id), error))
        if not body["items"]:
            return False
        ids = [one["id"] for one in body["items"]]
        body |= {
            "key": new_id(), "watch_seconds": watch,
            "threshold": self._bench.preferences["suggest_from"], "profile": self._link.profile, "name": self._claim.job.job_name,
        }  # fmt: skip
        self.looks.append({"job": self._link.submit(body), "after": 0, "items": ids})
        self._keep()
        return any(one.get("upload") or one.get("sheet") for one in body["items"])

    def collect(self, of: Collection[str] | None = None) -> int:
        """Take in what has come, a page of each look (of those with these items); how many items."""
        before = self.done
        for look in [one for one in self.looks if of is None or not set(of).isdisjoint(one["items"])]:
            try:
                answer = self._link.results(look["job"], {"after": look["after"]})
            except WorkerError as error:
                if error.status != 404:
                    raise
                self.looks.remove(look)
                continue
            for shown in answer["items"]:
                self._take(shown, look)
            look["after"] = answer["cursor"]
            if answer["job"]["status"] in ENDED and not answer["items"]:
                self.looks.remove(look)
        self._keep()
        return self.done - before

    def _take(self, shown: Json, look: Json) -> None:
        item = self._bench.gateway.item(self._kind, shown["unit"])
        found = self._arriving.result(shown)
        look["items"] = [known for known in look["items"] if known != shown["unit"]]
        if item is None:
            return
        if isinstance(found, MediaError):
            if found.code == "no-way-to-media" and not self._sending.was_sent(item):
                # It is without a row still: handed over once more, as bytes.
                self._sending.not_there(item)
                return
            self._record(failed_outcome(item, int(item.id), found))
            return
        outcome = outcome_of(item, found, int(item.id), None)
        self._record(replace(outcome, seconds=float(shown["seconds"] or 0.0)))

    def _record(self, outcome: Outcome) -> None:
        self.done += 1
        self.named += outcome.people_found > 0
        self.failed += outcome.result == "error"
        self._bench.ledger.checkpoint(self._claim, [outcome])

    def cancel(self) -> None:
        """Stop what is at work there; what came stays."""
        cancel_looks(self._link, self.looks)
        self.looks = []
        self._keep()

    def _keep(self) -> None:
        value = json.dumps({"address": self._link.address, "looks": self.looks}) if self.looks else None
        self._bench.mirror.note(HANDED + self._claim.job.job_id, value)


def cancel_looks(link: Link, looks: Iterable[Json]) -> None:
    for look in looks:
        try:
            link.cancel(look["job"])
        except WorkerError:
            # It ended meanwhile, or is not known there any more.
            continue


def cancel_handed(bench: Bench, job_id: str) -> None:
    """A job was stopped on our page: the worker stops, too, when it can be told."""
    kept = bench.mirror.fact(HANDED + job_id)
    if kept is None:
        return
    bench.mirror.note(HANDED + job_id, None)
    try:
        cancel_looks(find_worker(bench), json.loads(kept)["looks"])
    except StashAIError as error:
        bench.request.log.warning(f"The worker was not told to stop: {error.message}")


def take_in(bench: Bench, kind: EntityKind | None = None, items: Collection[str] | None = None) -> None:
    """Results of all jobs that were handed over, or of those items alone, as far as they have come; a job of which the worker has
    nothing any more is gone on with by its task. A worker that does not answer is asked another time."""
    for key in bench.mirror.facts(HANDED):
        job_id = key.removeprefix(HANDED)
        job = bench.ledger.job(job_id)
        if job is None or job.ended:
            bench.mirror.note(key, None)
            continue
        its = "scene" if json.loads(job.job_config)["type"] == "scene" else "image"
        claim = bench.ledger.claim(job_id) if kind in (None, its) else None
        if claim is not None and _take_in(bench, claim, items):
            queue_again(bench, job, {"op": "task_identify"})


def _take_in(bench: Bench, claim: Claim, items: Collection[str] | None) -> bool:
    """Whether the worker has nothing of the job any more."""
    message, over = claim.job.message, False
    try:
        handed = Handed(bench, find_worker(bench), claim, json.loads(claim.job.job_config)["type"])
        handed.collect(items)
        over = not handed.looks
        message = "" if over else still_there(len(handed.outstanding)).kept
    except StashAIError as error:
        message = error.message
    finally:
        bench.ledger.hand_over(claim, "worker", message)
    return over

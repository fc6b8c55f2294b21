"""Who is in the scenes, images or galleries of a library or a selection: one row an item, taken up again where it was left. A video
that was half seen goes on with its next frame: what was seen of it lies in rows, too."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from stashai.errors import Cancelled, LeaseLost, ModelError, SetupError, StashAIError, StorageError
from stashai.processors.stash_media import medium_of
from stashai.processors.stash_recognition import SteppedRecognition

from ..engine.local import recognition_params, source_of
from ..host.bench import Bench
from ..host.failing import INTERRUPTING
from ..host.gateways import Gateways
from ..host.queue import crashes
from ..looking.findings import failed_outcome, outcome_of
from ..looking.reading import findings_of
from .at_limit import add_at_limit
from .wanted import Wanted

if TYPE_CHECKING:
    from stashai.processing.context import Context
    from stashai.stash.entities import Item
    from stashai.tracking.records import Claim, Outcome

PICTURES_AT_ONCE, PIXELS_AT_ONCE = 16, 50_000_000
"""Pictures of a batch, and their pixels together: decoded ones take much memory."""
REREAD = 60.0
"""Seconds after which newly learned performers are taken into account."""
SUSPECT = 2
"""So many processes that ended while they looked at one item, alone the second time, and it is left out."""
ENDING = (Cancelled, LeaseLost, StorageError, SetupError, ModelError)
"""What is not the fault of the item that was just looked at."""


class Library:
    """Implements `task.Work`."""

    def __init__(self, bench: Bench, claim: Claim) -> None:
        self._bench, self._claim = bench, claim
        config = json.loads(claim.job.job_config)
        self._wanted, self._applies = Wanted(bench, config), bool(config.get("apply"))
        self._gateways = Gateways(bench.gateway)
        self._recognition: SteppedRecognition | None = None
        self._read = 0.0
        self._counts: Counter[str] = Counter()
        self._crashes = crashes(bench, claim.job.job_id)

    def run(self, ctx: Context) -> Mapping[str, object]:
        """Look at each item that has no row yet."""
        planned = self._wanted.planned()
        self._bench.request.log.info(f"{self._claim.job.job_name}: {planned:,} to look at.")
        with ThreadPoolExecutor(self._bench.settings.cores) as pool:
            for batch in self._batches():
                ctx.check()
                recognition = self._who(ctx)
                self._bench.ledger.heartbeat(self._claim, [item.id for _, item in batch])
                looks = [pool.submit(self._one, number, item, recognition, ctx) for number, item in batch]
                self._keep(looks, batch[-1][0], planned)
        if self._applies and self._bench.preferences["auto_from"] is not None:
            self._bench.request.log.info(add_at_limit(self._bench, self._claim, ctx.check, everywhere=False))
        return {"named": self._counts["named"], "failed": self._counts["failed"]}

    def told(self) -> str:
        counts = self._counts
        failed = f", {counts['failed']:,} could not be read" if counts["failed"] else ""
        return f"Looked at {counts['done']:,}: somebody known in {counts['named']:,}{failed}. Nothing was written to Stash."

    def _batches(self) -> Iterator[list[tuple[int, Item]]]:
        """(number, item) of those without a row. Pictures are looked at side by side, in batches that take seconds; the frames of
        one video keep all cores busy by themselves, and what a process may have ended at is looked at alone."""
        waiting: list[tuple[int, Item]] = []
        for number, item in enumerate(self._wanted.items()):
            if self._bench.ledger.is_done(self._claim.job.id, item.id):
                continue
            if self._crashes.get(item.id, 0) >= SUSPECT:
                self._keep_rows([failed_outcome(item, number, _ended_processes(item))])
                continue
            alone = item.is_video or item.id in self._crashes
            pixels = sum(picture.pixels for _, picture in waiting) + item.pixels
            if waiting and (alone or len(waiting) >= PICTURES_AT_ONCE or pixels > PIXELS_AT_ONCE):
                yield waiting
                waiting = []
            if alone:
                yield [(number, item)]
            else:
                waiting.append((number, item))
        if waiting:
            yield waiting

    def _one(self, number: int, item: Item, recognition: SteppedRecognition, ctx: Context) -> Outcome:
        """One item becomes one row, whatever comes of it. Raises only what ends the task."""
        started = time.time()
        try:
            medium = medium_of(item, self._gateways.mine(), ctx.stores.observations)
            seen = recognition.identify(medium, ctx, lambda fraction: None)
        except ENDING:
            raise
        except StashAIError as error:
            if error.code in INTERRUPTING:
                raise
            return failed_outcome(item, number, error)
        findings = findings_of(seen.model_dump(mode="json"), medium.fingerprint, source_of(item))
        return outcome_of(item, findings, number, started)

    def _keep(self, looks: Sequence[Future[Outcome]], number: int, planned: int) -> None:
        """The rows of a batch; when the task is to stop in the middle of it, of those that were done with."""
        wait(looks)
        self._keep_rows([look.result() for look in looks if look.exception() is None], max(planned, number + 1))
        for look in looks:
            look.result()
        self._bench.request.log.progress((number + 1) / max(1, planned))

    def _keep_rows(self, outcomes: list[Outcome], planned: int | None = None) -> None:
        self._bench.ledger.checkpoint(self._claim, outcomes, planned=None if self._wanted.kind == "gallery" else planned)
        self._counts["done"] += len(outcomes)
        self._counts["named"] += sum(outcome.people_found > 0 for outcome in outcomes)
        self._counts["failed"] += sum(outcome.result == "error" for outcome in outcomes)

    def _who(self, ctx: Context) -> SteppedRecognition:
        """The people to compare with, read again now and then: others may be learning meanwhile."""
        if self._recognition is None or time.monotonic() - self._read > REREAD:
            self._recognition = SteppedRecognition(recognition_params(self._bench), ctx)
            self._read = time.monotonic()
        return self._recognition


def _ended_processes(item: Item) -> StashAIError:
    return StashAIError(f"The process ended each time that it looked at this {item.kind}.", code="ends-the-process")

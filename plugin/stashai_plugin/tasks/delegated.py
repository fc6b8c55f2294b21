"""A library that a worker looks at: its items are handed over in parts, then the task returns, so that Stash's queue is free, or waits
with progress where the settings say so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from stashai.errors import Cancelled

from ..engine.handed import Handed, HandedOverError, still_there
from ..engine.patience import patiently
from .at_limit import add_at_limit
from .telling import tell
from .wanted import Wanted

if TYPE_CHECKING:
    from stashai.processing.control import JobControl
    from stashai.stash.entities import Item
    from stashai.tracking.records import Claim

    from ..engine.link import Link
    from ..host.bench import Bench

AT_ONCE = 50
MOST_SENT = 100
"""Items whose bytes lie on the worker at one time."""
WATCH = 30.0
"""Seconds after which the worker stops a job that a task waits for when the task is gone."""
POLL = 2.0


class DelegatedLibrary:
    """Implements `task.FreeWork`. `wait`: the task stays until all results are here."""

    def __init__(self, bench: Bench, claim: Claim, link: Link, *, wait: bool) -> None:
        self._bench, self._claim, self._link, self._wait = bench, claim, link, wait
        config = json.loads(claim.job.job_config)
        self._wanted, self._applies = Wanted(bench, config), bool(config.get("apply"))
        self._handed = Handed(bench, link, claim, self._wanted.kind)
        self._planned = 0

    def run(self, control: JobControl) -> Mapping[str, object]:
        """What came by the time that this raises has its rows."""
        self._planned = self._wanted.planned()
        self._bench.request.log.info(f"{self._claim.job.job_name}: {self._planned:,} to look at, on the worker at {self._link.address}.")
        try:
            self._run(control)
        except Cancelled:
            if self._wait:
                self._handed.cancel()
            raise
        if self._applies and self._bench.preferences["auto_from"] is not None:
            self._bench.request.log.info(add_at_limit(self._bench, self._claim, control.check, everywhere=False))
        return {"named": self._handed.named, "failed": self._handed.failed}

    def told(self) -> str:
        handed = self._handed
        failed = f", {handed.failed:,} could not be read" if handed.failed else ""
        return f"The worker looked at {handed.done:,}: somebody known in {handed.named:,}{failed}. Nothing was written to Stash."

    def _run(self, control: JobControl) -> None:
        patiently(control, self._link.send_people)
        self._collect(control)
        while True:
            handed = 0
            for part in self._parts():
                handed += len(part)
                if patiently(control, partial(self._handed.hand, part, WATCH if self._wait else None)):
                    self._until(control, MOST_SENT)
                self._collect(control)
            if not self._wait and self._handed.looks:
                raise self._left()
            self._until(control, 0)
            if not handed:
                return

    def _parts(self) -> Iterator[list[Item]]:
        """Items that have no row and are not on the worker."""
        there = self._handed.outstanding
        part: list[Item] = []
        for item in self._wanted.items():
            if item.id not in there and not self._bench.ledger.is_done(self._claim.job.id, item.id):
                part.append(item)
            if len(part) >= AT_ONCE:
                yield part
                part = []
        if part:
            yield part

    def _until(self, control: JobControl, most: int) -> None:
        """Wait until at most so many items are on the worker."""
        while len(self._handed.outstanding) > most or (not most and self._handed.looks):
            control.wait(POLL)
            self._collect(control)

    def _collect(self, control: JobControl) -> None:
        patiently(control, self._handed.collect)
        tell(self._bench, self._claim, self._bench.ledger.item_count(self._claim.job.job_id, ended=True), self._planned)

    def _left(self) -> HandedOverError:
        """The rest comes by itself."""
        left = len(self._handed.outstanding)
        text = f"{left:,} were handed to the worker at {self._link.address}. StashAI's page shows how far it is."
        return HandedOverError(text, still_there(left))

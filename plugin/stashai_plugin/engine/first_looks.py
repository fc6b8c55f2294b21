"""A worker's first look at tagged media, whose faces teach who somebody is; nobody is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from stashai.errors import Cancelled, MediaError, StashAIError
from stashai.ids import new_id
from stashai.tracking.records import ENDED

from .patience import patiently
from .sending import Sending

if TYPE_CHECKING:
    from stashai.processing.control import JobControl
    from stashai.stash.entities import Item

    from ..host.bench import Bench
    from .arriving import Arriving
    from .link import Link

LARGEST = 512 << 20
"""Bytes of a scene that is sent whole to learn a face; of a larger one that the worker cannot open, the sprite sheet."""
WATCH, WAIT = 60.0, 2.0
Json = dict[str, Any]


class FirstLooks:
    def __init__(self, bench: Bench, link: Link, control: JobControl, arriving: Arriving, analysis: str) -> None:
        self._bench, self._link, self._control, self._arriving = bench, link, control, arriving
        self._sending = Sending(bench, link, analysis, LARGEST)

    def take(self, items: Sequence[Item]) -> Iterator[tuple[Item, str | None]]:
        """As `Engine.first_looks`. Raises what the control says, WorkerGoneError, StashAIError when the worker gave up."""
        body, left_out = patiently(self._control, lambda: self._sending.looks(items))
        yield from ((item, None) for item, _ in left_out)
        if not body["items"]:
            return
        asked = [one | {"first_only": True} for one in body["items"]]
        body |= {"items": asked, "key": new_id(), "watch_seconds": WATCH, "profile": self._link.profile, "name": "Learn from tagged media"}
        job = patiently(self._control, partial(self._link.submit, body))
        elsewhere: list[Item] = []
        try:
            yield from self._results(job, {item.id: item for item in items}, len(asked), elsewhere)
        except Cancelled:
            self._link.cancel(job)
            raise
        if elsewhere:
            yield from self.take(elsewhere)

    def _results(self, job: str, items: dict[str, Item], asked: int, elsewhere: list[Item]) -> Iterator[tuple[Item, str | None]]:
        """Of so many that were asked for; `elsewhere` are those where the worker found another file: to be sent."""
        cursor = 0
        while True:
            answer = patiently(self._control, partial(self._link.results, job, {"after": cursor, "wait": WAIT}))
            for shown in answer["items"]:
                item, found = items[shown["unit"]], self._arriving.result(shown)
                if not isinstance(found, MediaError):
                    yield item, found.fingerprint
                elif found.code == "no-way-to-media" and not self._sending.was_sent(item):
                    self._sending.not_there(item)
                    elsewhere.append(item)
                else:
                    yield item, None
            cursor = answer["cursor"]
            if answer["job"]["status"] in ENDED and not answer["items"]:
                break
        if answer["job"]["status"] != "completed" and answer["job"]["current"] < asked:
            raise StashAIError(str(answer["job"].get("error") or "The worker stopped in the middle."), code="worker-failed")

"""Which performers' tagged media are to be looked at: those of all at first, then of those with whom something was tagged anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stashai.stash.entities import EntityKind
from stashai.stash.mirror import tagged_fact

if TYPE_CHECKING:
    from stashai.stash.mirror import Known

    from ..host.bench import Bench

CURSOR = "tagged-cursor"
OVERLAP = 60.0
"""Seconds before the last look that are looked at again: Stash notes whole seconds, and its clock may differ a little."""
KINDS: tuple[EntityKind, ...] = ("image", "gallery", "scene")
PAGE = 500


class Tagged:
    """`how` says by which settings; others mean that all are looked at again."""

    def __init__(self, bench: Bench, how: str) -> None:
        self._bench, self._how = bench, how

    def waiting(self) -> list[Known]:
        """Them, in the order of their names."""
        mirror, began = self._bench.mirror, self._bench.clock.now()
        since = mirror.fact(CURSOR)
        for kind in KINDS if since else ():
            for performer in self._bench.gateway.tagged_since(kind, str(since)):
                mirror.note(tagged_fact(performer), None)
        mirror.note(CURSOR, datetime.fromtimestamp(began - OVERLAP, UTC).isoformat(timespec="seconds"))
        return [known for known in self._everybody() if mirror.fact(tagged_fact(known.id)) != self._stamp(known)]

    def done(self, performer: Known) -> None:
        self._bench.mirror.note(tagged_fact(performer.id), self._stamp(performer))

    def _stamp(self, performer: Known) -> str:
        return f"{performer.updated_at}|{self._how}"

    def _everybody(self) -> Iterator[Known]:
        offset = 0
        while True:
            total, page = self._bench.mirror.listed("all", "", PAGE, offset)
            yield from page
            offset += PAGE
            if offset >= total:
                return

"""Turns at a gallery's images. In the first each is looked at. While performers are learned beside that, the images are compared
again with all who are known: each time that those are twice as many, and when all are."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .learning import is_waiting

if TYPE_CHECKING:
    from stashai.stash.entities import Item
    from stashai.tracking.records import JobRow

    from ..host.bench import Bench

Numbered = tuple[int, "Item"]


class GalleryTurns:
    """`known` is how many performers were looked at when the turn began; `left` are the ids of its images that are to come, None in the
    first turn: there the job's rows say which were looked at."""

    def __init__(self, bench: Bench, job: JobRow, images: Sequence[Numbered]) -> None:
        self._bench, self._images, self._fact = bench, images, f"turn:{job.job_id}"
        kept = bench.mirror.fact(self._fact)
        turn: dict[str, Any] = json.loads(kept) if kept else {"known": self._known_now, "left": None}
        self._known: int = turn["known"]
        self._is_first = turn["left"] is None
        undone = (image.id for _, image in images if not bench.ledger.is_done(job.id, image.id))
        self._left = set(undone if self._is_first else turn["left"])
        if kept is None:
            self._keep()

    @property
    def _known_now(self) -> int:
        return self._bench.mirror.progress()[0]

    @property
    def waiting(self) -> list[Numbered]:
        """Those of the turn that were not looked at."""
        return [(number, image) for number, image in self._images if image.id in self._left]

    def seen(self, image: Item) -> None:
        self._left.discard(image.id)

    def end(self, learn: Callable[[], int]) -> bool:
        """At the end of a step: whether there is more. When the turn is over, what is left of the step goes to `learn` (how many), and
        another turn begins when it is due."""
        learning = False
        if not self.waiting:
            learned = learn()
            learning = learned > 0 or is_waiting(self._bench)
            self._begin_another(learning)
        more = learning or bool(self.waiting)
        self._keep() if more else self._bench.mirror.note(self._fact, None)
        return more

    def _begin_another(self, learning: bool) -> None:
        now = self._known_now
        if now >= 2 * max(1, self._known) if learning else now != self._known:
            self._known, self._is_first, self._left = now, False, {image.id for _, image in self._images}

    def _keep(self) -> None:
        left = None if self._is_first else sorted(self._left)
        self._bench.mirror.note(self._fact, json.dumps({"known": self._known, "left": left}))

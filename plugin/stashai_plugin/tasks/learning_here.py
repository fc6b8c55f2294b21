"""Learning by this host's own networks: pictures first, then what else the settings allow, then the second model."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from stashai.processors.embeddings import complete
from stashai.processors.stash_learn import ahead, learn_batch
from stashai.processors.stash_sync import sync

from ..engine.local import LocalEngine
from .telling import Tally

if TYPE_CHECKING:
    from stashai.processing.context import Context
    from stashai.tracking.records import Claim

    from ..host.bench import Bench

PICTURES = 512
"""So many at once: the cores run dry between two batches."""
TELL, CROPS = 16, 32
"""Pictures, and kept crops, between two words on how far it is."""


class Learning:
    """Implements `task.Work`."""

    def __init__(self, bench: Bench, claim: Claim) -> None:
        self._bench = bench
        self._tally = Tally(bench, claim)

    def run(self, ctx: Context) -> Mapping[str, object]:
        sync(self._bench.gateway, self._bench.mirror, ctx.stores, self._bench.clock.now(), ctx.check)
        self._pictures(ctx)
        self._tally.more_faces(LocalEngine(self._bench, ctx.control, None), ctx.check)
        self._second_opinions(ctx)
        return self._tally.summary()

    def _pictures(self, ctx: Context) -> None:
        mirror = self._bench.mirror
        _, total = mirror.progress()
        while self._bench.preferences["learn"]["performer_images"] and (waiting := mirror.waiting(PICTURES)):
            ctx.check()
            before = mirror.progress()[0]
            for number, learned in enumerate(learn_batch(waiting, self._bench.gateway, mirror, ctx), 1):
                self._tally.outcomes[learned.outcome] += 1
                if number % TELL == 0 or number == len(waiting):
                    self._tally.pictures(before + number, total)

    def _second_opinions(self, ctx: Context) -> None:
        """The other installed models look at the kept crops of all references, so that they can be asked."""
        vision, cores = self._bench.vision, self._bench.settings.cores
        models = vision.others
        lacking = [r for r in self._bench.stores.people.references() if r.usable and any(m not in r.embeddings for m in models)]
        with ThreadPoolExecutor(cores) as pool:
            # One after the other to whoever is free: no core waits for another one's share.
            for number, _ in enumerate(ahead(pool, lambda one: complete([one], models, ctx), lacking, cores), 1):
                if number % CROPS == 0 or number == len(lacking):
                    ctx.check()
                    self._tally.second_opinions(number, len(lacking))

    def told(self) -> str:
        return self._tally.told()
